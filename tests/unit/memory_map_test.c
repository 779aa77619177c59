/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/memory_map_test.c: sorting, cutting to pages, overlaps, limits; and random maps against a
 * page-by-page model.
 *
 * sources: mm/memory_map.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amber/memory_map.h>

static void add(struct memory_map *map, paddr_t start, uint64_t bytes, enum memory_kind kind)
{
	assert_int_equal(memory_map_add(map, start, bytes, kind), OK);
}

static void assert_range(const struct memory_map *map, unsigned i, paddr_t start, paddr_t end, enum memory_kind kind)
{
	assert_true(i < map->count);
	assert_int_equal(map->ranges[i].start, start);
	assert_int_equal(map->ranges[i].end, end);
	assert_int_equal(map->ranges[i].kind, kind);
}

static void test_sorts_and_joins(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x300000, 0x100000, MEMORY_USABLE);
	add(&map, 0x100000, 0x100000, MEMORY_USABLE);
	add(&map, 0x200000, 0x100000, MEMORY_USABLE);
	add(&map, 0x800000, 0x1000, MEMORY_RESERVED);
	assert_int_equal(memory_map_finish(&map), OK);
	assert_int_equal(map.count, 2);
	assert_range(&map, 0, 0x100000, 0x400000, MEMORY_USABLE);
	assert_range(&map, 1, 0x800000, 0x801000, MEMORY_RESERVED);
	assert_int_equal(memory_map_bytes(&map, MEMORY_USABLE), 0x300000);
	assert_int_equal(memory_map_lowest(&map, MEMORY_USABLE), 0x100000);
	assert_int_equal(memory_map_highest(&map, MEMORY_USABLE), 0x400000);
	assert_int_equal(memory_map_highest(&map, MEMORY_ACPI), 0);
}

static void test_cuts_to_pages(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x0, 0x9fc00, MEMORY_USABLE);         /* a PC's low memory */
	add(&map, 0x9fc00, 0x400, MEMORY_RESERVED);
	add(&map, 0x100001, 0x2ffe, MEMORY_USABLE);     /* [0x101000, 0x102000) is whole */
	add(&map, 0x200800, 0x700, MEMORY_USABLE);      /* no whole page: nothing */
	add(&map, 0x300fff, 2, MEMORY_ACPI);            /* touches two pages: both */
	assert_int_equal(memory_map_finish(&map), OK);
	assert_int_equal(map.count, 4);
	assert_range(&map, 0, 0x0, 0x9f000, MEMORY_USABLE);
	assert_range(&map, 1, 0x9f000, 0xa0000, MEMORY_RESERVED);
	assert_range(&map, 2, 0x101000, 0x102000, MEMORY_USABLE);
	assert_range(&map, 3, 0x300000, 0x302000, MEMORY_ACPI);
}

static void test_stricter_kind_wins(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x100000, 0x10000, MEMORY_USABLE);
	add(&map, 0x102000, 0x4000, MEMORY_BOOT);
	add(&map, 0x104000, 0x4000, MEMORY_ACPI);
	add(&map, 0x107000, 0x2000, MEMORY_RESERVED);
	add(&map, 0x107000, 0x1000, MEMORY_USABLE); /* the loader contradicts itself */
	assert_int_equal(memory_map_finish(&map), OK);
	assert_int_equal(map.count, 5);
	assert_range(&map, 0, 0x100000, 0x102000, MEMORY_USABLE);
	assert_range(&map, 1, 0x102000, 0x104000, MEMORY_BOOT);
	assert_range(&map, 2, 0x104000, 0x107000, MEMORY_ACPI);
	assert_range(&map, 3, 0x107000, 0x109000, MEMORY_RESERVED);
	assert_range(&map, 4, 0x109000, 0x110000, MEMORY_USABLE);
}

