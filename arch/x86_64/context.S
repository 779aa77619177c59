/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/context.S: changing from one kernel stack to another. Interrupts are masked by the caller;
 * a new thread begins with them masked. All other registers are saved by the calling convention.
 */
	.text
	.globl arch_call_on_stack
	.type arch_call_on_stack, @function
/* rdi = stack pointer, rsi = function, rdx = argument */
arch_call_on_stack:
	movq %rdi, %rsp
	andq $-16, %rsp
	xorl %ebp, %ebp /* the end of a backtrace */
	movq %rdx, %rdi
	call *%rsi
	ud2
	.size arch_call_on_stack, . - arch_call_on_stack

	.globl arch_context_switch
	.type arch_context_switch, @function
/* rdi = where to leave the old stack pointer, rsi = the new one */
arch_context_switch:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	ret
	.size arch_context_switch, . - arch_context_switch

	.globl arch_switch_to_user
	.type arch_switch_to_user, @function
/* rdi = where to leave the old stack pointer, rsi = the frame; arch_context_switch comes back here */
arch_switch_to_user:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rax
	jmp user_resume
	.size arch_switch_to_user, . - arch_switch_to_user

	.globl arch_context_prepare
	.type arch_context_prepare, @function
/* rdi = stack top, rsi = function, rdx = argument; builds what arch_context_switch pops */
arch_context_prepare:
	andq $-16, %rdi
	leaq -64(%rdi), %rax
	movq $0, (%rax)
	movq $0, 8(%rax)
	movq %rdx, 16(%rax)              /* r13 */
	movq %rsi, 24(%rax)              /* r12 */
	movq $0, 32(%rax)
	movq $0, 40(%rax)                /* rbp: the end of a backtrace */
	movq $context_start, 48(%rax)
	movq $0, 56(%rax)
	ret
	.size arch_context_prepare, . - arch_context_prepare

	.type context_start, @function
context_start:
	andq $-16, %rsp
	movq %r13, %rdi
	call *%r12
	ud2 /* a thread's function must not return */
	.size context_start, . - context_start
	.section .note.GNU-stack, "", @progbits
