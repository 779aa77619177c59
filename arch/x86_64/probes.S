/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/probes.S: the instructions that the dry_run_* self-tests run on a sealed and on an ordinary
 * page; each probe has one storing instruction. arch_probe_run loads every register from a fixed pattern,
 * RDI = target (RSP = target if the probe uses the stack), jumps to the probe, and stores all registers
 * behind it: rax rbx rcx rdx rsi rdi rbp rsp r8 … r15 rflags; rsp relative to where it began. Not
 * reentrant: the tests run one after another, with interrupts masked.
 */
#define PROBE_CODE       8  /* in struct dry_run_probe */
#define PROBE_USES_STACK 24
#define FLAGS_PATTERN    0xd7 /* SF ZF AF PF CF; IF clear */
#define TOP_OF_STACK     0x0f1e2d3c4b5a6978

	.section .rodata
	.balign 8
	.globl arch_dry_run_probes
	.type arch_dry_run_probes, @object
arch_dry_run_probes:

/* Starts a probe: struct dry_run_probe, then the code behind the macro up to PROBE_END. */
	.macro PROBE name, offset, bytes, uses_stack=0
	.pushsection .rodata.str1.1, "aMS", @progbits, 1
.Lname_\name:
	.asciz "\name"
	.popsection
	.section .rodata
	.quad .Lname_\name, probe_\name
	.long \offset, \bytes
	.byte \uses_stack
	.balign 8
	.text
	.type probe_\name, @function
probe_\name:
	.endm

	.macro PROBE_END name
	jmp probe_done
	.size probe_\name, . - probe_\name
	.endm

	PROBE store1, 0x43, 1
	movb %al, (%rdi)
	PROBE_END store1
	PROBE store2, 0x42, 2
	movw %ax, (%rdi)
	PROBE_END store2
	PROBE store4, 0x44, 4
	movl %eax, (%rdi)
	PROBE_END store4
	PROBE store8, 0x40, 8
	movq %rax, (%rdi)
	PROBE_END store8
	PROBE store8_unaligned, 0x45, 8
	movq %rax, (%rdi)
	PROBE_END store8_unaligned
	PROBE store8_same, 0x40, 8 /* redundant: what is there already */
	movq (%rdi), %rax
	movq %rax, (%rdi)
	PROBE_END store8_same
	PROBE store8_immediate, 0x40, 8
	movq $-0x12345678, (%rdi)
	PROBE_END store8_immediate
	PROBE store8_edge, -4, 8
	movq %rax, (%rdi)
	PROBE_END store8_edge
	PROBE store2_edge, -1, 2
	movw %ax, (%rdi)
	PROBE_END store2_edge
	PROBE movnti, 0x40, 8
	movnti %rax, (%rdi)
	PROBE_END movnti
	PROBE setcc, 0x40, 1
	setc (%rdi)
	PROBE_END setcc

	PROBE push, 0x80, 0, 1
	pushq %rax
	PROBE_END push
	PROBE pushfq, 0x80, 0, 1
	pushfq
	PROBE_END pushfq
	PROBE call, 0x80, 0, 1
	call 1f
1:	PROBE_END call
	PROBE pop_memory, 0x40, 8
	popq (%rdi)
	PROBE_END pop_memory

	PROBE xchg, 0x40, 8
	xchgq %rax, (%rdi)
	PROBE_END xchg
	PROBE lock_xadd, 0x40, 8
	lock xaddq %rax, (%rdi)
	PROBE_END lock_xadd
	PROBE lock_inc, 0x40, 8
	lock incq (%rdi)
	PROBE_END lock_inc
	PROBE lock_add_edge, -4, 8
	lock addq %rax, (%rdi)
	PROBE_END lock_add_edge
	PROBE lock_or_zero, 0x40, 8
	lock orq $0, (%rdi)
	PROBE_END lock_or_zero
	PROBE bts_set, 0x40, 8 /* a bit that is set already: the test's page is filled with 0x11 or 0x22 */
	movl (%rdi), %eax
	bsfl %eax, %eax
	btsq %rax, (%rdi)
	PROBE_END bts_set
	PROBE not, 0x40, 8
	notq (%rdi)
	PROBE_END not
	PROBE cmpxchg, 0x40, 8
	movq (%rdi), %rax
	lock cmpxchgq %rcx, (%rdi)
	PROBE_END cmpxchg
	PROBE cmpxchg_failing, 0x40, 8
	lock cmpxchgq %rcx, (%rdi)
	PROBE_END cmpxchg_failing
	PROBE cmpxchg16b, 0x40, 16
	movq (%rdi), %rax
	movq 8(%rdi), %rdx
	lock cmpxchg16b (%rdi)
	PROBE_END cmpxchg16b
	PROBE cmpxchg16b_failing, 0x40, 16
	lock cmpxchg16b (%rdi)
	PROBE_END cmpxchg16b_failing

	PROBE movsb, 0x40, 1
	leaq 0x80(%rdi), %rsi
	movsb
	PROBE_END movsb
	PROBE movsq, 0x40, 8
	leaq 0x80(%rdi), %rsi
	movsq
	PROBE_END movsq
	PROBE rep_movsb_overlapping, 0x40, 8
	leaq -1(%rdi), %rsi
	movl $8, %ecx
	rep movsb
	PROBE_END rep_movsb_overlapping
	PROBE rep_stosb, 0x40, 64
	movl $64, %ecx
	rep stosb
	PROBE_END rep_stosb
	PROBE rep_stosq, 0x40, 64
	movl $8, %ecx
	rep stosq
	PROBE_END rep_stosq
	PROBE rep_stosb_descending, 0x40, 64
	addq $63, %rdi
	movl $64, %ecx
	std
	rep stosb
	PROBE_END rep_stosb_descending
	PROBE rep_stosq_edge, -28, 64
	movl $8, %ecx
	rep stosq
	PROBE_END rep_stosq_edge
	/* More than one event's share (step.S): several, joined into one record. */
	PROBE rep_stosb_long, 0x40, 1000
	movl $1000, %ecx
	rep stosb
	PROBE_END rep_stosb_long
	PROBE rep_stosb_edge, -32, 64
	movl $64, %ecx
	rep stosb
	PROBE_END rep_stosb_edge
	PROBE rep_stosb_descending_edge, -32, 64
	addq $63, %rdi
	movl $64, %ecx
	std
	rep stosb
	PROBE_END rep_stosb_descending_edge

	.section .rodata
	.size arch_dry_run_probes, . - arch_dry_run_probes
	.balign 4
	.globl arch_dry_run_probe_count
	.type arch_dry_run_probe_count, @object
