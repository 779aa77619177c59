/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/bringup.S: what every CPU does before its first line of C, the first one (entry.S) and those that PSCI starts
 * later (secondary_start). MMU off, no stack; relative to the program counter. Not init code: a CPU may come up late.
 */
#include <amber/percpu.h>

#include "function.h"
#include "registers.h"

	.arch armv8.1-a

	.text

/* x0 = physical address of struct bringup (smp.c). The bring-up root maps this code at its physical address. */
FUNCTION(secondary_start)
	msr	daifset, #15
	msr	spsel, #1
	mov	x20, x0
	bl	el2_drop
	bl	pmu_start
	ldp	x4, x5, [x20]
	ldr	x26, [x20, #16]
	bl	mmu_on
	ldr	x0, =secondary_high
	br	x0
FUNCTION_END(secondary_start)

/* At the image's own addresses, the kernel's tables loaded; x26 = struct percpu. The low half translates nothing any more, and
 * what is writable is never executable (arch/aarch64/cpu.c: leave_boot_tables). */
FUNCTION(secondary_high)
	mrs	x0, sctlr_el1
	orr	x0, x0, #(1 << SCTLR_WXN_BIT)
	msr	sctlr_el1, x0
	adrp	x0, user_empty_root
	ldr	x0, [x0, #:lo12:user_empty_root]
	msr	ttbr0_el1, x0
	isb
	tlbi	vmalle1
	dsb	nsh
	isb
	msr	tpidr_el1, x26
	ldr	x0, [x26, #PERCPU_IDLE_SP]
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	mov	x0, x26
	bl	cpu_main
	brk	#1
FUNCTION_END(secondary_high)

/* Event counter 0 counts executed instructions from here on. x0 := PMU_…; clobbers x1 to x6. */
FUNCTION(pmu_start)
	mov	x0, #PMU_NONE
	mrs	x1, id_aa64dfr0_el1
	ubfx	x1, x1, #8, #4          /* PMUVer: 0 and 15 = none of this architecture, 6 = v3p5 */
	sub	x2, x1, #1
	cmp	x2, #14
	b.hs	2f
	mrs	x3, pmcr_el0
	ubfx	x3, x3, #11, #5         /* how many event counters */
	cbz	x3, 2f
	mov	x4, #PMU_EVENT_INST_RETIRED
	msr	pmevtyper0_el0, x4
	mov	x0, #PMU_WIDE
	mov	x4, #1
	mov	x5, #0xc7               /* E, P, C; LC, LP: 64-bit counters */
	cmp	x1, #6
	b.hs	1f
	mov	x0, #PMU_NARROW
	mov	x5, #0x47
	cmp	x3, #2
	b.lo	1f
	mrs	x6, pmceid0_el0
	tbz	x6, #PMU_EVENT_CHAIN, 1f
	mov	x0, #PMU_CHAINED        /* counter 1 counts overflows of counter 0 */
	mov	x6, #PMU_EVENT_CHAIN
	msr	pmevtyper1_el0, x6
	mov	x4, #3
1:	mov	x6, #-1
	msr	pmintenclr_el1, x6
	mrs	x6, pmceid0_el0         /* user mode may read the counters if they count exactly (QEMU: under -icount) */
	ubfx	x6, x6, #PMU_EVENT_INST_RETIRED, #1
	lsl	x6, x6, #PMUSERENR_ER_BIT
	msr	pmuserenr_el0, x6
	msr	pmcntenset_el0, x4
	msr	pmcr_el0, x5
	isb
2:	ret
FUNCTION_END(pmu_start)

/* Every control register is written absolutely: firmware differs in what it leaves. x4 = root of
 * the low half, x5 = of the high half. Clobbers x0 to x3. */
FUNCTION(mmu_on)
	ldr	x0, =MAIR_VALUE
	msr	mair_el1, x0
	ldr	x0, =TCR_VALUE
	mrs	x1, id_aa64mmfr0_el1
	and	x1, x1, #15             /* PARange; may say 52 bits, which 4 KiB pages don't give */
	mov	x2, #TCR_IPS_48_BITS
	cmp	x1, x2
	csel	x1, x1, x2, lo
	orr	x0, x0, x1, lsl #TCR_IPS_SHIFT
	mrs	x1, id_aa64mmfr0_el1
	ubfx	x1, x1, #4, #4          /* ASIDBits: 2 = 16 bits, 0 = 8 */
	tbz	x1, #1, 1f
	orr	x0, x0, #(1 << TCR_AS_BIT)
1:	mrs	x1, id_aa64mmfr2_el1
	ubfx	x1, x1, #60, #4         /* E0PD */
	cbz	x1, 1f
	orr	x0, x0, #(1 << TCR_E0PD1_BIT)
1:	msr	tcr_el1, x0
	msr	ttbr0_el1, x4
	msr	ttbr1_el1, x5
	msr	cpacr_el1, xzr          /* FP and SIMD trap */
	mov	x0, #MDSCR_TDCC
	msr	mdscr_el1, x0
	mov	x0, #CNTKCTL_VALUE
	msr	cntkctl_el1, x0
	msr	oslar_el1, xzr          /* unlocked, else nothing single-steps */
	msr	tpidr_el1, xzr
	isb
	ldr	x0, =SCTLR_ON
	mrs	x1, id_aa64mmfr1_el1
	ubfx	x1, x1, #20, #4
	cbz	x1, 1f
	msr	pan, #1                 /* and, as SPAN stays 0, set again by every exception */
	b	2f
1:	orr	x0, x0, #SCTLR_SPAN     /* a bit that is 1 without PAN */
2:	tlbi	vmalle1
	dsb	nsh
	ic	iallu
	dsb	nsh
	isb
	msr	sctlr_el1, x0
	isb
	ret
FUNCTION_END(mmu_on)
	.ltorg
