/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/user_access.S: copies from and to user memory. A fault at the marked access, the one to user memory, makes the
 * function return false; one at the kernel's own end is a fault like any other, and a write to sealed memory if it is one.
 * That is why there is no `rep movs`: it has both ends at one address. Between arch_user_access_begin and _end; the caller has
 * checked the range.
 */
	.macro FIXUP pc, target
	.pushsection .fixup_table, "a"
	.balign 8
	.quad \pc, \target
	.popsection
	.endm

	/* rdi = to, rsi = from, rdx = bytes: words, then the rest. user_end: load or store */
	.macro USER_COPY name, user_end
	.globl \name
	.type \name, @function
\name:
	subq $8, %rdx
	jb 2f
1:
.L\name\()_load8:
	movq (%rsi), %rax
.L\name\()_store8:
	movq %rax, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rdx
	jae 1b
2:	addq $8, %rdx
	jz 4f
3:
.L\name\()_load1:
	movb (%rsi), %al
.L\name\()_store1:
	movb %al, (%rdi)
	incq %rsi
	incq %rdi
	decl %edx
	jnz 3b
4:	movl $1, %eax
	ret
.L\name\()_failed:
	xorl %eax, %eax
	ret
	.size \name, . - \name
	FIXUP .L\name\()_\user_end\()8, .L\name\()_failed
	FIXUP .L\name\()_\user_end\()1, .L\name\()_failed
	.endm

	.text
	USER_COPY arch_copy_from_user, load
	USER_COPY arch_copy_to_user, store
	.section .note.GNU-stack, "", @progbits
