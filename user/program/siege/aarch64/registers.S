/* SPDX-License-Identifier: MIT */
/*
 * registers.S: uint64_t registers_hold(uint64_t seed, uint64_t turns): every register and flag has a value of its own while the
 * thread loops; 0: none changed. It spoils TPIDR_EL0, which nobody keeps.
 * registers_fresh: a thread's first instruction: stores what it finds in registers_found and ends. The first word is the argument,
 * the second the stack pointer, all others are 0 if it is as it should be.
 */
#define FLAGS 0xa0000000 /* N and C; Z and V are 0 */

	.text
	.globl registers_hold
	.type registers_hold, %function
registers_hold:
	stp	x19, x20, [sp, #-16]!
	stp	x21, x22, [sp, #-16]!
	stp	x23, x24, [sp, #-16]!
	stp	x25, x26, [sp, #-16]!
	stp	x27, x28, [sp, #-16]!
	stp	x29, x30, [sp, #-16]!
	mov	x2, #FLAGS
	msr	nzcv, x2
	msr	tpidr_el0, x2
	add	x2, x0, #2
	add	x3, x0, #3
	add	x4, x0, #4
	add	x5, x0, #5
	add	x6, x0, #6
	add	x7, x0, #7
	add	x8, x0, #8
	add	x9, x0, #9
	add	x10, x0, #10
	add	x11, x0, #11
	add	x12, x0, #12
	add	x13, x0, #13
	add	x14, x0, #14
	add	x15, x0, #15
	add	x16, x0, #16
	add	x17, x0, #17
	add	x18, x0, #18
	add	x19, x0, #19
	add	x20, x0, #20
	add	x21, x0, #21
	add	x22, x0, #22
	add	x23, x0, #23
	add	x24, x0, #24
	add	x25, x0, #25
	add	x26, x0, #26
	add	x27, x0, #27
	add	x28, x0, #28
	add	x29, x0, #29
	add	x30, x0, #30
1:	sub	x1, x1, #1
	cbnz	x1, 1b
	mrs	x1, nzcv
	eor	x1, x1, #(1 << 31)
	eor	x1, x1, #(1 << 29)
	sub	x2, x2, x0
	sub	x2, x2, #2
	orr	x1, x1, x2
	sub	x3, x3, x0
	sub	x3, x3, #3
	orr	x1, x1, x3
	sub	x4, x4, x0
	sub	x4, x4, #4
	orr	x1, x1, x4
	sub	x5, x5, x0
	sub	x5, x5, #5
	orr	x1, x1, x5
	sub	x6, x6, x0
	sub	x6, x6, #6
	orr	x1, x1, x6
	sub	x7, x7, x0
	sub	x7, x7, #7
	orr	x1, x1, x7
	sub	x8, x8, x0
	sub	x8, x8, #8
	orr	x1, x1, x8
	sub	x9, x9, x0
	sub	x9, x9, #9
	orr	x1, x1, x9
	sub	x10, x10, x0
	sub	x10, x10, #10
	orr	x1, x1, x10
	sub	x11, x11, x0
	sub	x11, x11, #11
	orr	x1, x1, x11
	sub	x12, x12, x0
	sub	x12, x12, #12
	orr	x1, x1, x12
	sub	x13, x13, x0
	sub	x13, x13, #13
	orr	x1, x1, x13
	sub	x14, x14, x0
	sub	x14, x14, #14
	orr	x1, x1, x14
	sub	x15, x15, x0
	sub	x15, x15, #15
	orr	x1, x1, x15
	sub	x16, x16, x0
	sub	x16, x16, #16
	orr	x1, x1, x16
	sub	x17, x17, x0
	sub	x17, x17, #17
	orr	x1, x1, x17
	sub	x18, x18, x0
	sub	x18, x18, #18
	orr	x1, x1, x18
	sub	x19, x19, x0
	sub	x19, x19, #19
	orr	x1, x1, x19
	sub	x20, x20, x0
	sub	x20, x20, #20
	orr	x1, x1, x20
	sub	x21, x21, x0
	sub	x21, x21, #21
	orr	x1, x1, x21
	sub	x22, x22, x0
	sub	x22, x22, #22
	orr	x1, x1, x22
	sub	x23, x23, x0
	sub	x23, x23, #23
	orr	x1, x1, x23
	sub	x24, x24, x0
	sub	x24, x24, #24
	orr	x1, x1, x24
	sub	x25, x25, x0
	sub	x25, x25, #25
	orr	x1, x1, x25
	sub	x26, x26, x0
	sub	x26, x26, #26
	orr	x1, x1, x26
	sub	x27, x27, x0
	sub	x27, x27, #27
	orr	x1, x1, x27
	sub	x28, x28, x0
	sub	x28, x28, #28
	orr	x1, x1, x28
	sub	x29, x29, x0
	sub	x29, x29, #29
	orr	x1, x1, x29
	sub	x30, x30, x0
	sub	x30, x30, #30
	orr	x1, x1, x30
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ldp	x27, x28, [sp], #16
	ldp	x25, x26, [sp], #16
	ldp	x23, x24, [sp], #16
	ldp	x21, x22, [sp], #16
	ldp	x19, x20, [sp], #16
	ret
	.size registers_hold, . - registers_hold

/* By way of the message page, which the argument points to: no other register may change before it is stored. */
	.globl registers_fresh
	.type registers_fresh, %function
registers_fresh:
	str	x0, [x0]
	str	x1, [x0, #8 * 2]
	str	x2, [x0, #8 * 3]
	str	x3, [x0, #8 * 4]
	str	x4, [x0, #8 * 5]
	str	x5, [x0, #8 * 6]
	str	x6, [x0, #8 * 7]
	str	x7, [x0, #8 * 8]
	str	x8, [x0, #8 * 9]
	str	x9, [x0, #8 * 10]
	str	x10, [x0, #8 * 11]
	str	x11, [x0, #8 * 12]
	str	x12, [x0, #8 * 13]
	str	x13, [x0, #8 * 14]
	str	x14, [x0, #8 * 15]
	str	x15, [x0, #8 * 16]
	str	x16, [x0, #8 * 17]
	str	x17, [x0, #8 * 18]
	str	x18, [x0, #8 * 19]
	str	x19, [x0, #8 * 20]
	str	x20, [x0, #8 * 21]
	str	x21, [x0, #8 * 22]
	str	x22, [x0, #8 * 23]
	str	x23, [x0, #8 * 24]
	str	x24, [x0, #8 * 25]
	str	x25, [x0, #8 * 26]
	str	x26, [x0, #8 * 27]
	str	x27, [x0, #8 * 28]
	str	x28, [x0, #8 * 29]
	str	x29, [x0, #8 * 30]
	str	x30, [x0, #8 * 31]
	mov	x1, sp
	str	x1, [x0, #8]
	mrs	x1, nzcv
	mrs	x2, tpidr_el0
	mrs	x3, tpidrro_el0
	mov	x4, #0
	stp	x1, x2, [x0, #8 * 32]
	stp	x3, x4, [x0, #8 * 34]
	adrp	x1, registers_found
	add	x1, x1, #:lo12:registers_found
	add	x2, x0, #8 * 36
1:	ldr	x3, [x0], #8
	str	x3, [x1], #8
	cmp	x0, x2
	b.ne	1b
	mov	x0, #0
	bl	exit
	.size registers_fresh, . - registers_fresh
	.section .note.GNU-stack, "", %progbits
