/* SPDX-License-Identifier: MIT */
/*
 * boot/multiboot2_header.S: what GRUB looks for in the first 32 KiB of the file (Multiboot2 specification,
 * 3.1). It asks for nothing that a loader may lack: no framebuffer, so that a BIOS stays in text mode.
 */
#include <amber/layout.h>

#define MULTIBOOT2_MAGIC         0xe85250d6
#define MULTIBOOT2_I386          0
#define MULTIBOOT2_TAG_END       0
#define MULTIBOOT2_TAG_REQUEST   1
#define MULTIBOOT2_TAG_ENTRY     3
#define MULTIBOOT2_INFO_MEMORY   6
#define MULTIBOOT2_HEADER_BYTES  (header_end - header_start)
#define IMAGE_PHYS               0x200000

	.section .multiboot2, "a"
	.balign 8
header_start:
	.long MULTIBOOT2_MAGIC
	.long MULTIBOOT2_I386
	.long MULTIBOOT2_HEADER_BYTES
	.long 0x100000000 - (MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + MULTIBOOT2_HEADER_BYTES)

	.balign 8
	.word MULTIBOOT2_TAG_REQUEST, 0
	.long 12
	.long MULTIBOOT2_INFO_MEMORY

	.balign 8
	.word MULTIBOOT2_TAG_ENTRY, 0
	.long 12
	.long entry_multiboot2 - (IMAGE_BASE - IMAGE_PHYS)

	.balign 8
	.word MULTIBOOT2_TAG_END, 0
	.long 8
header_end:
	.section .note.GNU-stack, "", @progbits
