/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/phys_test.c: the frame allocator against a model of one flag per frame, on a small machine with holes.
 * sources: tests/unit/fake_kernel.c tests/unit/fake_machine/fake_machine.c
 * sources: tests/unit/fake_machine/fake_events.c tests/unit/fake_machine/table_walk.c kernel/format.c
 * sources: mm/arena.c mm/arena_plan.c mm/frame.c mm/frame_run.c mm/gate.c mm/gate_calls.c mm/gate_cpus.c mm/gate_dry.c
 * sources: mm/gate_fast.c mm/gate_frames.c mm/gate_lock.c mm/gate_records.c mm/gate_run.c mm/pagetable.c mm/percpu_map.c
 * sources: mm/kernel_map.c mm/memory_map.c mm/phys.c mm/shootdown.c mm/gate_spaces.c mm/gate_user.c mm/gate_user_seal.c mm/call_gate.c mm/vdso_pages.c
 * flags: -include tests/unit/fake_machine/layout.h -I tests/unit/fake_machine -I arch/x86_64 -no-pie -fno-pie
 * flags: -Wl,-T,tests/unit/fake_machine/image.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include "fake_machine.h"
#include "frame.h"
#include "kernel_map.h"
#include "phys.h"

#define START  0x40000000ull
#define FRAMES (MIB(24) >> PAGE_SHIFT)
#define HELD   400 /* allocations at once */

static bool is_free[FRAMES];
static uint64_t free_frames;
static struct held {
	paddr_t first;
	uint64_t pages;
} held[HELD];
static unsigned held_count;

static uint64_t index_of(paddr_t frame)
{
	return (frame - START) >> PAGE_SHIFT;
}

/* What must be free: all ordinary frames outside the image, but for the allocator's own page. */
static int small_machine(void **state)
{
	struct memory_map map = { 0 };
	uint64_t expected = 0;

	(void)state;
	assert_int_equal(memory_map_add(&map, START, MIB(24), MEMORY_USABLE), OK);
	assert_int_equal(memory_map_add(&map, START + MIB(9) + PAGE_SIZE, PAGE_SIZE, MEMORY_RESERVED), OK);
	assert_int_equal(memory_map_add(&map, START + MIB(21), 37 * PAGE_SIZE, MEMORY_ACPI), OK);
	fake_boot(&map, START + MIB(2));
	for (uint64_t i = 0; i < FRAMES; i++) {
		paddr_t frame = START + i * PAGE_SIZE;

		is_free[i] = frame_type_at(frame) == FRAME_KERNEL && (frame < arch_image_phys || frame >= image_phys_end());
		expected += is_free[i];
	}
	free_frames = phys_free_pages();
	assert_int_equal(free_frames, expected - 1);
	is_free[index_of(frame_table.arena_start) - 1] = false; /* the bitmap, in front of the arena */
	return 0;
}

static bool model_has_run(uint64_t pages, uint64_t align)
{
	for (uint64_t i = 0; i + pages <= FRAMES; i += align) {
		uint64_t run = 0;

		while (run < pages && is_free[i + run])
			run++;
		if (run == pages)
			return true;
	}
	return false;
}

static void take(paddr_t first, uint64_t pages)
{
	assert_true(first >= START && !(first & PAGE_MASK) && index_of(first) + pages <= FRAMES);
	for (uint64_t i = index_of(first); i < index_of(first) + pages; i++) {
		assert_true(is_free[i]);
		is_free[i] = false;
	}
	free_frames -= pages;
	held[held_count++] = (struct held){ first, pages };
}

static void do_alloc(uint64_t pages, bool block)
{
	paddr_t first = 1;
	enum error error = block ? phys_alloc_block(&first) : phys_alloc(pages, &first);

	/* It fails only if there is really no such place. */
	assert_int_equal(error, model_has_run(pages, block ? pages : 1) ? OK : ERR_NO_MEMORY);
	if (error)
		return;
	assert_true(!block || !(first & BLOCK_MASK));
	take(first, pages);
}

static void do_free(void)
{
	unsigned which = fake_random_below(held_count);
	struct held *h = &held[which];

	phys_free(h->first, h->pages);
	free_frames += h->pages;
	for (uint64_t i = index_of(h->first); i < index_of(h->first) + h->pages; i++)
		is_free[i] = true;
	*h = held[--held_count];
}

static void test_against_a_model(void **state)
{
	(void)state;
	fake_random_seed(8);
	for (unsigned round = 0; round < 20000; round++) {
		bool fill = round / 2000 % 2 == 0;

		if (held_count && (held_count == HELD || fake_random_below(10) < (fill ? 3 : 7)))
			do_free();
		else if (fake_random_below(40) == 0)
			do_alloc(512, true);
		else
			do_alloc(1 + fake_random_below(fake_random_below(8) ? 12 : 700), false);
		assert_int_equal(phys_free_pages(), free_frames);
	}
}

static void test_to_the_last_frame(void **state)
{
	uint64_t all = free_frames;
	paddr_t first;

	(void)state;
	assert_int_equal(phys_alloc(0, &first), ERR_NO_MEMORY);
	assert_int_equal(phys_alloc(all + 1, &first), ERR_NO_MEMORY);
	assert_int_equal(phys_alloc(~0ull, &first), ERR_NO_MEMORY);
	for (uint64_t i = 0; i < all; i++) {
		assert_int_equal(phys_alloc(1, &first), OK);
		assert_true(is_free[index_of(first)]);
		is_free[index_of(first)] = false;
	}
	assert_int_equal(phys_free_pages(), 0);
	assert_int_equal(phys_alloc(1, &first), ERR_NO_MEMORY);
	assert_int_equal(phys_alloc_block(&first), ERR_NO_MEMORY);
	phys_free(START + MIB(8), 1);
	assert_int_equal(phys_alloc(1, &first), OK);
	assert_int_equal(first, START + MIB(8));
}

/* The only place that is large enough lies on both sides of where the search starts. */
static void test_around_the_start_of_the_search(void **state)
{
	paddr_t first, place = START + MIB(12);

	(void)state;
	while (!phys_alloc(1, &first))
		;
	phys_free(place, 10);
	assert_int_equal(phys_alloc(5, &first), OK);
	assert_int_equal(first, place);
	phys_free(place, 5);
	assert_int_equal(phys_alloc(10, &first), OK);
	assert_int_equal(first, place);
	/* … and none goes round the end of RAM. */
	phys_free(START, 3);
	phys_free(START + MIB(24) - 3 * PAGE_SIZE, 3);
	assert_int_equal(phys_alloc(4, &first), ERR_NO_MEMORY);
}

static void test_mistakes_are_noticed(void **state)
{
	paddr_t first;

	(void)state;
	assert_int_equal(phys_alloc(3, &first), OK);
	phys_free(first, 3);
	assert_true(PANICS(phys_free(first, 3))); /* twice */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_against_a_model, small_machine),
		cmocka_unit_test_setup(test_to_the_last_frame, small_machine),
		cmocka_unit_test_setup(test_around_the_start_of_the_search, small_machine),
		cmocka_unit_test_setup(test_mistakes_are_noticed, small_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
