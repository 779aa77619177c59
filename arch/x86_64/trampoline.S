/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/trampoline.S: a started CPU's way from real mode to C. The first part is copied to a page below 1 MiB
 * (smp.c), where nothing maps it afterwards; the bring-up root maps it at its physical address, executable, and the
 * kernel half. From cpu_entry on everything is read from the core section. SDM vol. 3, 8.4 and 9.8.5.
 */
#include <amber/percpu.h>
#include "trap_frame.h"

#define MSR_EFER       0xc0000080
#define EFER_LME_NXE   0x900
#define MSR_GS_BASE    0xc0000101
#define CR0_VALUE      0x80010033 /* as entry.S: PG, WP, NE, ET, MP, PE */
#define CR4_PAE        0x20
#define LOCAL(symbol)  (symbol - trampoline_start)

	.section .init.rodata, "a"
	.balign 16
	.globl trampoline_start, trampoline_end, trampoline_root, trampoline_base
	.type trampoline_start, @object
	.code16
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl LOCAL(trampoline_gdt_pointer)
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl LOCAL(trampoline_root), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	movl $EFER_LME_NXE, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_VALUE, %eax
	movl %eax, %cr0
	ljmpl *LOCAL(trampoline_far)
	.code64
trampoline_64:
	movabsq $cpu_entry, %rax
	jmpq *%rax

	.balign 8
trampoline_gdt:
	.quad 0
	.quad 0x00af9b000000ffff
trampoline_gdt_pointer:
	.word trampoline_gdt_pointer - trampoline_gdt - 1
trampoline_base: /* three addresses that smp.c completes: the page's own is added to the first two */
	.long LOCAL(trampoline_gdt)
trampoline_far:
	.long LOCAL(trampoline_64)
	.word SELECTOR_CODE
	.balign 4
trampoline_root:
	.long 0
trampoline_end:
	.size trampoline_start, trampoline_end - trampoline_start

	.text
	.globl cpu_entry
	.type cpu_entry, @function
/* Bring-up root loaded, no stack. Who are we? The local APIC's ID says it. */
cpu_entry:
	lgdt cpu_gdt_pointer(%rip)
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	leaq percpu(%rip), %rdi
	movl $CPUS_MAX, %ecx
1:	cmpq $0, PERCPU_SELF(%rdi)
	je 2f
	cmpl %ebx, PERCPU_HARDWARE_ID(%rdi)
	je 3f
2:	addq $PERCPU_BYTES, %rdi
	decl %ecx
	jnz 1b
	cli
	hlt
	/* The boot CPU's CR4: what it found in CPUID (SMEP, SMAP, UMIP). Then the kernel's own tables. */
3:	movq x86_cr4(%rip), %rax
	movq %rax, %cr4
	movq PERCPU_KERNEL_ROOT(%rdi), %rax
	movq %rax, %cr3
	movq %rdi, %rax
	movq %rdi, %rdx
	shrq $32, %rdx
	movl $MSR_GS_BASE, %ecx
	wrmsr
	movq PERCPU_IDLE_SP(%rdi), %rsp
	xorl %ebp, %ebp
	call cpu_main
	ud2
	.size cpu_entry, . - cpu_entry

	.section .rodata, "a"
	.balign 8
	.word 0, 0, 0
cpu_gdt_pointer:
	.word X86_GDT_BYTES - 1
	.quad x86_gdt
	.section .note.GNU-stack, "", @progbits
