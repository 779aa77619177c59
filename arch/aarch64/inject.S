/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/inject.S: the stores of inject=, one instruction each (fill: the same instruction eight
 * times). They fault like any store of a kernel bug; x0 = address, x1 = value.
 */
#include "function.h"

	.arch armv8.1-a
	.text

FUNCTION(arch_inject_store1)
	strb	w1, [x0]
	ret
FUNCTION_END(arch_inject_store1)

FUNCTION(arch_inject_store2)
	strh	w1, [x0]
	ret
FUNCTION_END(arch_inject_store2)

FUNCTION(arch_inject_store4)
	str	w1, [x0]
	ret
FUNCTION_END(arch_inject_store4)

FUNCTION(arch_inject_store8)
	str	x1, [x0]
	ret
FUNCTION_END(arch_inject_store8)

FUNCTION(arch_inject_or)
	stset	x1, [x0]
	ret
FUNCTION_END(arch_inject_or)

FUNCTION(arch_inject_swap)
	swpal	x1, x2, [x0]
	ret
FUNCTION_END(arch_inject_swap)

/* x2 = the value that is there */
FUNCTION(arch_inject_cmpxchg)
	casal	x2, x1, [x0]
	ret
FUNCTION_END(arch_inject_cmpxchg)

FUNCTION(arch_inject_fill)
	and	x1, x1, #0xff
	mov	x2, #0x0101010101010101
	mul	x1, x1, x2
	mov	w2, #8
1:	str	x1, [x0], #8
	subs	w2, w2, #1
	b.ne	1b
	ret
FUNCTION_END(arch_inject_fill)
