/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/user_entry.h: for trap.S: what stands in the vectors of exceptions from user mode. SP_EL1 is the top of the
 * thread's kernel stack by construction (user_resume leaves it there), and user mode never runs under the dry-run root: so the
 * registers are stored at once, with nothing looked at before. A vector has room for 32 instructions.
 */
#ifndef AMBER_AARCH64_USER_ENTRY_H
#define AMBER_AARCH64_USER_ENTRY_H

#include "trap_frame.h"

	/* Behind it: x0 = frame, x29 = 0 (the kernel's backtraces end here); x1 to x4 are free. */
	.macro SAVE_USER_FRAME
	sub	sp, sp, #FRAME_BYTES
	stp	x0, x1, [sp, #FRAME_X(0)]
	stp	x2, x3, [sp, #FRAME_X(2)]
	stp	x4, x5, [sp, #FRAME_X(4)]
	stp	x6, x7, [sp, #FRAME_X(6)]
	stp	x8, x9, [sp, #FRAME_X(8)]
	stp	x10, x11, [sp, #FRAME_X(10)]
	stp	x12, x13, [sp, #FRAME_X(12)]
	stp	x14, x15, [sp, #FRAME_X(14)]
	stp	x16, x17, [sp, #FRAME_X(16)]
	stp	x18, x19, [sp, #FRAME_X(18)]
	stp	x20, x21, [sp, #FRAME_X(20)]
	stp	x22, x23, [sp, #FRAME_X(22)]
	stp	x24, x25, [sp, #FRAME_X(24)]
	stp	x26, x27, [sp, #FRAME_X(26)]
	stp	x28, x29, [sp, #FRAME_X(28)]
	mrs	x0, sp_el0
	stp	x30, x0, [sp, #FRAME_X(30)]
	mrs	x1, elr_el1
	mrs	x2, spsr_el1
	stp	x1, x2, [sp, #FRAME_PC]
	mov	x29, xzr
	mov	x0, sp
	.endm

	/* A system call takes the shortest way: the syndrome says `svc #0` and nothing else. */
	.macro USER_SYNC_VECTOR
	.balign	128
	SAVE_USER_FRAME
	mrs	x3, esr_el1
	mov	w4, #ESR_SVC_0
	cmp	w3, w4
	b.ne	user_sync_exception
	bl	syscall_handle
	b	user_resume
	.endm

	.macro USER_IRQ_VECTOR
	.balign	128
	SAVE_USER_FRAME
	bl	interrupt_from_user
	b	user_resume
	.endm

	.macro USER_VECTOR number, target
	.balign	128
	SAVE_USER_FRAME
	mrs	x3, esr_el1
	mov	x1, #\number
	b	\target
	.endm

#endif
