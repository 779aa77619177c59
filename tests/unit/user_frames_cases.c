/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/user_frames_cases.c: frames for user memory: cleared, never handed out twice, in blocks that the direct map has by
 * pages; how a block's leaf becomes a table, store by store; small machines; what must not be freed. (mm/user_frames.c)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "fake_kernel.h"
#include "fake_machine.h"
#include "gate_user.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "table_walk.h"
#include "user_frames.h"
#include "user_scene.h"

#define MANY (FAKE_SMALL_BYTES / PAGE_SIZE)

static paddr_t held[MANY]; /* empty again with each fake_boot */
static unsigned held_count;

static int scene(void **state)
{
	(void)state;
	scene_make();
	return 0;
}

static void expect_rules(void)
{
	const char *wrong = tables_broken_rule();

	if (!wrong)
		wrong = tables_wrong_count();
	if (wrong)
		fail_msg("%s", wrong);
}

static bool is_clear(paddr_t frame)
{
	const uint8_t *bytes = phys_to_virt(frame);

	return !bytes[0] && !memcmp(bytes, bytes + 1, PAGE_SIZE - 1);
}

static enum error take(void)
{
	paddr_t frame = 0;
	enum error error = user_frame_alloc(&frame);
	struct walk_leaf leaf;

	if (error)
		return error;
	assert_true(is_clear(frame));
	assert_true(frame_at(frame)->type == FRAME_USER && frame_at(frame)->level == 0 && frame_at(frame)->writable == 1);
	assert_true(table_walk_find(kernel_root_frame, DIRECT_MAP_BASE + frame, &leaf) && leaf.level == 1);
	memset(phys_to_virt(frame), 0xa5, PAGE_SIZE);
	held[held_count++] = frame;
	return OK;
}

static int compare_frames(const void *a, const void *b)
{
	paddr_t x = *(const paddr_t *)a, y = *(const paddr_t *)b;

	return (x > y) - (x < y);
}

static void expect_all_different(void)
{
	qsort(held, held_count, sizeof(*held), compare_frames);
	for (unsigned i = 1; i < held_count; i++)
		assert_true(held[i] != held[i - 1]);
}

static void test_frames_come_and_go(void **state)
{
	uint64_t before = phys_free_pages();

	(void)state;
	for (unsigned i = 0; i < 600; i++)
		ALLOWS(take());
	assert_int_equal(user_frames_used(), 600);
	assert_int_equal(before - phys_free_pages(), 1024); /* two whole blocks, for good */
	for (unsigned round = 0; round < 1500; round++) {
		unsigned i = fake_random_below(held_count);

		user_frame_free(held[i]);
		held[i] = held[--held_count];
		if (round % 3)
			ALLOWS(take());
	}
	assert_int_equal(user_frames_used(), held_count);
	expect_all_different();
	expect_rules();
	while (held_count)
		user_frame_free(held[--held_count]);
	assert_int_equal(user_frames_used(), 0);
	for (unsigned i = 0; i < 1024; i++)
		ALLOWS(take());
	assert_int_equal(before - phys_free_pages(), 1024);
	expect_all_different();
}

/* Until there is no memory at all: an error, and everything still works. */
static void test_all_of_memory(void **state)
{
	paddr_t frame;

	(void)state;
	while (take() == OK)
		assert_true(held_count < MANY);
	assert_int_equal(user_frame_alloc(&frame), ERR_NO_MEMORY);
	assert_true(held_count > (FAKE_SMALL_BYTES - MIB(12)) / PAGE_SIZE);
	expect_all_different();
	expect_rules();
	user_frame_free(held[--held_count]);
	ALLOWS(take());
	assert_int_equal(user_frame_alloc(&frame), ERR_NO_MEMORY);
}

/* 16 MiB, and the kernel holds a page in each free block: what lies in the image's blocks is left. */
static void test_without_whole_blocks(void **state)
{
	struct memory_map memory = { 0 };
	unsigned blocks = 0;
	paddr_t block;

	(void)state;
	assert_int_equal(memory_map_add(&memory, FAKE_SMALL_START, MIB(16), MEMORY_USABLE), OK);
	fake_boot(&memory, FAKE_SMALL_IMAGE);
	while (phys_alloc_block(&block) == OK) {
		phys_free(block + PAGE_SIZE, 511);
		blocks++;
	}
	assert_in_range(blocks, 1, 5);
	for (unsigned i = 0; i < 20; i++) {
		ALLOWS(take());
		assert_true(held[i] >= FAKE_SMALL_IMAGE && held[i] < ALIGN_UP(image_phys_end(), BLOCK_SIZE));
	}
	expect_all_different();
	expect_rules();
}

