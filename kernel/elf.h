/* SPDX-License-Identifier: MIT */
/*
 * kernel/elf.h: is it a program that this kernel can load, and what goes where? System V gABI, chapters 4 and 5: static
 * executables, ELF64, little-endian. Pure, any context.
 */
#ifndef AMBER_ELF_H
#define AMBER_ELF_H

#include <amber/abi.h>
#include <amber/annotate.h>
#include <amber/error.h>

#define ELF_SEGMENTS_MAX 8
#define ELF_PAGES_MAX    32768 /* of one segment: as many as a memory object has */

struct elf_segment {
	vaddr_t start;          /* page aligned */
	uint32_t pages;         /* at least 1 */
	uint32_t perms;         /* MAP_READ and perhaps one more */
	const uint8_t *data;    /* in the file; zeros behind */
	uint64_t data_bytes;    /* at most pages * PAGE_SIZE */
};

struct elf_program {
	vaddr_t entry;          /* in an executable segment */
	unsigned segment_count; /* at least 1; no two share a page; all within the user half */
	struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* machine: EM_… of this kernel. An error: *why says what is wrong. */
enum error elf_check(const uint8_t *elf, size_t bytes, uint16_t machine, struct elf_program *program,
                     const char **why) __must_check;

#endif