static void test_reserve_and_finish_again(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x100000, 0x100000, MEMORY_USABLE);
	assert_int_equal(memory_map_finish(&map), OK);
	assert_int_equal(memory_map_reserve(&map, 0x120800, 0x121001, MEMORY_BOOT), OK);
	assert_int_equal(memory_map_reserve(&map, 0x2000, 0x1000, MEMORY_BOOT), ERR_RANGE);
	assert_int_equal(memory_map_finish(&map), OK);
	assert_int_equal(map.count, 3);
	assert_range(&map, 1, 0x120000, 0x122000, MEMORY_BOOT);
	assert_true(memory_map_is(&map, 0x120000, 0x121fff, MEMORY_BOOT));
	assert_false(memory_map_is(&map, 0x11f000, 0x121000, MEMORY_BOOT));
	assert_false(memory_map_is(&map, 0x11f000, 0x121000, MEMORY_USABLE));
	assert_true(memory_map_is(&map, 0x100000, 0x120000, MEMORY_USABLE));
	assert_false(memory_map_is(&map, 0x100000, 0x100000, MEMORY_USABLE));
	assert_int_equal(memory_map_finish(&map), OK);
	assert_int_equal(map.count, 3);
}

static void test_refuses_absurd_ranges(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	assert_int_equal(memory_map_add(&map, 0x1000, 0, MEMORY_USABLE), OK);
	assert_int_equal(memory_map_add(&map, UINT64_MAX, 0, MEMORY_USABLE), OK);
	assert_int_equal(memory_map_add(&map, 0x1000, UINT64_MAX, MEMORY_USABLE), ERR_RANGE);
	assert_int_equal(memory_map_add(&map, UINT64_MAX - 0xfff, 0x2000, MEMORY_USABLE), ERR_RANGE);
	assert_int_equal(memory_map_add(&map, 1ull << 48, 1, MEMORY_RESERVED), ERR_RANGE);
	assert_int_equal(memory_map_add(&map, (1ull << 48) - 1, 2, MEMORY_RESERVED), ERR_RANGE);
	assert_int_equal(map.count, 0);
	assert_int_equal(memory_map_finish(&map), ERR_NOT_FOUND);
	add(&map, (1ull << 48) - 1, 1, MEMORY_RESERVED);
	assert_int_equal(memory_map_finish(&map), ERR_NOT_FOUND);
	assert_range(&map, 0, (1ull << 48) - PAGE_SIZE, 1ull << 48, MEMORY_RESERVED);
	add(&map, 0, 0xfff, MEMORY_USABLE);
	assert_int_equal(memory_map_finish(&map), ERR_NOT_FOUND);
}

static void test_no_usable_page_left(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0x1000, 0x3000, MEMORY_USABLE);
	add(&map, 0x1fff, 0x1002, MEMORY_RESERVED);
	assert_int_equal(memory_map_finish(&map), ERR_NOT_FOUND);
	assert_int_equal(memory_map_bytes(&map, MEMORY_RESERVED), 0x3000);
}

static void test_too_many_ranges(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	for (unsigned i = 0; i < MEMORY_RANGES_MAX; i++)
		add(&map, 0x10000 * (MEMORY_RANGES_MAX - i), 0x1000, MEMORY_USABLE);
	assert_int_equal(memory_map_add(&map, 0x8000000, 0x1000, MEMORY_USABLE), ERR_FULL);
	assert_true(map.overflowed);
	assert_int_equal(memory_map_finish(&map), OK);
	assert_int_equal(map.count, MEMORY_RANGES_MAX);
	assert_true(map.overflowed);
	assert_range(&map, 0, 0x10000, 0x11000, MEMORY_USABLE);
}

static void test_splitting_needs_too_many(void **state)
{
	struct memory_map map = { 0 };

	(void)state;
	add(&map, 0, 0x1000000, MEMORY_USABLE);
	for (unsigned i = 0; i < MEMORY_RANGES_MAX / 2; i++) /* 1 + 32 ranges in, 65 out */
		add(&map, 0x10000 * (i + 1), 0x1000, MEMORY_RESERVED);
	assert_int_equal(memory_map_finish(&map), ERR_FULL);
	assert_true(map.overflowed);
}

/* A random map in a small space, judged page by page and byte by byte. */
#define MODEL_PAGES 24

