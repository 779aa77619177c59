/* SPDX-License-Identifier: MIT */
/*
 * probes.S: x86_64's probes for `traps`. Registers in the order rax rbx rcx rdx rsi rdi rbp r8 … r15. Each may leave any stack
 * pointer and any flags behind.
 */
#include "../probes.h"

#define RAX  1
#define RBX  2
#define RCX  4
#define RDX  8
#define R11  0x400
#define R14  0x2000
#define SYSCALL_LOSES (RAX | RCX | R11 | R14)
#define SYS_NULL 0

#define KERNEL_DATA   0xffff800000000000 /* the direct map */
#define KERNEL_TEXT   0xffffffff80200000
#define VDSO_DATA     0x7fffffe000
#define NON_CANONICAL 0x8000000000000000

#define FLAGS_FIXED 0x2
#define FLAGS_TF    0x100
#define FLAGS_IF    0x200
#define FLAGS_DF    0x400
#define FLAGS_IOPL  0x3000
#define FLAGS_NT    0x4000
#define FLAGS_AC    0x40000

	.macro ALL_REGISTERS what, array
	number = 0
	.irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	\what \array, %number, \register
	number = number + 1
	.endr
	.endm
	.macro LOAD array, number, register
	movq \array + 8 * \number(%rip), %\register
	.endm
	.macro STORE array, number, register
	movq %\register, \array + 8 * \number(%rip)
	.endm

	.macro PROBE name, fault, lost=0, addr=0
	.pushsection .rodata.str1.1, "aMS", @progbits, 1
1:	.asciz "\name"
	.popsection
	.pushsection .rodata.probes, "a"
	.quad 1b, 2f, 3f, \fault, \addr, \lost
	.popsection
2:
	.endm
	.macro NEXT
3:	jmp probe_done
	.endm
	/* One instruction that is an exception. */
	.macro FORBIDDEN name, instruction:vararg
	PROBE "\name", PROBE_EXCEPTION
	\instruction
	NEXT
	.endm

	.section .rodata.probes, "a"
	.balign 8
	.globl probes
probes:

	.text
	.globl probe_run
	.type probe_run, @function
probe_run:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, stack_pointer(%rip)
	movq PROBE_CODE(%rdi), %rax
	movq %rax, target(%rip)
	.altmacro
	ALL_REGISTERS LOAD, probe_before
	.noaltmacro
	jmpq *target(%rip)