arch_dry_run_probe_count:
	.long (arch_dry_run_probe_count - arch_dry_run_probes) / 32
	.size arch_dry_run_probe_count, 4

/* A different value in every byte of every register. */
	.macro PATTERN register, byte
	movabsq $(0x0706050403020100 + \byte * 0x0101010101010101), %\register
	.endm

	.text
	.globl arch_probe_run
	.type arch_probe_run, @function
/* rdi = probe, rsi = target, rdx = where the registers go */
arch_probe_run:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	pushfq
	cli
	cld
	pushq %rdx
	movabsq $TOP_OF_STACK, %rax
	pushq %rax
	movq %rsp, probe_sp_before(%rip)
	movq PROBE_CODE(%rdi), %rax
	movq %rax, probe_code(%rip)
	cmpb $0, PROBE_USES_STACK(%rdi)
	movq %rsi, %rdi
	je 1f
	movq %rdi, %rsp
1:	movq %rsp, probe_sp_start(%rip)
	/* Flags without the stack, which may be sealed: sahf sets SF ZF AF PF CF; OF by an addition before. */
	movb $0x7f, %al
	addb $1, %al
	movb $FLAGS_PATTERN, %ah
	sahf
	PATTERN rax, 0x10
	PATTERN rbx, 0x18
	PATTERN rcx, 0x20
	PATTERN rdx, 0x28
	PATTERN rsi, 0x30
	PATTERN rbp, 0x38
	PATTERN r8, 0x40
	PATTERN r9, 0x48
	PATTERN r10, 0x50
	PATTERN r11, 0x58
	PATTERN r12, 0x60
	PATTERN r13, 0x68
	PATTERN r14, 0x70
	PATTERN r15, 0x78
	jmpq *probe_code(%rip)
	.size arch_probe_run, . - arch_probe_run

	.type probe_done, @function
/* mov leaves the flags alone until they are stored. */
probe_done:
	movq %rsp, probe_sp_after(%rip)
	movq probe_sp_before(%rip), %rsp
	pushfq
	pushq %rax
	movq 24(%rsp), %rax
	movq %rbx, 8(%rax)
	movq %rcx, 16(%rax)
	movq %rdx, 24(%rax)
	movq %rsi, 32(%rax)
	movq %rdi, 40(%rax)
	movq %rbp, 48(%rax)
	movq %r8, 64(%rax)
	movq %r9, 72(%rax)
	movq %r10, 80(%rax)
	movq %r11, 88(%rax)
	movq %r12, 96(%rax)
	movq %r13, 104(%rax)
	movq %r14, 112(%rax)
	movq %r15, 120(%rax)
	popq %rcx
	movq %rcx, (%rax)
	popq 128(%rax)
	movq probe_sp_after(%rip), %rcx
	subq probe_sp_start(%rip), %rcx
	movq %rcx, 56(%rax)
	cld
	addq $16, %rsp
	popq %rcx
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	testl $0x200, %ecx
	jz 1f
	sti
1:	ret
	.size probe_done, . - probe_done

	.bss
	.balign 8
probe_sp_before: /* the ordinary stack */
	.skip 8
probe_sp_start: /* RSP when the probe began */
	.skip 8
probe_sp_after:
	.skip 8
probe_code:
	.skip 8
	.section .note.GNU-stack, "", @progbits
