/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/step.S: one instruction under another root, as a function: step_run leaves by eret, the
 * exception behind the instruction (or instead of it) comes back through trap_in_step like longjmp.
 * Interrupts are masked throughout. Single step: Arm ARM, D2.11.
 */
#include <amber/percpu.h>

#include "function.h"
#include "registers.h"
#include "trap_save.h"

	.text

/* unsigned step_run(frame, root, state, after): the frame says masked interrupts, SS = 1, D = 0. */
FUNCTION(step_run)
	stp	x29, x30, [sp, #-112]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x3, [x2, #STATE_STEP_FRAME]
	mrs	x3, daif
	str	x3, [sp, #96]
	msr	daifset, #15            /* D masked: stepping starts with the eret */
	mov	x3, sp
	str	x3, [x2, #STATE_STEP_SP]
	mrs	x3, mdscr_el1
	orr	x3, x3, #MDSCR_SS
	orr	x3, x3, #MDSCR_KDE
	msr	mdscr_el1, x3
	msr	ttbr1_el1, x1
	isb
	b	arch_frame_resume       /* every root maps the frame and the stack */
FUNCTION_END(step_run)

/* From a vector: x1 = its number, x0 and x1 parked. The kernel's root first: SP, for one, may point into
 * the page that is a shadow now. */
FUNCTION(trap_in_step)
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #PERCPU_KERNEL_ROOT]
	msr	ttbr1_el1, x0
	isb
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #PERCPU_STATE]
	ldr	x0, [x0, #STATE_STEP_FRAME]
	stp	x2, x3, [x0, #FRAME_X(2)]
	mov	x2, sp
	SAVE_FRAME x0
	mrs	x4, mdscr_el1
	bic	x4, x4, #MDSCR_SS
	bic	x4, x4, #MDSCR_KDE
	msr	mdscr_el1, x4
	mrs	x4, tpidr_el1
	ldr	x4, [x4, #PERCPU_STATE]
	ldr	x4, [x4, #STATE_STEP_SP]
	mov	sp, x4
	isb
	mov	x0, x1
	ldr	x3, [sp, #96]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #112
	msr	daif, x3
	ret
FUNCTION_END(trap_in_step)
