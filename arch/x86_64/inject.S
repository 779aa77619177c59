/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/inject.S: the stores of inject=, one storing instruction each, so that a record names the
 * function. rdi = address, rsi = value. Any context.
 */
	.macro INJECT name
	.globl arch_inject_\name
	.type arch_inject_\name, @function
arch_inject_\name:
	.endm
	.macro INJECT_END name
	ret
	.size arch_inject_\name, . - arch_inject_\name
	.endm

	.text
	INJECT store1
	movb %sil, (%rdi)
	INJECT_END store1

	INJECT store2
	movw %si, (%rdi)
	INJECT_END store2

	INJECT store4
	movl %esi, (%rdi)
	INJECT_END store4

	INJECT store8
	movq %rsi, (%rdi)
	INJECT_END store8

	INJECT or
	lock orq %rsi, (%rdi)
	INJECT_END or

	INJECT swap
	xchgq %rsi, (%rdi)
	INJECT_END swap

	INJECT cmpxchg /* rdx = expected */
	movq %rdx, %rax
	lock cmpxchgq %rsi, (%rdi)
	INJECT_END cmpxchg

	INJECT fill
	movl %esi, %eax
	movl $64, %ecx
	cld
	rep stosb
	INJECT_END fill
	.section .note.GNU-stack, "", @progbits
