/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/entry.S: from the boot protocol (32-bit, paging off, both protocols alike) to the first C
 * code at image addresses: CPU checks, control registers, boot tables, boot stack. All of it is init
 * memory. Until the jump to `entry_high` the code runs at physical addresses and may use no symbol
 * without PHYS().
 */
#include <amber/layout.h>
#include <amber/percpu.h>
#include "trap_frame.h"

#define IMAGE_PHYS    0x200000
#define PHYS(symbol)  (symbol - (IMAGE_BASE - IMAGE_PHYS))

#define COM1              0x3f8
#define COM1_LINE_STATUS  0x3fd
#define LINE_IDLE         0x20

#define MSR_EFER     0xc0000080
#define EFER_LME     0x100
#define EFER_NXE     0x800
#define MSR_GS_BASE  0xc0000101
#define CR0_VALUE    0x80010033 /* PG, WP, NE, ET, MP, PE */
#define CR4_PAE      0x20
#define CR4_UMIP_BIT 11
#define CR4_SMEP_BIT 20
#define CR4_SMAP_BIT 21

#define BOOT_STACK_BYTES 16384

/* struct hvm_start_info (Xen, PVH); the Multiboot2 structure begins with its size. */
#define PVH_CMDLINE      24
#define CMDLINE_BYTES    1024
#define DEBUG_EXIT_PORT  0xf4
#define DEBUG_EXIT_PANIC 0x12
#define EXIT_DEBUG_BYTES 10

	.section .init.text, "ax"
	.code32
	.globl entry_pvh
	.type entry_pvh, @function
entry_pvh:
	movl $PHYS(entry_to_pvh), %esi
	jmp entry_common
	.size entry_pvh, . - entry_pvh

	.globl entry_multiboot2
	.type entry_multiboot2, @function
entry_multiboot2:
	movl $PHYS(entry_to_multiboot2), %esi
	.size entry_multiboot2, . - entry_multiboot2

/* esi = where to go on in 64-bit mode, ebx = the protocol's structure. */
entry_common:
	cli
	cld
	movl %ebx, %edi
	rdtsc
	.globl bench_boot_to_seal_begin
bench_boot_to_seal_begin: /* executed at its physical address */
	movl %eax, PHYS(entry_instructions)
	movl %edx, PHYS(entry_instructions) + 4

	/* Long mode? */
	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb entry_no_long_mode
	movl $0x80000001, %eax
	cpuid
	btl $29, %edx
	jnc entry_no_long_mode
	/* NXE only if offered: a set reserved bit is #GP. Without NX kernel_main stops (arch_cpu_missing). */
	movl $EFER_LME, %ebp
	btl $20, %edx
	jnc 1f
	orl $EFER_NXE, %ebp
1:
	/* CR4: written absolutely (UEFI leaves bits set), each optional bit only as CPUID offers it. */
	xorl %eax, %eax
	cpuid
	movl $CR4_PAE, %edx
	cmpl $7, %eax
	jb 2f
	movl $7, %eax
	xorl %ecx, %ecx
	cpuid
	movl $CR4_PAE, %edx
	btl $7, %ebx
	jnc 3f
	btsl $CR4_SMEP_BIT, %edx
3:	btl $20, %ebx
	jnc 4f
	btsl $CR4_SMAP_BIT, %edx
4:	btl $2, %ecx
	jnc 2f
	btsl $CR4_UMIP_BIT, %edx
2:	movl %edx, %cr4

	movl $PHYS(boot_root), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl %ebp, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_VALUE, %eax
	movl %eax, %cr0
	lgdtl PHYS(boot_gdt_pointer_low)
	ljmpl $SELECTOR_CODE, $PHYS(entry_low)

/* Says so on the serial line, without anything but ports, and stops for good; QEMU ends if what was handed over
 * has exit=debug anywhere. */
entry_no_long_mode:
	movl %esi, %ebp
	movl $PHYS(no_long_mode_text), %esi
5:	lodsb
	testb %al, %al
	jz 7f
	movb %al, %bl
	movl $COM1_LINE_STATUS, %edx
6:	pause
	inb %dx, %al
	testb $LINE_IDLE, %al
	jz 6b
	movb %bl, %al
	movl $COM1, %edx
	outb %al, %dx
	jmp 5b
