/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/entry.S: from the loader to the first line of C. Entered at EL1 or EL2 with x0 = physical
 * address of the device tree, MMU and data cache off, interrupts masked, image at any 2 MiB boundary in the
 * first 256 GiB: everything is relative to the program counter until the MMU is on. Builds the boot tables
 * (init memory, dropped when the kernel's own are live) and calls fdt_entry on the boot stack.
 *
 *   x19 physical address of the image   x20 device tree   x21 time at entry   x22 kind of the PMU
 */
#include <amber/layout.h>

#include "function.h"
#include "registers.h"

	.arch armv8.1-a

/* Leaves of the boot tables: valid, accessed, inner shareable, not global; devices never executable. */
#define BLOCK_NORMAL (0xf01 | (MAIR_NORMAL << 2) | (1 << 54))
#define BLOCK_DEVICE (0xf01 | (MAIR_DEVICE << 2) | (1 << 54) | (1 << 53))
#define TABLE        3
#define SLOT(va)     (((va) >> 39) & 511)
#define ENTRY(index) ((index) * 8)

	.section .init.bss, "aw", %nobits
	.balign	4096
boot_tables:
boot_root_low:      .skip 4096
boot_root_high:     .skip 4096
boot_gigabytes:     .skip 4096 /* 512 blocks of 1 GiB: identity, direct map and window alike */
boot_image_root:    .skip 4096
boot_image_blocks:  .skip 4096
boot_tables_end:
	.skip	16384
boot_stack_top:

	.section .init.text, "ax"

FUNCTION(entry_start)
	msr	daifset, #15
	msr	spsel, #1
	mov	x20, x0
	bl	el2_drop
	mrs	x21, cntvct_el0
	bl	pmu_start
	.globl	bench_boot_to_seal_begin
bench_boot_to_seal_begin:               /* executed at its physical address */
	mov	x22, x0
	adrp	x19, __image_start
	bl	fill_boot_tables
	bl	mmu_on
	ldr	x0, =entry_high
	br	x0
FUNCTION_END(entry_start)

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
	msr	pmuserenr_el0, xzr
	msr	pmcntenset_el0, x4
	msr	pmcr_el0, x5
	isb
2:	ret
FUNCTION_END(pmu_start)

/* x19 = image. Clobbers x1 to x8. */
FUNCTION(fill_boot_tables)
	adrp	x1, boot_gigabytes
	ldr	x2, =BLOCK_NORMAL
	ldr	x3, =BLOCK_DEVICE
	mov	x4, #0
1:	sub	x5, x4, #1              /* blocks 1 to 255 hold RAM; devices lie below and above */
	cmp	x5, #255
	csel	x6, x2, x3, lo
	orr	x6, x6, x4, lsl #30
	str	x6, [x1, x4, lsl #3]
	add	x4, x4, #1
	cmp	x4, #512
	b.lo	1b

	orr	x1, x1, #TABLE
	adrp	x4, boot_root_low
	str	x1, [x4]
	adrp	x4, boot_root_high
	str	x1, [x4, #ENTRY(SLOT(DIRECT_MAP_BASE))]
	str	x1, [x4, #ENTRY(SLOT(WINDOW_BASE))]
	adrp	x5, boot_image_root
	orr	x6, x5, #TABLE
	str	x6, [x4, #ENTRY(SLOT(IMAGE_BASE))]
	adrp	x4, boot_image_blocks
	orr	x6, x4, #TABLE
	str	x6, [x5, #ENTRY((IMAGE_BASE >> 30) & 511)]
	add	x4, x4, #ENTRY((IMAGE_BASE >> 21) & 511)
	orr	x5, x19, x2
	ldr	x6, =__image_bytes
	add	x6, x6, x5
1:	str	x5, [x4], #8
	add	x5, x5, #(1 << 21)
	cmp	x5, x6
	b.lo	1b

	/* These stores went past the caches: lines that were fetched before must not be seen by the walker. */
	dmb	sy
	mrs	x1, ctr_el0
	ubfx	x1, x1, #16, #4         /* DminLine: log2 of words */
	mov	x2, #4
	lsl	x2, x2, x1
	adrp	x1, boot_tables
	adrp	x3, boot_tables_end
1:	dc	ivac, x1
	add	x1, x1, x2
	cmp	x1, x3
	b.lo	1b
	dsb	sy
	ret
FUNCTION_END(fill_boot_tables)

/* Every control register is written absolutely: firmware differs in what it leaves. Clobbers x0 to x3. */
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
	msr	tcr_el1, x0
	adrp	x0, boot_root_low
	msr	ttbr0_el1, x0
	adrp	x0, boot_root_high      /* ASID 0: none of the kernel's own */
	msr	ttbr1_el1, x0
	msr	cpacr_el1, xzr          /* FP and SIMD trap */
	msr	mdscr_el1, xzr
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

/* At the image's own addresses now. */
FUNCTION(entry_high)
	adrp	x0, early_vectors
	add	x0, x0, #:lo12:early_vectors
	msr	vbar_el1, x0
	adrp	x0, boot_stack_top
	add	x0, x0, #:lo12:boot_stack_top
	mov	sp, x0
	mov	x29, xzr
	mov	x30, xzr
	isb
	adrp	x0, __bss_start         /* the file doesn't hold it */
	adrp	x1, __bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	adrp	x0, arch_image_phys
	str	x19, [x0, #:lo12:arch_image_phys]
	adrp	x0, entry_time
	str	x21, [x0, #:lo12:entry_time]
	adrp	x0, pmu_kind
	str	w22, [x0, #:lo12:pmu_kind]
	bl	uart_start
	mov	x0, x20
	bl	fdt_entry
	brk	#1
FUNCTION_END(entry_high)
	.ltorg
