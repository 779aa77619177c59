/* SPDX-License-Identifier: MIT */
/*
 * boot/image_header.S: the header of an arm64 Linux "Image" (Documentation/arch/arm64/booting.rst): the
 * first 64 bytes of the flat file. The loader enters at its first byte with x0 = device tree, MMU off.
 */
	.section .head.text, "ax"
	.globl image_header
	.type image_header, %object
image_header:
	b	entry_start
	.long	0
	.quad	0               /* text_offset: right at a 2 MiB boundary */
	.quad	__image_bytes   /* .bss included */
	.quad	0xa             /* little endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0               /* no PE header */
	.size image_header, . - image_header
