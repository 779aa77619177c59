/* SPDX-License-Identifier: MIT */
/*
 * untrusted_input.h: for the tests of the boot parsers: memory that ends at a guard page, so that reading
 * one byte too many is a fault also inside libraries without a sanitizer; seeded random damage; and what
 * must hold of a boot_info, whatever came in. Included once by each test.
 */
#ifndef AMBER_UNTRUSTED_INPUT_H
#define AMBER_UNTRUSTED_INPUT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "boot_entries.h"
#include "boot_fill.h"
#include <amber/upcalls.h>

#define WHY_BYTES 160

/* `bytes` (a multiple of 8) zeros; the byte behind them can't be touched. */
static inline uint8_t *guarded_new(size_t bytes)
{
	size_t mapped = ALIGN_UP(bytes, PAGE_SIZE);
	uint8_t *base = mmap(NULL, mapped + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(base != MAP_FAILED);
	assert_int_equal(mprotect(base + mapped, PAGE_SIZE, PROT_NONE), 0);
	return base + mapped - bytes;
}

static inline void guarded_free(uint8_t *memory, size_t bytes)
{
	size_t mapped = ALIGN_UP(bytes, PAGE_SIZE);

	munmap(memory + bytes - mapped, mapped + PAGE_SIZE);
}

static uint64_t random_state = 0x5ea1ed;

/* xorshift64*: the same numbers in every run. */
static inline uint64_t random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

/* Changes one to eight places in [0, bytes), mostly to values at the edge of something. */
static inline void damage(uint8_t *memory, size_t bytes)
{
	static const uint32_t edges[] = { 0, 1, 7, 8, 0x7f, 0xff, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };

	for (unsigned i = random_next() % 8 + 1; i > 0; i--) {
		size_t at = random_next() % bytes;
		uint32_t value = random_next() % 2 ? edges[random_next() % ARRAY_SIZE(edges)] : (uint32_t)random_next();
		size_t width = random_next() % 2 ? 1 : MIN(sizeof(value), bytes - at);

		memcpy(memory + at, &value, width);
	}
}

/* What a parser promises: either a reason of printable characters, or a map that can be used. */
static inline void assert_parsed(enum error error, const struct boot_info *info, const char *why)
{
	assert_true(info->cmdline_bytes <= CMDLINE_MAX);
	assert_int_equal(strlen(info->cmdline), info->cmdline_bytes);
	assert_true(memchr(why, 0, WHY_BYTES) != NULL);
	if (error != OK) {
		assert_true(strlen(why) > 8);
		for (const char *c = why; *c; c++)
			assert_in_range(*c, 0x20, 0x7e);
		return;
	}
	assert_string_equal(why, "");
	assert_true(memory_map_bytes(&info->memory, MEMORY_USABLE) >= PAGE_SIZE);
	assert_true(info->cpu_count >= 1);
	for (unsigned i = 0; i < info->memory.count; i++) {
		const struct memory_range *range = &info->memory.ranges[i];

		assert_int_equal((range->start | range->end) & PAGE_MASK, 0);
		assert_true(range->start < range->end && range->end <= 1ull << 48);
		assert_true(i == 0 || range[-1].end <= range->start);
	}
}

#endif
