/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/trap_save.h: for assembly: the general registers of struct trap_frame onto the stack and back. RAX lies there
 * already, and is the last to be popped.
 */
#ifndef AMBER_X86_TRAP_SAVE_H
#define AMBER_X86_TRAP_SAVE_H

	.macro PUSH_REGISTERS
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

	.macro POP_REGISTERS
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	.endm

	/* User mode's AC would open user memory, and so would that of a user copy (SMAP). No trap clears it, and clac is only there
	 * together with SMAP. */
	.macro CLEAR_AC
	pushfq
	andl $~RFLAGS_AC, (%rsp)
	popfq
	.endm

#endif
