/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/probe.S: accesses that may fail: a fault at the marked instruction continues at the label 9
 * and the function returns false. Any context.
 */
#include "function.h"

	.text

/* bool arch_try_read(addr, dst, bytes) */
FUNCTION(arch_try_read)
	cmp	w2, #8
	b.eq	8f
	cmp	w2, #4
	b.eq	4f
	cmp	w2, #2
	b.eq	2f
	cmp	w2, #16
	b.eq	6f
	cmp	w2, #1
	b.ne	9f
.Lread1:
	ldrb	w3, [x0]
	strb	w3, [x1]
	b	7f
2:
.Lread2:
	ldrh	w3, [x0]
	strh	w3, [x1]
	b	7f
4:
.Lread4:
	ldr	w3, [x0]
	str	w3, [x1]
	b	7f
6:
.Lread16:
	ldp	x3, x4, [x0]
	stp	x3, x4, [x1]
	b	7f
8:
.Lread8:
	ldr	x3, [x0]
	str	x3, [x1]
7:	mov	w0, #1
	ret
9:
.Lread_failed:
	mov	w0, #0
	ret
FUNCTION_END(arch_try_read)
	FIXUP(.Lread1, .Lread_failed)
	FIXUP(.Lread2, .Lread_failed)
	FIXUP(.Lread4, .Lread_failed)
	FIXUP(.Lread8, .Lread_failed)
	FIXUP(.Lread16, .Lread_failed)

/* bool arch_try_write8(addr, value) */
FUNCTION(arch_try_write8)
.Lwrite:
	strb	w1, [x0]
	mov	w0, #1
	ret
.Lwrite_failed:
	mov	w0, #0
	ret
FUNCTION_END(arch_try_write8)
	FIXUP(.Lwrite, .Lwrite_failed)
