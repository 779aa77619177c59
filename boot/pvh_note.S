/* SPDX-License-Identifier: MIT */
/*
 * boot/pvh_note.S: tells QEMU's -kernel (and Xen) the physical address at which to enter in 32-bit mode. The
 * note's section is aligned to 4: with 8 QEMU does not see it.
 */
#include <amber/layout.h>

#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define IMAGE_PHYS               0x200000

	.section .note.pvh, "a", @note
	.balign 4
	.long 4                        /* bytes of the name */
	.long 8                        /* bytes of the value */
	.long XEN_ELFNOTE_PHYS32_ENTRY
	.asciz "Xen"
	.quad entry_pvh - (IMAGE_BASE - IMAGE_PHYS)
	.section .note.GNU-stack, "", @progbits
