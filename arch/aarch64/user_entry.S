/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/user_entry.S: user mode's exceptions behind their vectors (user_entry.h), and the way to user mode. Interrupts
 * masked, the big lock held on the way out.
 */
#include "function.h"
#include "registers.h"
#include "trap_frame.h"

	.text

/* x0 = frame, x3 = syndrome. */
FUNCTION(user_sync_exception)
	mov	x1, #VECTOR_USER_SYNC
	b	user_exception
FUNCTION_END(user_sync_exception)

/* The same, x1 = number of the vector. */
FUNCTION(user_exception)
	mrs	x4, far_el1
	stp	x3, x4, [x0, #FRAME_ESR]
	bl	trap_from_user
	b	user_resume
FUNCTION_END(user_exception)

/* The same; the machine stops. */
FUNCTION(user_fatal)
	mrs	x4, far_el1
	stp	x3, x4, [x0, #FRAME_ESR]
	bl	trap_fatal_from_user
	brk	#5
FUNCTION_END(user_fatal)

/* x0 = frame: the top of its thread's kernel stack, which SP_EL1 is left at. The frame lies in ordinary memory: whatever it
 * says, PSTATE_USER_MASK makes that user mode with nothing masked. The big lock is dropped when the old thread's stack
 * isn't used any more. TPIDRRO_EL0, which user mode can read, was cleared where it was used (trap_save.h). */
FUNCTION(user_resume)
	mov	sp, x0
	adrp	x1, big_lock_holder
	add	x1, x1, #:lo12:big_lock_holder
	stlr	wzr, [x1]
	ldp	x1, x2, [sp, #FRAME_PC]
	ldp	x30, x3, [sp, #FRAME_X(30)]
	and	x2, x2, #PSTATE_USER_MASK
	msr	elr_el1, x1
	msr	spsr_el1, x2
	msr	sp_el0, x3
	ldp	x2, x3, [sp, #FRAME_X(2)]
	ldp	x4, x5, [sp, #FRAME_X(4)]
	ldp	x6, x7, [sp, #FRAME_X(6)]
	ldp	x8, x9, [sp, #FRAME_X(8)]
	ldp	x10, x11, [sp, #FRAME_X(10)]
	ldp	x12, x13, [sp, #FRAME_X(12)]
	ldp	x14, x15, [sp, #FRAME_X(14)]
	ldp	x16, x17, [sp, #FRAME_X(16)]
	ldp	x18, x19, [sp, #FRAME_X(18)]
	ldp	x20, x21, [sp, #FRAME_X(20)]
	ldp	x22, x23, [sp, #FRAME_X(22)]
	ldp	x24, x25, [sp, #FRAME_X(24)]
	ldp	x26, x27, [sp, #FRAME_X(26)]
	ldp	x28, x29, [sp, #FRAME_X(28)]
	ldp	x0, x1, [sp, #FRAME_X(0)]
	add	sp, sp, #FRAME_BYTES
	eret
FUNCTION_END(user_resume)
