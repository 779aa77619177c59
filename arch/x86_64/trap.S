/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/trap.S: 256 named vectors and one common tail. Builds a struct trap_frame and calls
 * trap_handle; what comes from user mode goes on in syscall.S. A trap that finds the dry-run root loaded comes
 * from the one instruction that step.S runs: it reloads the kernel root and goes back into step_run. Interrupts
 * are masked (interrupt gates).
 */
#include <amber/percpu.h>
#include "trap_frame.h"
#include "trap_save.h"

#define MSR_GS_BASE 0xc0000101

	.text
/* Every vector pushes what the CPU did not: an error code where there is none, then the vector. */
	.macro TRAP_VECTOR number
	.balign TRAP_VECTOR_BYTES, 0xcc
	.type trap_vector_\number, @function
trap_vector_\number:
	.if \number == VECTOR_NMI
	jmp trap_nmi
	.else
	/* SDM vol. 3, table 6-1: these push an error code. */
	.if !(\number == 8 || (\number >= 10 && \number <= 14) || \number == 17 || \number == 21 || \
	      \number == 29 || \number == 30)
	pushq $0
	.endif
	pushq $\number
	.if \number == VECTOR_DOUBLE_FAULT || (\number >= 10 && \number <= 13)
	jmp trap_of_return
	.else
	jmp trap_common
	.endif
	.endif
	.size trap_vector_\number, . - trap_vector_\number
	.org trap_vector_\number + TRAP_VECTOR_BYTES, 0xcc /* an error, should a vector be longer than its place */
	.endm

	.altmacro
	.balign TRAP_VECTOR_BYTES
	.globl trap_vectors
trap_vectors:
	trap_number = 0
	.rept VECTOR_COUNT
	TRAP_VECTOR %trap_number
	trap_number = trap_number + 1
	.endr
	.noaltmacro
	.balign TRAP_VECTOR_BYTES, 0xcc

/* Touches nothing but its stack and the counter, and never trusts or loads a root. In the event of another CPU's panic this
 * one stops here for good, wherever it was. (A machine check could come as unexpectedly, but CR4.MCE is 0: the CPU shuts down
 * then, SDM vol. 3, 6.15, vector 18.) */
	.type trap_nmi, @function
trap_nmi:
	lock incq trap_nmi_count(%rip)
	cmpl $0, x86_stop_requested(%rip)
	jne 1f
	iretq
	/* User mode, or a system call before its swapgs: the GS base is user mode's, a low address. */
1:	movl $MSR_GS_BASE, %ecx
	rdmsr
	testl %edx, %edx
	js 3f
	swapgs
3:	movq %gs:PERCPU_STATE, %rax
	movb $1, STATE_IS_STOPPED(%rax)
2:	cli
	hlt
	jmp 2b
	.size trap_nmi, . - trap_nmi

/* What the way out to user mode raises if the frame it goes on with was spoilt: behind its swapgs, so the GS base is user
 * mode's. It must come to a panic, and that needs the kernel's. (sysretq has the user's stack by then: a double fault.) */
	.type trap_of_return, @function
trap_of_return:
	testb $3, 24(%rsp) /* CS */
	jnz trap_common
	cmpq $user_iretq, 16(%rsp)
	je 1f
	cmpq $user_sysretq, 16(%rsp)
	jne trap_common
1:	swapgs
	jmp trap_common
	.size trap_of_return, . - trap_of_return

	.type trap_common, @function
trap_common:
	pushq %rax
	testb $3, 32(%rsp) /* CS */
	jnz trap_from_user
	movq %cr3, %rax
	cmpq %gs:PERCPU_DRY_ROOT, %rax
	je trap_in_step
	PUSH_REGISTERS
	cld
	/* In the middle of a user copy: the handler may not touch user memory. */
	testl $RFLAGS_AC, FRAME_RFLAGS(%rsp)
	jnz 2f
1:	movq %rsp, %rdi
	call trap_handle
	.globl trap_restore
	.type trap_restore, @function
/* RSP = a frame: goes on where it says. */
trap_restore:
	POP_REGISTERS
	addq $16, %rsp
	iretq
2:	CLEAR_AC
	jmp 1b
	.size trap_common, . - trap_common

	.globl arch_frame_resume
	.type arch_frame_resume, @function
/* One of user mode: with the big lock, which goes then. */
arch_frame_resume:
	cli
	movq %rdi, %rax
	testb $3, FRAME_CS(%rax)
	jnz user_resume
	movq %rax, %rsp
	jmp trap_restore
	.size arch_frame_resume, . - arch_frame_resume

/* The step's exception. [rsp] = rax, vector, error code, rip … Under the dry-run root a page of the kernel is garbled, so
 * the root comes first; of any other exception than #DB the stack may lie in that page. What is read before: what was just
 * pushed, and for #DB (a stack of its own) what step_run pushed on the story stack. */
	.type trap_in_step, @function
trap_in_step:
	cmpb $VECTOR_DEBUG, 8(%rsp)
	jne 1f
	/* A `rep` that is not through: on with it at once, while it stays in the shadow, so that it is one event. */
	pushq %rbx
	movq %gs:PERCPU_STATE, %rbx
	movq STATE_STEP_SP(%rbx), %rbx
	movq 32(%rsp), %rax
	cmpq STEP_RIP(%rbx), %rax
	jne 2f
	cmpq STEP_LO(%rbx), %rdi
	jb 2f
	cmpq STEP_LAST(%rbx), %rdi
	ja 2f
	decq STEP_TURNS(%rbx)
	jz 2f
	popq %rbx
	popq %rax
	addq $16, %rsp
	iretq
2:	popq %rbx
	movq %gs:PERCPU_KERNEL_ROOT, %rax
	movq %rax, %cr3
	PUSH_REGISTERS
	cld
	jmp step_stepped
1:	movq 8(%rsp), %rsi
	movq 16(%rsp), %rdx
	movq %gs:PERCPU_KERNEL_ROOT, %rax
	movq %rax, %cr3
	jmp step_faulted
	.size trap_in_step, . - trap_in_step

	.bss
	.balign 8
	.globl trap_nmi_count
	.type trap_nmi_count, @object
trap_nmi_count:
	.quad 0
	.size trap_nmi_count, 8
	.section .note.GNU-stack, "", @progbits
