/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/step.S: runs exactly one instruction under the dry-run root: loads root and registers, iretq
 * with TF set, and comes back through trap.S with the kernel root loaded again. Interrupts are masked.
 * Behind step_sp lie what the way back needs (trap_frame.h): where the instruction is, and the limits for a `rep`.
 */
#include <amber/percpu.h>
#include "trap_frame.h"

#define STEP_TURNS_MAX 66  /* of a `rep` in one event: interrupts are masked for at most 20,000 instructions */

#define DR6_CLEAR 0xffff0ff0 /* SDM vol. 3, 17.2.3: the reserved bits read as ones */

	.text
	.globl step_run
	.type step_run, @function
/* rdi = frame (TF set, IF clear), rsi = root, rdx = lo, rcx = the last destination that a `rep` may go on to,
 * r8 = where the registers go */
step_run:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushq $STEP_TURNS_MAX
	pushq %rcx
	pushq %rdx
	pushq FRAME_RIP(%rdi)
	movq %gs:PERCPU_STATE, %rax
	movq %rsp, STATE_STEP_SP(%rax)
	movq %r8, STATE_STEP_FRAME(%rax)
	movq %rdi, %rsp
	movq %rsi, %cr3
	jmp trap_restore

/* Back from #DB: kernel root loaded, the registers stored in a frame on the #DB stack. */
	.globl step_stepped
	.type step_stepped, @function
step_stepped:
	movq %gs:PERCPU_STATE, %rbx
	movq STATE_STEP_SP(%rbx), %rdx
	movl $DR6_CLEAR, %eax
	movq %rax, %dr6
	movq STATE_STEP_FRAME(%rbx), %rdi
	movq %rsp, %rsi
	movl $(FRAME_BYTES / 8), %ecx
	rep movsq
	movq %rdx, %rsp
	xorl %eax, %eax
	xorl %edx, %edx
	jmp step_return
	.size step_stepped, . - step_stepped

/* Back from any other exception: kernel root loaded, rsi = vector, rdx = error code; no stack. */
	.globl step_faulted
	.type step_faulted, @function
step_faulted:
	cld
	movq %gs:PERCPU_STATE, %rbx
	movq STATE_STEP_SP(%rbx), %rsp
	leaq 1(%rsi), %rax
	shlq $32, %rdx
	orq %rdx, %rax
	movq %cr2, %rdx
	.size step_faulted, . - step_faulted
step_return:
	addq $STEP_BYTES, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	.size step_run, . - step_run
	.section .note.GNU-stack, "", @progbits
