/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/arena_plan_test.c: where the arena lies on machines of many sizes, how it is divided, and that it lies in free
 * memory beside the image wherever one looks.
 *
 * sources: mm/arena_plan.c mm/memory_map.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arena_plan.h"

#define RING KIB(128)

static struct memory_map map;
static struct arena_plan plan;

static void start(paddr_t from, paddr_t to)
{
	map = (struct memory_map){ 0 };
	assert_int_equal(memory_map_add(&map, from, to - from, MEMORY_USABLE), OK);
}

static void take(paddr_t from, paddr_t to, enum memory_kind kind)
{
	assert_int_equal(memory_map_reserve(&map, from, to, kind), OK);
}

static enum error make(paddr_t image, paddr_t image_end)
{
	take(image, image_end, MEMORY_BOOT);
	assert_int_equal(memory_map_finish(&map), OK);
	return arena_plan_make(&plan, &map, image, image_end, RING);
}

/* What holds for every plan. */
static void check(paddr_t image, paddr_t image_end)
{
	assert_true(!(plan.start & BLOCK_MASK) && !(plan.end & BLOCK_MASK) && plan.end - plan.start == plan.bytes);
	assert_true(memory_map_is(&map, plan.start, plan.end, MEMORY_USABLE));
	assert_true(plan.end <= ALIGN_DOWN(image, BLOCK_SIZE) || plan.start >= ALIGN_UP(image_end, BLOCK_SIZE));
	assert_true(plan.ring == plan.start && plan.frame_table == plan.ring + RING);
	assert_true(plan.free - plan.frame_table >= plan.frames * 4 && plan.free - plan.frame_table < plan.frames * 4 + PAGE_SIZE);
	assert_true(plan.end - plan.free >= KIB(512)); /* tables, stacks and shadows of one CPU */
	for (unsigned i = 0; i < map.count; i++) /* the frame table covers all RAM */
		if (map.ranges[i].kind == MEMORY_USABLE || map.ranges[i].kind == MEMORY_BOOT) {
			assert_true(map.ranges[i].start >> PAGE_SHIFT >= plan.first_frame);
			assert_true(map.ranges[i].end >> PAGE_SHIFT <= plan.first_frame + plan.frames);
		}
	assert_true(!((plan.first_frame << PAGE_SHIFT) & BLOCK_MASK) && !(plan.frames % 512));
}

static void plan_at(paddr_t image, paddr_t image_end, paddr_t wanted)
{
	assert_int_equal(make(image, image_end), OK);
	check(image, image_end);
	assert_int_equal(plan.start, wanted);
}

static void test_sizes(void **state)
{
	(void)state;
	start(0, MIB(128));
	plan_at(MIB(2), MIB(5), MIB(32));
	assert_int_equal(plan.bytes, MIB(2));
	start(0, MIB(64)); /* just twice the offset */
	plan_at(MIB(2), MIB(5), MIB(32));
	start(0, MIB(64) - PAGE_SIZE);
	plan_at(MIB(2), MIB(5), MIB(6));
	start(0x40000000, 0x48000000); /* counted from where RAM starts */
	plan_at(0x40200000, 0x40500000, 0x42000000);
	start(MIB(1), MIB(4096)); /* a frame table of 4 MiB */
	plan_at(MIB(2), MIB(5), MIB(32));
	assert_int_equal(plan.bytes, MIB(6));
}

static void test_the_usual_place_is_taken(void **state)
{
	(void)state;
	start(0, MIB(128));
	plan_at(MIB(30), MIB(33), MIB(34));
	start(0, MIB(128));
	take(MIB(33), MIB(33) + 1, MEMORY_RESERVED);
	plan_at(MIB(2), MIB(5), MIB(6));
	start(0, MIB(128));
	plan_at(MIB(33), MIB(33) + PAGE_SIZE, MIB(34)); /* not in the image's own block */
	start(0, MIB(128));
	take(MIB(7), MIB(127), MEMORY_ACPI);
	assert_int_equal(make(MIB(2), MIB(6)), ERR_NO_MEMORY);
	assert_int_equal(plan.bytes, MIB(2)); /* to say how much it needs */
}

static void test_edges(void **state)
{
	(void)state;
	start(0, MIB(8));
	plan_at(MIB(2), MIB(6), MIB(6)); /* the last block there is */
	start(0, MIB(8));
	assert_int_equal(make(MIB(2), MIB(6) + PAGE_SIZE), ERR_NO_MEMORY);
	start(0, MIB(8) - PAGE_SIZE);
	assert_int_equal(make(MIB(2), MIB(6)), ERR_NO_MEMORY);
	start(MIB(4), MIB(16)); /* the image below all usable memory: the frame table reaches down to it */
	plan_at(MIB(2), MIB(3), MIB(4));
	assert_int_equal(plan.first_frame, 512);
}

static void test_random_memories(void **state)
{
	unsigned planned = 0;

	(void)state;
	srand(3);
	for (unsigned round = 0; round < 5000; round++) {
		paddr_t from = rand() % 2 * 0x40000000ull, image = from + MIB(2) * (rand() % 20), image_end = image + PAGE_SIZE * (1 + rand() % 1500);

		start(from, from + MIB(8) + PAGE_SIZE * (rand() % 40000));
		for (unsigned i = rand() % 6; i; i--) {
			paddr_t hole = from + PAGE_SIZE * (rand() % 30000);

			take(hole, hole + PAGE_SIZE * (rand() % 1000), 1 + rand() % 3);
		}
		if (make(image, image_end) == OK) {
			check(image, image_end);
			planned++;
		}
	}
	assert_true(planned > 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_the_usual_place_is_taken),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_random_memories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
