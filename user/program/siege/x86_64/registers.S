/* SPDX-License-Identifier: MIT */
/*
 * registers.S: uint64_t registers_hold(uint64_t seed, uint64_t turns): every register and flag has a value of its own while the
 * thread loops; 0: none changed.
 * registers_fresh: a thread's first instruction: stores what it finds in registers_found and ends. The first word is the argument,
 * the second the stack pointer, all others are 0 if it is as it should be. (Nobody keeps segment registers: docs/programs.md.)
 */
#define FRESH_FLAGS 0x202 /* the one that is always set, and interrupts come */
#define FLAGS 0x244401 /* carry, direction, nested task, alignment check, identification */

	.text
	.globl registers_hold
	.type registers_hold, @function
registers_hold:
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsi, %rax
	leaq 1(%rdi), %rbx
	leaq 2(%rdi), %rcx
	leaq 3(%rdi), %rdx
	leaq 4(%rdi), %rsi
	leaq 5(%rdi), %rbp
	leaq 6(%rdi), %r8
	leaq 7(%rdi), %r9
	leaq 8(%rdi), %r10
	leaq 9(%rdi), %r11
	leaq 10(%rdi), %r12
	leaq 11(%rdi), %r13
	leaq 12(%rdi), %r14
	leaq 13(%rdi), %r15
	pushfq
	orq $FLAGS, (%rsp)
	popfq
1:	decq %rax /* leaves the carry alone */
	jnz 1b
	pushfq
	popq %rax
	pushq $2
	popfq
	andl $FLAGS, %eax
	xorl $FLAGS, %eax
	subq %rdi, %rbx
	xorq $1, %rbx
	orq %rbx, %rax
	subq %rdi, %rcx
	xorq $2, %rcx
	orq %rcx, %rax
	subq %rdi, %rdx
	xorq $3, %rdx
	orq %rdx, %rax
	subq %rdi, %rsi
	xorq $4, %rsi
	orq %rsi, %rax
	subq %rdi, %rbp
	xorq $5, %rbp
	orq %rbp, %rax
	subq %rdi, %r8
	xorq $6, %r8
	orq %r8, %rax
	subq %rdi, %r9
	xorq $7, %r9
	orq %r9, %rax
	subq %rdi, %r10
	xorq $8, %r10
	orq %r10, %rax
	subq %rdi, %r11
	xorq $9, %r11
	orq %r11, %rax
	subq %rdi, %r12
	xorq $10, %r12
	orq %r12, %rax
	subq %rdi, %r13
	xorq $11, %r13
	orq %r13, %rax
	subq %rdi, %r14
	xorq $12, %r14
	orq %r14, %rax
	subq %rdi, %r15
	xorq $13, %r15
	orq %r15, %rax
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	ret
	.size registers_hold, . - registers_hold

	.macro FOUND number, register
	movq %\register, registers_found + 8 * \number(%rip)
	.endm

	.globl registers_fresh
	.type registers_fresh, @function
registers_fresh:
	FOUND 0, rdi
	FOUND 1, rsp
	FOUND 2, rax
	FOUND 3, rbx
	FOUND 4, rcx
	FOUND 5, rdx
	FOUND 6, rsi
	FOUND 7, rbp
	FOUND 8, r8
	FOUND 9, r9
	FOUND 10, r10
	FOUND 11, r11
	FOUND 12, r12
	FOUND 13, r13
	FOUND 14, r14
	FOUND 15, r15
	pushfq
	popq %rax
	xorq $FRESH_FLAGS, %rax
	FOUND 16, rax
	xorl %edi, %edi
	call exit
	ud2
	.size registers_fresh, . - registers_fresh
	.section .note.GNU-stack, "", @progbits
