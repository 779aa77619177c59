/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/trap_save.h: for assembly: the one macro that stores interrupted registers as struct
 * trap_frame. On entry to an exception there is no free register, so x0 and x1 are parked in TPIDRRO_EL0
 * and SP_EL0, which the kernel uses for nothing else.
 */
#ifndef AMBER_AARCH64_TRAP_SAVE_H
#define AMBER_AARCH64_TRAP_SAVE_H

#include "trap_frame.h"

	/* Before: x0, x1 parked; x2, x3 stored; x2 = interrupted SP. Keeps x0 to x3; x4, x5 are scratch after it. */
	.macro SAVE_FRAME base
	stp	x4, x5, [\base, #FRAME_X(4)]
	stp	x6, x7, [\base, #FRAME_X(6)]
	stp	x8, x9, [\base, #FRAME_X(8)]
	stp	x10, x11, [\base, #FRAME_X(10)]
	stp	x12, x13, [\base, #FRAME_X(12)]
	stp	x14, x15, [\base, #FRAME_X(14)]
	stp	x16, x17, [\base, #FRAME_X(16)]
	stp	x18, x19, [\base, #FRAME_X(18)]
	stp	x20, x21, [\base, #FRAME_X(20)]
	stp	x22, x23, [\base, #FRAME_X(22)]
	stp	x24, x25, [\base, #FRAME_X(24)]
	stp	x26, x27, [\base, #FRAME_X(26)]
	stp	x28, x29, [\base, #FRAME_X(28)]
	stp	x30, x2, [\base, #FRAME_X(30)]
	mrs	x4, tpidrro_el0
	mrs	x5, sp_el0
	msr	tpidrro_el0, xzr        /* user mode can read it */
	stp	x4, x5, [\base, #FRAME_X(0)]
	mrs	x4, elr_el1
	mrs	x5, spsr_el1
	stp	x4, x5, [\base, #FRAME_PC]
	mrs	x4, esr_el1
	mrs	x5, far_el1
	stp	x4, x5, [\base, #FRAME_ESR]
	.endm

#endif