7:	movl PVH_CMDLINE(%edi), %edx
	movl $CMDLINE_BYTES, %eax
	cmpl $PHYS(entry_to_pvh), %ebp
	je 8f
	movl %edi, %edx
	movl (%edi), %eax
8:	movl %edx, %esi
	movl $PHYS(exit_debug_text), %edi
	movl $EXIT_DEBUG_BYTES, %ecx
	repe cmpsb
	je 9f
	incl %edx
	decl %eax
	jg 8b
	jmp 10f
9:	movl $DEBUG_EXIT_PANIC, %eax
	movl $DEBUG_EXIT_PORT, %edx
	outl %eax, %dx
10:	cli
	hlt
	jmp 10b

	.code64
entry_low:
	movabsq $entry_high, %rax
	jmpq *%rax

/* esi = continuation (physical), edi = the protocol's structure. */
entry_high:
	lgdt boot_gdt_pointer(%rip)
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	/* Traps look at the per-CPU constants from the first one on: until the real ones there are zeros. */
	movl $MSR_GS_BASE, %ecx
	movq $boot_percpu, %rax
	movq %rax, %rdx
	shrq $32, %rdx
	wrmsr
	movq $boot_stack_top, %rsp
	xorl %ebp, %ebp
	movl %edi, %ebx
	movl %esi, %r12d
	call x86_early
	movl %ebx, %edi
	movq $(IMAGE_BASE - IMAGE_PHYS), %rax
	addq %r12, %rax
	jmpq *%rax

entry_to_pvh:
	call pvh_entry
	ud2
entry_to_multiboot2:
	call multiboot2_entry
	ud2

	.section .init.rodata, "a"
no_long_mode_text:
	.asciz "cpu: needs long mode, stopping\r\n"
exit_debug_text:
	.ascii "exit=debug"
	.balign 8
	.word 0, 0, 0
boot_gdt_pointer:
	.word gdt_end - gdt_start - 1
	.quad x86_gdt
	.balign 8
	.word 0, 0, 0
boot_gdt_pointer_low:
	.word gdt_end - gdt_start - 1
	.long PHYS(x86_gdt)

/* Boot tables: 4 GiB by 2 MiB leaves, at 0, at the direct map, at the window and (the first GiB) at the
 * image. Everything is writable and executable there; kernel_main's own tables end that. */
	.section .init.data, "aw"
	.balign 4096
boot_root:
	.quad PHYS(boot_level3) + 0x23
	.fill 255, 8, 0
	.quad PHYS(boot_level3) + 0x23
	.quad PHYS(boot_level3) + 0x23
	.fill 253, 8, 0
	.quad PHYS(boot_level3_image) + 0x23
boot_level3:
	.quad PHYS(boot_level2) + 0x23
	.quad PHYS(boot_level2) + 0x1023
	.quad PHYS(boot_level2) + 0x2023
	.quad PHYS(boot_level2) + 0x3023
	.fill 508, 8, 0
boot_level3_image:
	.fill 510, 8, 0
	.quad PHYS(boot_level2) + 0x23
	.quad 0
boot_level2:
	boot_frame = 0
	.rept 2048
	.quad boot_frame + 0xe3
	boot_frame = boot_frame + 0x200000
	.endr
boot_stack:
	.fill BOOT_STACK_BYTES, 1, 0
boot_stack_top:
boot_percpu:
	.fill PERCPU_STATE + 8, 1, 0

	.section .data..ro_after_init, "aw"
	.balign 8
	.globl entry_instructions
	.type entry_instructions, @object
entry_instructions:
	.quad 0
	.size entry_instructions, 8

/* The GDT itself stays for good (core class); accessed bits are preset, so that loading a selector never
 * stores into it (SDM vol. 3, 3.4.5.1). TSS descriptors: descriptors.c. */
	.section .data..ro_core, "aw"
	.balign 16
	.globl x86_gdt
	.type x86_gdt, @object
x86_gdt:
gdt_start:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00cff3000000ffff /* user data, then user code: the order that sysret wants (SDM vol. 3, 5.8.8) */
	.quad 0x00affb000000ffff
	.fill 16, 8, 0
gdt_end:
	.size x86_gdt, . - x86_gdt
	.section .note.GNU-stack, "", @progbits
