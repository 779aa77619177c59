/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/probe.S: accesses that may fail. Each faulting instruction has an entry in .fixup_table (struct fixup):
 * mm/fault.c continues at its target. Any context in which a page fault may be taken.
 */
/* struct fixup in arch.h */
	.macro FIXUP pc, target
	.pushsection .fixup_table, "a"
	.balign 8
	.quad \pc, \target
	.popsection
	.endm

	.text
	.globl arch_try_read
	.type arch_try_read, @function
/* rdi = address, rsi = destination, edx = bytes: 1, 2, 4, 8 or 16 */
arch_try_read:
	cmpl $8, %edx
	je .Ltry_read8
	cmpl $4, %edx
	je .Ltry_read4
	cmpl $2, %edx
	je .Ltry_read2
	cmpl $1, %edx
	jne .Ltry_16
.Ltry_read1:
	movb (%rdi), %al
	movb %al, (%rsi)
	jmp .Ltry_succeeded
.Ltry_read2:
	movw (%rdi), %ax
	movw %ax, (%rsi)
	jmp .Ltry_succeeded
.Ltry_read4:
	movl (%rdi), %eax
	movl %eax, (%rsi)
	jmp .Ltry_succeeded
.Ltry_16:
	cmpl $16, %edx
	jne .Ltry_failed
.Ltry_read16_high:
	movq 8(%rdi), %rax
	movq %rax, 8(%rsi)
.Ltry_read8:
	movq (%rdi), %rax
	movq %rax, (%rsi)
.Ltry_succeeded:
	movl $1, %eax
	ret
.Ltry_failed:
	xorl %eax, %eax
	ret
	.size arch_try_read, . - arch_try_read

	.globl arch_try_write8
	.type arch_try_write8, @function
/* rdi = address, sil = value */
arch_try_write8:
.Ltry_write:
	movb %sil, (%rdi)
	movl $1, %eax
	ret
.Ltry_write_failed:
	xorl %eax, %eax
	ret
	.size arch_try_write8, . - arch_try_write8

	FIXUP .Ltry_read1, .Ltry_failed
	FIXUP .Ltry_read2, .Ltry_failed
	FIXUP .Ltry_read4, .Ltry_failed
	FIXUP .Ltry_read8, .Ltry_failed
	FIXUP .Ltry_read16_high, .Ltry_failed
	FIXUP .Ltry_write, .Ltry_write_failed
	.section .note.GNU-stack, "", @progbits