probe_done:
	movq stack_pointer(%rip), %rsp
	pushq $FLAGS_FIXED
	popfq
	.altmacro
	ALL_REGISTERS STORE, probe_after
	.noaltmacro
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.size probe_run, . - probe_run

	/* Exceptions and traps */
	FORBIDDEN "ud2", ud2
	FORBIDDEN "int3", int3
	FORBIDDEN "int 2", int $2
	FORBIDDEN "int 64, the timer's vector", int $64
	FORBIDDEN "int 128", int $128
	FORBIDDEN "int1", .byte 0xf1
	PROBE "division by zero", PROBE_EXCEPTION, RCX
	xorl %ecx, %ecx
	divl %ecx
	NEXT
	PROBE "single steps", PROBE_EXCEPTION | PROBE_REPEATS
	pushq $(FLAGS_TF | FLAGS_FIXED)
	popfq
	nop
	nop
	NEXT

	/* Privileged */
	FORBIDDEN "hlt", hlt
	FORBIDDEN "cli", cli
	FORBIDDEN "sti", sti
	FORBIDDEN "in", inb $0x60, %al
	FORBIDDEN "out", outb %al, $0x80
	FORBIDDEN "rdmsr", rdmsr
	FORBIDDEN "wrmsr", wrmsr
	FORBIDDEN "read of cr0", movq %cr0, %rax
	FORBIDDEN "write of cr0", movq %rax, %cr0
	FORBIDDEN "write of cr3", movq %rax, %cr3
	FORBIDDEN "write of cr4", movq %rax, %cr4
	FORBIDDEN "read of dr7", movq %dr7, %rax
	FORBIDDEN "write of dr0", movq %rax, %dr0
	FORBIDDEN "clts", clts
	FORBIDDEN "lmsw", lmsw %ax
	FORBIDDEN "invd", invd
	FORBIDDEN "wbinvd", wbinvd
	FORBIDDEN "invlpg", invlpg (%rsp)
	FORBIDDEN "lgdt", lgdt (%rsp)
	FORBIDDEN "lidt", lidt (%rsp)
	FORBIDDEN "lldt", lldt %ax
	FORBIDDEN "ltr", ltr %ax
	FORBIDDEN "swapgs", swapgs
	FORBIDDEN "sysretq", sysretq
	FORBIDDEN "sysenter", sysenter
	FORBIDDEN "sysexit", sysexitq
	FORBIDDEN "stac", stac
	FORBIDDEN "rdpmc", rdpmc
	FORBIDDEN "vmcall", vmcall
	FORBIDDEN "wrfsbase", wrfsbase %rax
	FORBIDDEN "wrgsbase", wrgsbase %rax

	/* Registers that nobody saves */
	FORBIDDEN "x87", fld1
	FORBIDDEN "MMX", pxor %mm0, %mm0
	FORBIDDEN "SSE", pxor %xmm0, %xmm0
	FORBIDDEN "fxsave", fxsave (%rsp)
	FORBIDDEN "AVX", vzeroupper
	FORBIDDEN "xgetbv", xgetbv

	/* Segments */
	PROBE "the kernel's stack segment", PROBE_EXCEPTION, RAX
	movl $0x10, %eax
	movl %eax, %ss
	NEXT
	PROBE "the kernel's code segment as data", PROBE_EXCEPTION, RAX
	movl $0x08, %eax
	movl %eax, %ds
	NEXT
	PROBE "a local descriptor table", PROBE_EXCEPTION, RAX
	movl $0x07, %eax
	movl %eax, %fs
	NEXT
	PROBE "a jump to the kernel's code segment", PROBE_EXCEPTION, RAX
	pushq $0x08
	leaq 3f(%rip), %rax
	pushq %rax
	.byte 0x48, 0xff, 0x2c, 0x24 /* rex.w ljmp *(%rsp) */
	NEXT
	/* QEMU 7.2 reads the stack as the kernel would: a page fault where there is SMAP. */
	PROBE "a return to the kernel's code segment", PROBE_ANY, RAX
	movq %rsp, %rax
	pushq $0x10
	pushq %rax
	pushq $FLAGS_FIXED
	pushq $0x08
	leaq 3f(%rip), %rax
	pushq %rax
	iretq
	NEXT
	PROBE "gs has no base", PROBE_READ, SYSCALL_LOSES, 0
	movl $0x1b, %eax
	movl %eax, %gs
	xorl %eax, %eax
	syscall
	movq %gs:0, %rax
	NEXT

	/* Memory */
	PROBE "null is read", PROBE_READ, RAX, 0
	xorl %eax, %eax
	movq (%rax), %rax
	NEXT
	PROBE "kernel data is read", PROBE_READ, RAX, KERNEL_DATA
	movabsq $KERNEL_DATA, %rax
	movq (%rax), %rax
	NEXT
	PROBE "kernel data is written", PROBE_WRITE, RAX, KERNEL_DATA
	movabsq $KERNEL_DATA, %rax
	movq %rax, (%rax)
	NEXT
	/* The image by the direct map, the gate's window and devices, another's devices, a kernel stack. */
	.irp area, 0xffff800000200000, 0xffff808000200000, 0xffff810000000000, 0xffff818000000000, 0xffffc00000007ff8
	PROBE "the kernel's area at \area is read", PROBE_READ, RAX, \area
	movabsq $\area, %rax
	movq (%rax), %rax
	NEXT
	PROBE "the kernel's area at \area is written", PROBE_WRITE, RAX, \area
	movabsq $\area, %rax
	movq %rax, (%rax)
	NEXT
	.endr
	PROBE "kernel text is read", PROBE_READ, RAX, KERNEL_TEXT
	movq $KERNEL_TEXT, %rax
	movb (%rax), %al
	NEXT
	PROBE "kernel text is executed", PROBE_EXECUTE, RAX, KERNEL_TEXT
	movq $KERNEL_TEXT, %rax
	jmpq *%rax
	NEXT
	PROBE "data is executed", PROBE_EXECUTE, RAX, target
	leaq target(%rip), %rax
	jmpq *%rax
	NEXT
	PROBE "code is written", PROBE_WRITE, RAX, probe_run
	leaq probe_run(%rip), %rax
	movq %rax, (%rax)
	NEXT
	PROBE "the vDSO is written", PROBE_WRITE, RAX, VDSO_DATA
	movabsq $VDSO_DATA, %rax
	movq %rax, (%rax)
	NEXT
	PROBE "an address that can't be", PROBE_EXCEPTION, RAX
	movabsq $NON_CANONICAL, %rax
	movq (%rax), %rax
	NEXT

	/* Stack pointers */
	PROBE "a stack that can't be", PROBE_EXCEPTION
	movabsq $NON_CANONICAL, %rsp
	pushq %rax
	NEXT
	PROBE "the kernel's memory as stack", PROBE_WRITE, 0, KERNEL_DATA
	movabsq $KERNEL_DATA + 8, %rsp
	pushq %rax
	NEXT
	PROBE "a trap without a stack", PROBE_EXCEPTION
	xorl %esp, %esp
	ud2
	NEXT
	PROBE "a system call with the kernel's memory as stack", PROBE_NO_FAULT, SYSCALL_LOSES
	movabsq $KERNEL_DATA + 8, %rsp
	movl $SYS_NULL, %eax
	syscall
	movabsq $KERNEL_DATA + 8, %rcx
	cmpq %rcx, %rsp
	jne unexpected
	testl %eax, %eax
	jne unexpected
	NEXT

	/* Flags */
	PROBE "a system call with all flags set", PROBE_NO_FAULT, SYSCALL_LOSES
	pushq $(FLAGS_DF | FLAGS_NT | FLAGS_AC | FLAGS_FIXED)
	popfq
	movl $SYS_NULL, %eax
	syscall
	pushfq
	popq %rax
	andl $(FLAGS_DF | FLAGS_NT | FLAGS_AC | FLAGS_IF), %eax
	cmpl $(FLAGS_DF | FLAGS_NT | FLAGS_AC | FLAGS_IF), %eax
	jne unexpected
	NEXT
	PROBE "a fault with all flags set", PROBE_EXCEPTION
	pushq $(FLAGS_DF | FLAGS_NT | FLAGS_AC | FLAGS_FIXED)
	popfq
	ud2
	NEXT
	PROBE "a system call in single steps", PROBE_EXCEPTION | PROBE_REPEATS, SYSCALL_LOSES
	movl $SYS_NULL, %eax
	pushq $(FLAGS_TF | FLAGS_FIXED)
	popfq
	syscall
	NEXT
	PROBE "interrupts and ports can't be popped", PROBE_NO_FAULT, RAX
	pushq $(FLAGS_IOPL | FLAGS_FIXED)
	popfq
	pushfq
	popq %rax
	andl $(FLAGS_IOPL | FLAGS_IF), %eax
	cmpl $FLAGS_IF, %eax
	jne unexpected
	NEXT
	PROBE "the time-stamp counter", PROBE_NO_FAULT, RAX | RDX
	rdtsc
	NEXT

unexpected:
	ud2

	.section .rodata.probes, "a"
	.globl probes_end
probes_end:

	.bss
	.balign 8
	.globl probe_before, probe_after
probe_before:
	.fill PROBE_REGISTERS, 8, 0
probe_after:
	.fill PROBE_REGISTERS, 8, 0
stack_pointer:
	.quad 0
target:
	.quad 0
	.section .note.GNU-stack, "", @progbits
