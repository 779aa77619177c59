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
	adrp	x4, boot_root_low
	adrp	x5, boot_root_high      /* ASID 0: none of the kernel's own */
	bl	mmu_on
	ldr	x0, =entry_high
	br	x0
FUNCTION_END(entry_start)

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
