/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/context.S: changing stacks. Interrupts are masked by the caller; only the registers that a
 * function must keep are saved, in the order in which arch_context_prepare lays them out.
 */
#include "function.h"

	.text

/* void arch_call_on_stack(sp, fn, arg): the frame-pointer chain ends here. */
FUNCTION(arch_call_on_stack)
	mov	sp, x0
	mov	x0, x2
	mov	x29, xzr
	mov	x30, xzr
	blr	x1
	brk	#3
FUNCTION_END(arch_call_on_stack)

/* void arch_context_switch(save_sp, load_sp) */
FUNCTION(arch_context_switch)
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x2, sp
	str	x2, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
FUNCTION_END(arch_context_switch)

/* void arch_switch_to_user(save_sp, frame) */
FUNCTION(arch_switch_to_user)
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x2, sp
	str	x2, [x0]
	mov	x0, x1
	b	user_resume
FUNCTION_END(arch_switch_to_user)

/* vaddr_t arch_context_prepare(stack_top, fn, arg): what arch_context_switch will load */
FUNCTION(arch_context_prepare)
	sub	x0, x0, #96
	adrp	x3, context_start
	add	x3, x3, #:lo12:context_start
	stp	xzr, x3, [x0]
	stp	x1, x2, [x0, #16]
	stp	xzr, xzr, [x0, #32]
	stp	xzr, xzr, [x0, #48]
	stp	xzr, xzr, [x0, #64]
	stp	xzr, xzr, [x0, #80]
	ret
FUNCTION_END(arch_context_prepare)

FUNCTION(context_start)
	mov	x0, x20
	mov	x30, xzr
	blr	x19
	brk	#4
FUNCTION_END(context_start)
