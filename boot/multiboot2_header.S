/* SPDX-License-Identifier: MIT */
/*
 * boot/multiboot2_header.S: what GRUB looks for in the first 32 KiB of the file (Multiboot2 specification,
 * 3.1). Only the memory map and the entry are needed: a framebuffer is asked for, but optional. GRUB
 * stays in text mode where the menu says so (BIOS: gfxpayload=text in boot/grub.cfg), or without a display.
 */
#include <amber/layout.h>

#define MULTIBOOT2_MAGIC         0xe85250d6
#define MULTIBOOT2_I386          0
#define MULTIBOOT2_TAG_END       0
#define MULTIBOOT2_TAG_REQUEST   1
#define MULTIBOOT2_TAG_ENTRY     3
#define MULTIBOOT2_TAG_SCREEN    5
#define MULTIBOOT2_OPTIONAL      1
#define MULTIBOOT2_INFO_MEMORY   6
/* 80 × 25 cells of 8 × 16 pixels, doubled; another size will do as well. */
#define WANTED_WIDTH             1280
#define WANTED_HEIGHT            800
#define WANTED_BITS              32
#define MULTIBOOT2_HEADER_BYTES  (header_end - header_start)
#define IMAGE_PHYS               0x200000

	.section .multiboot2, "a"
	.balign 8
header_start:
	.long MULTIBOOT2_MAGIC
	.long MULTIBOOT2_I386
	.long MULTIBOOT2_HEADER_BYTES
	.long 0x100000000 - (MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + MULTIBOOT2_HEADER_BYTES)

	.balign 8
	.word MULTIBOOT2_TAG_REQUEST, 0
	.long 12
	.long MULTIBOOT2_INFO_MEMORY

	.balign 8
	.word MULTIBOOT2_TAG_ENTRY, 0
	.long 12
	.long entry_multiboot2 - (IMAGE_BASE - IMAGE_PHYS)

	.balign 8
	.word MULTIBOOT2_TAG_SCREEN, MULTIBOOT2_OPTIONAL
	.long 20
	.long WANTED_WIDTH, WANTED_HEIGHT, WANTED_BITS

	.balign 8
	.word MULTIBOOT2_TAG_END, 0
	.long 8
header_end:
	.section .note.GNU-stack, "", @progbits
