/* SPDX-License-Identifier: MIT */
/* user/archive.S: the programs, as one cpio archive, in the kernel file: linker/amber.ld.S gives it pages of its own. */
	.section .user_archive, "a"
	.balign 8
	.incbin ARCHIVE
