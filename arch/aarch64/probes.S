/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/probes.S: the instructions that the dry_run_* self-tests run on a sealed and on an ordinary
 * page: each stores with one instruction, x1 = target, everything else from a fixed pattern. Run by
 * arch_probe_run in a thread, interrupts masked.
 */
#include "function.h"

	.arch armv8.1-a

#define PROBE_CODE       8  /* in struct dry_run_probe */
#define PROBE_USES_STACK 24
#define AFTER_SP         248
#define AFTER_NZCV       256
#define AFTER_UNUSED     264

	/* One row of the table (struct dry_run_probe), its name, and the code between PROBE and PROBE_END. */
	.macro PROBE name, offset, bytes, uses_stack=0
	.section .rodata.probe_names, "a"
.Lname_\name:
	.asciz	"\name"
	.section .rodata.probes, "a"
	.quad	.Lname_\name, probe_\name
	.word	\offset, \bytes
	.byte	\uses_stack
	.balign	8
	.text
	.type	probe_\name, %function
	.balign	4
probe_\name:
	.endm
	.macro PROBE_END name
	b	probe_done
	.size	probe_\name, . - probe_\name
	.endm
	/* A probe of one instruction. */
	.macro PROBE1 name, offset, bytes, instruction:vararg
	PROBE	\name, \offset, \bytes
	\instruction
	PROBE_END \name
	.endm

	.section .rodata.probes, "a"
	.balign	8
	.globl	arch_dry_run_probes
	.type	arch_dry_run_probes, %object