struct model_range {
	uint64_t start, bytes;
	enum memory_kind kind;
};

static void model_check(const struct memory_map *map, const struct model_range *ranges, unsigned count, unsigned page)
{
	static const int strictness[] = {
		[MEMORY_USABLE] = 1, [MEMORY_BOOT] = 2, [MEMORY_ACPI] = 3, [MEMORY_RESERVED] = 4,
	};
	uint64_t start = page * PAGE_SIZE, end = start + PAGE_SIZE;
	bool covered_by_one = false, said = false;
	static bool byte_usable[PAGE_SIZE];
	int strictest = 1;
	enum memory_kind kind = MEMORY_USABLE;

	memset(byte_usable, 0, sizeof(byte_usable));
	for (unsigned i = 0; i < count; i++) {
		uint64_t from = MAX(ranges[i].start, start), to = MIN(ranges[i].start + ranges[i].bytes, end);

		if (from >= to)
			continue;
		if (ranges[i].kind == MEMORY_USABLE) {
			memset(byte_usable + from - start, 1, to - from);
			covered_by_one |= to - from == PAGE_SIZE;
		} else if (strictness[ranges[i].kind] > strictest) {
			strictest = strictness[ranges[i].kind];
			kind = ranges[i].kind;
		}
	}
	for (int k = MEMORY_USABLE; k <= MEMORY_BOOT; k++) {
		if (!memory_map_is(map, start, end, (enum memory_kind)k))
			continue;
		said = true;
		assert_int_equal(k, kind);
		if (k == MEMORY_USABLE)
			assert_null(memchr(byte_usable, 0, PAGE_SIZE));
	}
	assert_true(said || (kind == MEMORY_USABLE && !covered_by_one));
}

static void test_random_maps(void **state)
{
	(void)state;
	srand(4711);
	for (unsigned run = 0; run < 3000; run++) {
		struct memory_map map = { 0 };
		struct model_range ranges[12];
		unsigned count = (unsigned)rand() % 12 + 1;
		enum error error;

		for (unsigned i = 0; i < count; i++) {
			ranges[i].start = (uint64_t)rand() % (MODEL_PAGES * PAGE_SIZE);
			if (rand() % 2)
				ranges[i].start = ALIGN_DOWN(ranges[i].start, PAGE_SIZE);
			ranges[i].bytes = (uint64_t)rand() % (6 * PAGE_SIZE);
			ranges[i].kind = rand() % 2 ? MEMORY_USABLE : (enum memory_kind)(rand() % 4);
			add(&map, ranges[i].start, ranges[i].bytes, ranges[i].kind);
		}
		error = memory_map_finish(&map);
		assert_true(error == OK || error == ERR_NOT_FOUND);
		assert_int_equal(error == OK, memory_map_bytes(&map, MEMORY_USABLE) > 0);
		for (unsigned i = 1; i < map.count; i++) {
			assert_true(map.ranges[i - 1].end <= map.ranges[i].start);
			assert_true(map.ranges[i - 1].end < map.ranges[i].start || map.ranges[i - 1].kind != map.ranges[i].kind);
		}
		for (unsigned page = 0; page < MODEL_PAGES + 8; page++)
			model_check(&map, ranges, count, page);
	}
}

static void test_kind_texts(void **state)
{
	(void)state;
	assert_string_equal(memory_kind_text(MEMORY_USABLE), "usable");
	assert_string_equal(memory_kind_text(MEMORY_BOOT), "boot");
	assert_string_equal(memory_kind_text((enum memory_kind)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorts_and_joins),        cmocka_unit_test(test_cuts_to_pages),
		cmocka_unit_test(test_stricter_kind_wins),     cmocka_unit_test(test_reserve_and_finish_again),
		cmocka_unit_test(test_refuses_absurd_ranges),  cmocka_unit_test(test_no_usable_page_left),
		cmocka_unit_test(test_too_many_ranges),        cmocka_unit_test(test_splitting_needs_too_many),
		cmocka_unit_test(test_random_maps),            cmocka_unit_test(test_kind_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