static bool free_panics(paddr_t frame)
{
	return PANICS(user_frame_free(frame));
}

static void test_what_is_not_freed(void **state)
{
	static const paddr_t wrong[] = { POOL, 0, 0x9000000, FAKE_SMALL_START + FAKE_SMALL_BYTES };

	(void)state;
	user_scene_make();
	ALLOWS(gate_user_map(user_tables[1], 0, user_frames, R, 1));
	assert_true(free_panics(user_frames)); /* still mapped */
	ALLOWS(gate_seal_user(user_root, USER, 1));
	assert_true(free_panics(user_frames)); /* sealed */
	assert_true(free_panics(user_frames + PAGE_SIZE + 8));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_true(free_panics(wrong[i]));
	assert_true(free_panics(image_to_phys((vaddr_t)__ro_core_start)));
	user_frame_free(user_frames + PAGE_SIZE);
}

/* The list of free frames lies in ordinary memory: what an attacker writes there is not believed. */
static void test_a_forged_list(void **state)
{
	paddr_t frame;

	(void)state;
	ALLOWS(take());
	ALLOWS(take());
	ALLOWS(take());
	user_frame_free(held[0]);
	user_frame_free(held[1]);
	*(paddr_t *)phys_to_virt(held[1]) = POOL; /* ordinary memory of the kernel's */
	ALLOWS(user_frame_alloc(&frame));
	assert_true(PANICS(assert_int_equal(user_frame_alloc(&frame), OK)));
}

/* Behind each store into a table: is some of the block mapped twice in different sizes, or the new table linked half full? */
static paddr_t block_under_test;
static const char *broken_at;

static void behind_store(const struct fake_event *store)
{
	struct walk_leaf first, last;
	bool has_first = table_walk_find(kernel_root_frame, DIRECT_MAP_BASE + block_under_test, &first);
	bool has_last = table_walk_find(kernel_root_frame, DIRECT_MAP_BASE + block_under_test + BLOCK_SIZE - PAGE_SIZE, &last);

	(void)store;
	if (has_first != has_last || (has_first && first.level != last.level))
		broken_at = "the block is mapped in part";
	if (!broken_at)
		broken_at = tables_broken_rule();
}

/* Break before make: table filled, leaf gone, invalidated, table linked, in this order. */
static void test_how_a_block_is_split(void **state)
{
	unsigned index, made = 0, gone = 0, invalidated = 0;
	struct walk_leaf leaf;
	paddr_t frame, link;

	(void)state;
	assert_int_equal(phys_alloc_block(&block_under_test), OK); /* the one that comes first */
	phys_free(block_under_test, 512);
	broken_at = NULL;
	assert_true(table_walk_find(kernel_root_frame, DIRECT_MAP_BASE + block_under_test, &leaf) && leaf.level == 2);
	index = pagetable_index(DIRECT_MAP_BASE + block_under_test, 2);
	link = leaf.table + index * sizeof(pte_t);
	fake_record_begin(behind_store);
	ALLOWS(user_frame_alloc(&frame));
	fake_record_end();
	assert_true(ALIGN_DOWN(frame, BLOCK_SIZE) == block_under_test);
	if (broken_at)
		fail_msg("%s", broken_at);
	for (unsigned i = 0; i < fake_event_count; i++) {
		const struct fake_event *event = &fake_events[i];

		if (event->kind == FAKE_STORE && event->addr == link && event->new == 0)
			gone = i;
		if (event->kind == FAKE_INVALIDATE && event->addr == DIRECT_MAP_BASE + block_under_test)
			invalidated = i;
		if (event->kind == FAKE_STORE && event->addr == link && event->new != 0)
			made = i;
	}
	assert_true(gone && gone < invalidated && invalidated < made);
	expect_rules();
}

int user_frames_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_frames_come_and_go, scene),
		cmocka_unit_test_setup(test_all_of_memory, scene),
		cmocka_unit_test_setup(test_without_whole_blocks, scene),
		cmocka_unit_test_setup(test_what_is_not_freed, scene),
		cmocka_unit_test_setup(test_a_forged_list, scene),
		cmocka_unit_test_setup(test_how_a_block_is_split, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