arch_dry_run_probes:

	PROBE1	store1, 0x41, 1, strb w2, [x1]
	PROBE1	store2, 0x42, 2, strh w2, [x1]
	PROBE1	store4, 0x44, 4, str w2, [x1]
	PROBE1	store8, 0x48, 8, str x2, [x1]
	PROBE1	store8_zero, 0x48, 8, str xzr, [x1]
	PROBE1	store_pair4, 0x48, 8, stp w2, w3, [x1]
	PROBE1	store_pair8, 0x50, 16, stp x2, x3, [x1]
	PROBE1	store_pair_hint, 0x50, 16, stnp x2, x3, [x1]
	PROBE1	store_pre, 0x80, 16, str x2, [x1, #8]!
	PROBE1	store_post, 0x80, 8, str x2, [x1], #16
	PROBE1	store_pair_pre, 0x80, 32, stp x2, x3, [x1, #16]!
	PROBE1	store_pair_post, 0x80, 16, stp x2, x3, [x1], #-16
	PROBE1	store_unscaled, 0x93, 8, stur x2, [x1, #-3]
	PROBE1	store_release, 0x98, 8, stlr x2, [x1]
	PROBE1	store_release1, 0x9b, 1, stlrb w2, [x1]
	PROBE	store_register_offset, 0xa0, 16
	mov	x3, #1
	str	x2, [x1, x3, lsl #3]
	PROBE_END store_register_offset
	PROBE1	ldadd4, 0x104, 4, ldadd w2, w3, [x1]
	PROBE1	ldadd8, 0x108, 8, ldadd x2, x3, [x1]
	PROBE1	stadd_zero, 0x110, 8, stadd xzr, [x1]
	PROBE1	ldset8, 0x118, 8, ldset x2, x3, [x1]
	PROBE1	ldclr8, 0x120, 8, ldclr x2, x3, [x1]
	PROBE1	swap1, 0x123, 1, swpb w2, w3, [x1]
	PROBE1	swap2, 0x124, 2, swph w2, w3, [x1]
	PROBE1	swap4, 0x128, 4, swp w2, w3, [x1]
	PROBE1	swap8, 0x130, 8, swp x2, x3, [x1]
	PROBE1	swap8_ordered, 0x138, 8, swpal x2, x3, [x1]
	PROBE	cas_succeeds, 0x140, 8
	ldr	x2, [x1]
	cas	x2, x3, [x1]
	PROBE_END cas_succeeds
	PROBE1	cas_fails, 0x148, 8, cas x2, x3, [x1]
	PROBE	casp_succeeds, 0x150, 16
	ldp	x2, x3, [x1]
	casp	x2, x3, x4, x5, [x1]
	PROBE_END casp_succeeds
	PROBE1	casp_fails, 0x160, 16, casp x2, x3, x4, x5, [x1]
	PROBE1	zero_block, 0x1a8, 24, dc zva, x1
	PROBE1	store8_straddle, -4, 8, str x2, [x1]
	PROBE1	store2_straddle, -1, 2, strh w2, [x1]
	PROBE1	store_pair_straddle, -8, 16, stp x2, x3, [x1]
	PROBE	push, 0x210, 16, 1
	str	x0, [sp, #-16]!
	PROBE_END push
	PROBE	push_pair, 0x230, 16, 1
	stp	x29, x2, [sp, #-16]!
	PROBE_END push_pair

	.section .rodata.probes, "a"
	.size	arch_dry_run_probes, . - arch_dry_run_probes
.Lprobes_end:
	.globl	arch_dry_run_probe_count
	.type	arch_dry_run_probe_count, %object
	.size	arch_dry_run_probe_count, 4
arch_dry_run_probe_count:
	.word	(.Lprobes_end - arch_dry_run_probes) / 32

/* Every byte differs from its neighbours and from its place in the other registers. */
	.balign	8
.Lpattern:
	.set	number, 0
	.rept	31
	.quad	0x1716151413121110 ^ (number * 0x0808080808080808)
	.set	number, number + 1
	.endr

	.text

/* void arch_probe_run(probe, target, after). The stack pointer waits in TPIDR_EL0, which the kernel doesn't
 * use: behind the probe every general register but x30 is a result. The SP in *after is relative to the one
 * before, unless the probe uses the target as its stack. */
FUNCTION(arch_probe_run)
	stp	x29, x30, [sp, #-144]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mrs	x3, daif
	mrs	x4, tpidr_el0
	ldrb	w5, [x0, #PROBE_USES_STACK]
	stp	x2, x3, [sp, #96]
	stp	x4, x5, [sp, #112]
	msr	daifset, #2
	mov	x3, sp
	msr	tpidr_el0, x3
	cbz	w5, 1f
	mov	sp, x1
1:	mov	x3, #0x60000000         /* Z and C */
	msr	nzcv, x3
	ldr	x30, [x0, #PROBE_CODE]
	adrp	x29, .Lpattern
	add	x29, x29, #:lo12:.Lpattern
	ldr	x0, [x29]
	ldp	x2, x3, [x29, #16]
	ldp	x4, x5, [x29, #32]
	ldp	x6, x7, [x29, #48]
	ldp	x8, x9, [x29, #64]
	ldp	x10, x11, [x29, #80]
	ldp	x12, x13, [x29, #96]
	ldp	x14, x15, [x29, #112]
	ldp	x16, x17, [x29, #128]
	ldp	x18, x19, [x29, #144]
	ldp	x20, x21, [x29, #160]
	ldp	x22, x23, [x29, #176]
	ldp	x24, x25, [x29, #192]
	ldp	x26, x27, [x29, #208]
	ldp	x28, x29, [x29, #224]
	br	x30
FUNCTION_END(arch_probe_run)

FUNCTION(probe_done)
	mrs	x30, tpidr_el0
	ldr	x30, [x30, #96]         /* after */
	stp	x0, x1, [x30]
	stp	x2, x3, [x30, #16]
	stp	x4, x5, [x30, #32]
	stp	x6, x7, [x30, #48]
	stp	x8, x9, [x30, #64]
	stp	x10, x11, [x30, #80]
	stp	x12, x13, [x30, #96]
	stp	x14, x15, [x30, #112]
	stp	x16, x17, [x30, #128]
	stp	x18, x19, [x30, #144]
	stp	x20, x21, [x30, #160]
	stp	x22, x23, [x30, #176]
	stp	x24, x25, [x30, #192]
	stp	x26, x27, [x30, #208]
	stp	x28, x29, [x30, #224]
	str	xzr, [x30, #240]
	mrs	x1, nzcv
	str	x1, [x30, #AFTER_NZCV]
	str	xzr, [x30, #AFTER_UNUSED]
	mov	x1, sp
	mrs	x0, tpidr_el0
	mov	sp, x0
	ldp	x4, x5, [sp, #112]
	cbnz	w5, 1f
	sub	x1, x1, x0
1:	str	x1, [x30, #AFTER_SP]
	msr	tpidr_el0, x4
	ldr	x3, [sp, #104]
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #144
	msr	daif, x3
	ret
FUNCTION_END(probe_done)
