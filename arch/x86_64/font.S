/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/font.S: the console's font, 95 glyphs of 8 × 16 dots. tools/psf_font.py makes build/font.bin from the
 * PSF file of Debian's package console-setup-linux.
 */
	.section .rodata.screen_font, "a"
	.globl screen_font
	.type screen_font, @object
screen_font:
	.incbin "font.bin"
	.size screen_font, . - screen_font
	.section .note.GNU-stack, "", @progbits
