/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/trap.S: the 16 vectors and the way back. What stands in those for user mode is in user_entry.h. Each of the
 * others first asks whether the dry-run root is loaded: then it is a step's exception (step.S started it) and the kernel's root
 * comes back at once. Until then only registers and the core section are touched. Next it looks whether the stack pointer can
 * take a frame: the hardware doesn't change stacks, and a fault while storing the frame would repeat for ever.
 */
#include <amber/layout.h>
#include <amber/percpu.h>

#include "function.h"
#include "registers.h"
#include "trap_save.h"
#include "user_entry.h"

	.text

	.macro VECTOR number
	.balign	128
	msr	tpidrro_el0, x0
	msr	sp_el0, x1
	mrs	x0, tpidr_el1
	ldr	x0, [x0, #PERCPU_DRY_ROOT]
	mrs	x1, ttbr1_el1
	cmp	x0, x1
	mov	x1, #\number
	b.eq	trap_in_step
	b	trap_entry
	.endm

	.balign	2048
FUNCTION(trap_vectors)
	/* this level, SP_EL0: synchronous, IRQ, FIQ, SError */
	VECTOR	0
	VECTOR	1
	VECTOR	2
	VECTOR	3
	/* this level, own stack pointer: the kernel */
	VECTOR	4
	VECTOR	5
	VECTOR	6
	VECTOR	7
	/* lower level, 64 bits: user mode */
	USER_SYNC_VECTOR
	USER_IRQ_VECTOR
	USER_VECTOR 10, user_fatal
	USER_VECTOR 11, user_fatal
	/* lower level, 32 bits: user_resume never starts that */
	USER_VECTOR 12, user_exception
	USER_VECTOR 13, user_exception
	USER_VECTOR 14, user_exception
	USER_VECTOR 15, user_fatal
FUNCTION_END(trap_vectors)

/* x1 = number of the vector. A good stack pointer less a frame lies in the upper half of a stack's 32 KiB
 * (layout.h). If such an address isn't mapped after all, each nested fault takes SP down by a frame, until
 * it reaches a guard. */
FUNCTION(trap_entry)
	sub	x0, sp, #FRAME_BYTES
	tst	x0, #15
	b.ne	1f
	asr	x0, x0, #STACK_AREA_BIT
	cmn	x0, #1
	b.ne	1f
	sub	x0, sp, #FRAME_BYTES
	tbnz	x0, #STACK_NOT_BIT, 1f
	tbz	x0, #STACK_GUARD_BIT, 1f
	sub	sp, sp, #FRAME_BYTES
	stp	x2, x3, [sp, #FRAME_X(2)]
	add	x2, sp, #FRAME_BYTES
	mov	x3, #0
	b	2f
	/* Bad: change to this CPU's emergency stack. */
1:	mrs	x0, tpidr_el1
	ldr	x0, [x0, #PERCPU_EMERGENCY_SP]
	stp	x2, x3, [x0, #(FRAME_X(2) - FRAME_BYTES)]
	mov	x2, sp
	sub	sp, x0, #FRAME_BYTES
	mov	x3, #1
2:	SAVE_FRAME sp
	mov	x0, sp
	mov	x2, x3
	bl	trap_handle
	mov	x0, sp
	b	arch_frame_resume
FUNCTION_END(trap_entry)

/* x0 = frame. SP is the interrupted one before the last loads: everything is masked meanwhile. */
FUNCTION(arch_frame_resume)
	msr	daifset, #15
	ldp	x1, x2, [x0, #FRAME_PC]
	tst	x2, #PSTATE_MODE
	b.eq	user_resume
	msr	elr_el1, x1
	msr	spsr_el1, x2
	ldr	x1, [x0, #FRAME_SP]
	mov	sp, x1
	ldp	x2, x3, [x0, #FRAME_X(2)]
	ldp	x4, x5, [x0, #FRAME_X(4)]
	ldp	x6, x7, [x0, #FRAME_X(6)]
	ldp	x8, x9, [x0, #FRAME_X(8)]
	ldp	x10, x11, [x0, #FRAME_X(10)]
	ldp	x12, x13, [x0, #FRAME_X(12)]
	ldp	x14, x15, [x0, #FRAME_X(14)]
	ldp	x16, x17, [x0, #FRAME_X(16)]
	ldp	x18, x19, [x0, #FRAME_X(18)]
	ldp	x20, x21, [x0, #FRAME_X(20)]
	ldp	x22, x23, [x0, #FRAME_X(22)]
	ldp	x24, x25, [x0, #FRAME_X(24)]
	ldp	x26, x27, [x0, #FRAME_X(26)]
	ldp	x28, x29, [x0, #FRAME_X(28)]
	ldr	x30, [x0, #FRAME_X(30)]
	ldp	x0, x1, [x0, #FRAME_X(0)]
	eret
FUNCTION_END(arch_frame_resume)
