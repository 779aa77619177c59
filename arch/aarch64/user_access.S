/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/user_access.S: copies from and to user memory. A fault at a marked access makes the function return false.
 * Between arch_user_access_begin and _end; the caller has checked the range. Any alignment: the MMU is on and SCTLR.A off.
 */
#include "function.h"

	.text

/* bool arch_copy_from_user(to, user, bytes) */
FUNCTION(arch_copy_from_user)
	subs	x2, x2, #16
	b.lo	2f
.Lfrom16:
	ldp	x3, x4, [x1], #16
	subs	x2, x2, #16
	stp	x3, x4, [x0], #16
	b.hs	.Lfrom16
	/* The lower four bits still say what is left. */
2:	tbz	x2, #3, 3f
.Lfrom8:
	ldr	x3, [x1], #8
	str	x3, [x0], #8
3:	tbz	x2, #2, 4f
.Lfrom4:
	ldr	w3, [x1], #4
	str	w3, [x0], #4
4:	tbz	x2, #1, 5f
.Lfrom2:
	ldrh	w3, [x1], #2
	strh	w3, [x0], #2
5:	tbz	x2, #0, 6f
.Lfrom1:
	ldrb	w3, [x1]
	strb	w3, [x0]
6:	mov	w0, #1
	ret
FUNCTION_END(arch_copy_from_user)
	FIXUP(.Lfrom16, .Luser_failed)
	FIXUP(.Lfrom8, .Luser_failed)
	FIXUP(.Lfrom4, .Luser_failed)
	FIXUP(.Lfrom2, .Luser_failed)
	FIXUP(.Lfrom1, .Luser_failed)

/* bool arch_copy_to_user(user, from, bytes) */
FUNCTION(arch_copy_to_user)
	subs	x2, x2, #16
	b.lo	2f
1:	ldp	x3, x4, [x1], #16
	subs	x2, x2, #16
.Lto16:
	stp	x3, x4, [x0], #16
	b.hs	1b
2:	tbz	x2, #3, 3f
	ldr	x3, [x1], #8
.Lto8:
	str	x3, [x0], #8
3:	tbz	x2, #2, 4f
	ldr	w3, [x1], #4
.Lto4:
	str	w3, [x0], #4
4:	tbz	x2, #1, 5f
	ldrh	w3, [x1], #2
.Lto2:
	strh	w3, [x0], #2
5:	tbz	x2, #0, 6f
	ldrb	w3, [x1]
.Lto1:
	strb	w3, [x0]
6:	mov	w0, #1
	ret
.Luser_failed:
	mov	w0, #0
	ret
FUNCTION_END(arch_copy_to_user)
	FIXUP(.Lto16, .Luser_failed)
	FIXUP(.Lto8, .Luser_failed)
	FIXUP(.Lto4, .Luser_failed)
	FIXUP(.Lto2, .Luser_failed)
	FIXUP(.Lto1, .Luser_failed)
