/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/gate.S: the door itself: gate root, gate stack, one function by number, and back. Nothing that
 * goes into a control register is read from writable memory: gate root and stack come from the core section,
 * what must survive stays in callee-saved registers (x19 old root, x20 old DAIF, x29 old SP).
 */
#include <amber/gate_ops.h>
#include <amber/percpu.h>

#include "function.h"

	.text

/* uint64_t arch_gate_call(op, a, b, c, d, e) */
FUNCTION(arch_gate_call)
	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	mrs	x20, daif
	msr	daifset, #15
	mrs	x19, ttbr1_el1
	mrs	x9, tpidr_el1
	ldp	x10, x11, [x9, #PERCPU_GATE_ROOT]
	/* Root before stack on the way in, the other way round on the way out: SP is mapped at every instruction. */
	msr	ttbr1_el1, x10
	isb
	mov	sp, x11
	stp	x19, x29, [sp, #-16]!   /* here gate_caller_root() finds the root */
	cmp	x0, #GATE_OP_COUNT
	b.hs	1f
	adr	x9, gate_functions      /* the image is smaller than 1 MiB */
	ldr	x9, [x9, x0, lsl #3]
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	mov	x4, x5
	blr	x9
	mov	sp, x29
	dsb	ishst                   /* what was stored to tables is seen by the walker from here on */
	msr	ttbr1_el1, x19
	isb
	msr	daif, x20
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
1:	brk	#2
FUNCTION_END(arch_gate_call)
