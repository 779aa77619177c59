/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/user_access.S: copies from and to user memory. A fault at a marked access makes the function return false.
 * Between arch_user_access_begin and _end; the caller has checked the range.
 */
	.macro FIXUP pc, target
	.pushsection .fixup_table, "a"
	.balign 8
	.quad \pc, \target
	.popsection
	.endm

	.text
	.globl arch_copy_from_user
	.type arch_copy_from_user, @function
/* rdi = to, rsi = from, rdx = bytes: words, then the rest */
arch_copy_from_user:
	movq %rdx, %rcx
	shrq $3, %rcx
.Lfrom_words:
	rep movsq
	movl %edx, %ecx
	andl $7, %ecx
.Lfrom_bytes:
	rep movsb
	movl $1, %eax
	ret
	.size arch_copy_from_user, . - arch_copy_from_user

	.globl arch_copy_to_user
	.type arch_copy_to_user, @function
arch_copy_to_user:
	movq %rdx, %rcx
	shrq $3, %rcx
.Lto_words:
	rep movsq
	movl %edx, %ecx
	andl $7, %ecx
.Lto_bytes:
	rep movsb
	movl $1, %eax
	ret
.Luser_failed:
	xorl %eax, %eax
	ret
	.size arch_copy_to_user, . - arch_copy_to_user

	FIXUP .Lfrom_words, .Luser_failed
	FIXUP .Lfrom_bytes, .Luser_failed
	FIXUP .Lto_words, .Luser_failed
	FIXUP .Lto_bytes, .Luser_failed
	.section .note.GNU-stack, "", @progbits
