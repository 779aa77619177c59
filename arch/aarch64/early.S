/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/early.S: vectors until arch_traps_install. There is no per-CPU data yet and perhaps no good
 * stack, so each exception changes to a stack of its own; none returns. Init memory.
 */
#include "function.h"
#include "trap_save.h"

	.section .init.bss, "aw", %nobits
	.balign	16
	.skip	8192
early_trap_stack_top:

	.section .init.text, "ax"

	.macro EARLY_VECTOR number
	.balign	128
	msr	tpidrro_el0, x0
	msr	sp_el0, x1
	mov	x1, #\number
	b	early_trap
	.endm

	.balign	2048
FUNCTION(early_vectors)
	EARLY_VECTOR 0
	EARLY_VECTOR 1
	EARLY_VECTOR 2
	EARLY_VECTOR 3
	EARLY_VECTOR 4
	EARLY_VECTOR 5
	EARLY_VECTOR 6
	EARLY_VECTOR 7
	EARLY_VECTOR 8
	EARLY_VECTOR 9
	EARLY_VECTOR 10
	EARLY_VECTOR 11
	EARLY_VECTOR 12
	EARLY_VECTOR 13
	EARLY_VECTOR 14
	EARLY_VECTOR 15
FUNCTION_END(early_vectors)

FUNCTION(early_trap)
	adrp	x0, early_trap_stack_top
	add	x0, x0, #:lo12:early_trap_stack_top
	stp	x2, x3, [x0, #(FRAME_X(2) - FRAME_BYTES)]
	mov	x2, sp
	sub	sp, x0, #FRAME_BYTES
	SAVE_FRAME sp
	mov	x0, sp
	bl	trap_early
	brk	#1
FUNCTION_END(early_trap)
