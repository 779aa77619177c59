/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/el2_drop.S: from EL2 down to EL1, with nothing left that traps to EL2. MMU off, no stack;
 * called first by every CPU (bringup.S, entry.S). At EL1 it does nothing. There is no hypervisor afterwards: the vectors of EL2
 * keep whatever the firmware left, only PSCI calls go above EL1.
 */
#include "function.h"
#include "registers.h"

/* Fine-grained trap registers: the assembler knows their names only for Armv8.6. */
#define HFGRTR_EL2  s3_4_c1_c1_4
#define HFGWTR_EL2  s3_4_c1_c1_5
#define HFGITR_EL2  s3_4_c1_c1_6
#define HDFGRTR_EL2 s3_4_c3_c1_4
#define HDFGWTR_EL2 s3_4_c3_c1_5

#define HCR_API     (1 << 41) /* pointer authentication instructions don't trap */
#define HCR_APK     (1 << 40)
#define HCR_RW      (1 << 31) /* EL1 is AArch64 */
#define CPTR_RES1   0x33ff    /* FP isn't trapped here (E2H = 0 layout) */

	.text

/* Clobbers x0 to x2. */
FUNCTION(el2_drop)
	mrs	x0, currentel
	cmp	x0, #(2 << 2)
	b.ne	2f
	ldr	x0, =(HCR_API | HCR_APK | HCR_RW)
	msr	hcr_el2, x0
	isb                             /* E2H = 0 decides what the registers below mean */
	mov	x0, #3                  /* EL1 may read the physical counter and timer */
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	ldr	x0, =CPTR_RES1
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	msr	vttbr_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	/* Debug exceptions stay at EL1 (TDE = 0, single step needs it); HPMN = all counters are EL1's. */
	mrs	x0, id_aa64dfr0_el1
	ubfx	x0, x0, #8, #4
	sub	x1, x0, #1
	mov	x0, #0
	cmp	x1, #14                 /* 0 and 15: no PMU of this architecture */
	b.hs	1f
	mrs	x0, pmcr_el0
	ubfx	x0, x0, #11, #5
1:	msr	mdcr_el2, x0
	mrs	x0, id_aa64mmfr0_el1
	ubfx	x0, x0, #56, #4         /* FEAT_FGT */
	cbz	x0, 1f
	msr	HFGRTR_EL2, xzr
	msr	HFGWTR_EL2, xzr
	msr	HFGITR_EL2, xzr
	msr	HDFGRTR_EL2, xzr
	msr	HDFGWTR_EL2, xzr
1:	ldr	x0, =SCTLR_OFF
	msr	sctlr_el1, x0
	mov	x0, #(PSTATE_MASKS | PSTATE_EL1H)
	msr	spsr_el2, x0
	msr	elr_el2, x30
	eret
2:	ret
FUNCTION_END(el2_drop)
	.ltorg
