/* SPDX-License-Identifier: MIT */
/*
 * linker/x86_64.h: what the x86_64 image has of its own, for linker/amber.ld.S. The ELF file is loaded
 * at its physical addresses (GRUB, QEMU -kernel) and entered there in 32-bit mode without paging.
 */
#define LMA_OFFSET  0xffffffff80000000 /* virtual minus physical address: physical 0x200000 */
#define ENTRY_POINT entry_multiboot2
#define TEXT_FILL   =0xcccccccc /* int3: a jump between functions traps (zeros are an instruction here) */
#define NOT_LIBFDT
#define OUTPUT      OUTPUT_FORMAT("elf64-x86-64") OUTPUT_ARCH(i386:x86-64)
