/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/address_space_cases.c: spaces as a whole: made, mapped against a model, killed, freed to the last frame; ASIDs.
 * (mm/address_space.c, mm/space_tables.c; loading and shootdowns: space_cpus_cases.c)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "address_space.h"
#include "arena.h"
#include "cases.h"
#include "fake_machine.h"
#include "gate_scene.h"
#include "kernel_map.h"
#include "phys.h"
#include "table_walk.h"
#include "user_frames.h"
#include "vdso_pages.h"

#define RW    (PERM_R | PERM_W)
#define USER  0x40000000ull
#define TABLES 4 /* that an empty space has, its root included */

static struct address_space a;

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

static paddr_t new_frame(void)
{
	paddr_t frame;

	assert_int_equal(user_frame_alloc(&frame), OK);
	return frame;
}

static void free_space(struct address_space *space, unsigned budget)
{
	while (!address_space_free_step(space, budget))
		;
	assert_int_equal(space->root, 0);
	assert_true(address_space_free_step(space, budget)); /* nothing is left to do */
}

static void test_a_life(void **state)
{
	uint64_t before = arena_frames_used(), frames = phys_free_pages();
	struct mapping mapping;

	(void)state;
	for (unsigned round = 0; round < 20; round++) {
		assert_int_equal(address_space_create(&a), OK);
		assert_int_equal(frame_type_at(a.root), FRAME_SPACE_ROOT);
		assert_true(a.cpus == 0 && !a.is_dead && (a.asid != 0) == (arch_asids != 0));
		assert_true(address_space_lookup(&a, VDSO_DATA_ADDRESS, &mapping) && mapping.perms == (PERM_USER | PERM_R));
		assert_true(mapping.frame == image_to_phys((vaddr_t)vdso_data));
		assert_true(address_space_lookup(&a, VDSO_CODE_ADDRESS + 5, &mapping) && mapping.perms == (PERM_USER | PERM_R | PERM_X));
		assert_true(mapping.frame == image_to_phys((vaddr_t)vdso_code));
		assert_false(address_space_lookup(&a, USER, &mapping));
		assert_false(address_space_lookup(&a, 0, &mapping));
		expect_rules();
		address_space_kill(&a);
		address_space_kill(&a);
		assert_int_equal(frame_type_at(a.root), FRAME_DEAD_ROOT);
		free_space(&a, 1 + round % 3);
		assert_false(address_space_lookup(&a, VDSO_DATA_ADDRESS, &mapping));
		assert_int_equal(arena_frames_used(), before);
	}
	assert_int_equal(phys_free_pages(), frames);
	expect_rules();
}

/* No memory for tables: an error, and nothing stays. */
static void test_without_memory(void **state)
{
	paddr_t frames[600], block;
	unsigned count = 0;
	uint64_t before;

	(void)state;
	while (phys_alloc_block(&block) == OK)
		;
	while (arena_take(&frames[count]) == OK)
		count++;
	before = arena_frames_used();
	for (unsigned spare = 0; spare <= TABLES; spare++) {
		for (unsigned i = 0; i < spare; i++)
			arena_give_back(frames[i]);
		assert_int_equal(address_space_create(&a), spare < TABLES ? ERR_NO_MEMORY : OK);
		assert_true(spare == TABLES || (arena_frames_used() == before && a.root == 0));
		for (unsigned i = 0; spare < TABLES && i < spare; i++)
			assert_int_equal(arena_take(&frames[i]), OK);
	}
	assert_int_equal(address_space_prepare(&a, USER, 1), ERR_NO_MEMORY);
	arena_give_back(frames[TABLES]); /* one of the two that it needs */
	assert_int_equal(address_space_prepare(&a, USER, 1), ERR_NO_MEMORY);
	assert_int_equal(address_space_map(&a, USER, POOL, 1, RW), ERR_NOT_MAPPED);
	expect_rules();
}

static void test_asids(void **state)
{
	struct address_space spaces[8];
	unsigned taken[8] = { 0 };

	(void)state;
	if (!arch_asids) {
		assert_int_equal(address_space_create(&a), OK);
		assert_int_equal(a.asid, 0);
		return;
	}
	for (unsigned i = 0; i < arch_asids; i++) {
		assert_int_equal(address_space_create(&spaces[i]), OK);
		assert_in_range(spaces[i].asid, 1, arch_asids);
		assert_int_equal(taken[spaces[i].asid]++, 0);
	}
	assert_int_equal(address_space_create(&a), ERR_FULL);
	address_space_kill(&spaces[2]);
	assert_int_equal(address_space_create(&a), ERR_FULL); /* not before it is flushed */
	fake_record_begin(NULL);
	free_space(&spaces[2], 8);
	fake_record_end();
	assert_int_equal(fake_events[fake_event_count - 1].kind, FAKE_INVALIDATE_USER_ALL);
	assert_int_equal(fake_events[fake_event_count - 1].addr, spaces[2].asid);
	assert_int_equal(fake_events[fake_event_count - 2].kind, FAKE_BROADCAST);
	assert_int_equal(address_space_create(&a), OK);
	assert_int_equal(a.asid, spaces[2].asid);
}

/* --- mapping, against a model -------------------------------------------------------------------------------- */

#define MODEL_PAGES  1300 /* from two pages before a table's end on: parts of four tables */
#define MODEL_BASE   (USER + BLOCK_SIZE - 2 * PAGE_SIZE)
#define MODEL_FRAMES 64

static struct page {
	paddr_t frame; /* 0 = not mapped */
	unsigned perms;
	bool is_sealed;
} model[MODEL_PAGES];
static paddr_t model_frames[MODEL_FRAMES];

static void expect_model(void)
{
	for (unsigned i = 0; i < MODEL_PAGES; i++) {
		struct mapping mapping;
		bool is_mapped = address_space_lookup(&a, MODEL_BASE + i * PAGE_SIZE, &mapping);

		assert_int_equal(is_mapped, model[i].frame != 0);
		if (is_mapped)
			assert_true(mapping.frame == model[i].frame && mapping.perms == (model[i].perms | PERM_USER));
	}
}

static unsigned users_of(paddr_t frame)
{
	unsigned users = 0;

	for (unsigned i = 0; i < MODEL_PAGES; i++)
		users += model[i].frame == frame;
	return users;
}

static void model_map(unsigned at, unsigned frame, unsigned pages, unsigned perms)
{
	enum error error = address_space_map(&a, MODEL_BASE + at * PAGE_SIZE, model_frames[frame], pages, perms);
	enum error expected = OK;

	/* The tests' ranges of mappings lie in one table each, so it is all or nothing. */
	for (unsigned i = 0; i < pages; i++)
		if (model[at + i].frame || frame_type_at(model_frames[frame + i]) != FRAME_USER)
			expected = ERR_DENIED;
	assert_int_equal(error, expected);
	for (unsigned i = 0; !expected && i < pages; i++)
		model[at + i] = (struct page){ model_frames[frame + i], perms, false };
}

static void model_change(unsigned at, unsigned pages, unsigned perms)
{
	vaddr_t addr = MODEL_BASE + at * PAGE_SIZE;
	enum error error = perms ? address_space_protect(&a, addr, pages, perms) : address_space_unmap(&a, addr, pages);
	bool any_sealed = false;

	for (unsigned i = 0; i < pages; i++)
		any_sealed |= model[at + i].is_sealed;
	assert_int_equal(error, any_sealed ? ERR_SEALED : OK);
	for (unsigned i = 0; !any_sealed && i < pages; i++) {
		model[at + i].perms = perms;
		if (!perms)
			model[at + i].frame = 0;
	}
}

static void model_seal(unsigned at, unsigned pages)
{
	enum error error = address_space_seal(&a, MODEL_BASE + at * PAGE_SIZE, pages), expected = OK;

	for (unsigned i = 0; i < pages && !expected; i++)
		expected = !model[at + i].frame ? ERR_NOT_MAPPED : model[at + i].is_sealed ? ERR_SEALED :
			   users_of(model[at + i].frame) > 1 ? ERR_DENIED : OK;
	assert_int_equal(error, expected);
	for (unsigned i = 0; !expected && i < pages; i++) {
		model[at + i].is_sealed = true;
		model[at + i].perms &= ~PERM_W;
	}
}

static void random_step(void)
{
	static const unsigned perms[] = { PERM_R, RW, PERM_R | PERM_X };
	unsigned at = fake_random_below(2) ? fake_random_below(8) : fake_random_below(MODEL_PAGES - 600);
	unsigned frame = fake_random_below(MODEL_FRAMES - 1), what = fake_random_below(40);

	if (what < 20 && (MODEL_BASE >> PAGE_SHIFT) % 512 + at % 512 != 511)
		model_map(at, frame, 1, perms[fake_random_below(3)]);
	else if (what < 28)
		model_change(at, 1 + fake_random_below(600), 0);
	else if (what < 36)
		model_change(at, 1 + fake_random_below(600), perms[fake_random_below(3)]);
	else
		model_seal(at, 1 + fake_random_below(2));
}

static void test_mapping_against_a_model(void **state)
{
	uint64_t arena;

	(void)state;
	for (unsigned i = 0; i < MODEL_FRAMES; i++)
		model_frames[i] = new_frame();
	arena = arena_frames_used();
	for (unsigned seed = 1; seed <= 6; seed++) {
		fake_random_seed(seed);
		memset(model, 0, sizeof(model));
		assert_int_equal(address_space_create(&a), OK);
		assert_int_equal(address_space_prepare(&a, MODEL_BASE, MODEL_PAGES), OK);
		for (unsigned step = 0; step < 250; step++) {
			random_step();
			if (step % 50 == 0)
				expect_model();
		}
		expect_model();
		expect_rules();
		address_space_kill(&a);
		assert_int_equal(address_space_unmap(&a, MODEL_BASE, 512), OK);
		assert_int_equal(address_space_unmap(&a, MODEL_BASE + 512 * PAGE_SIZE, 512), OK);
		assert_int_equal(address_space_unmap(&a, MODEL_BASE + 1024 * PAGE_SIZE, MODEL_PAGES - 1024), OK);
		free_space(&a, 2);
		assert_int_equal(arena_frames_used(), arena);
		for (unsigned i = 0; i < MODEL_FRAMES; i++)
			assert_true(frame_at(model_frames[i])->type == FRAME_USER && frame_at(model_frames[i])->level == 0 &&
			            frame_at(model_frames[i])->writable == 1);
	}
	expect_rules();
}

static void test_ranges_over_several_tables(void **state)
{
	paddr_t first = new_frame();
	vaddr_t edge = USER + BLOCK_SIZE;

	(void)state;
	for (unsigned i = 1; i < 6; i++)
		assert_true(new_frame() == first + i * PAGE_SIZE);
	assert_int_equal(address_space_create(&a), OK);
	assert_int_equal(address_space_map(&a, edge - PAGE_SIZE, first, 2, RW), ERR_NOT_MAPPED); /* not prepared */
	assert_int_equal(address_space_prepare(&a, edge - PAGE_SIZE, 2), OK);
	assert_int_equal(address_space_map(&a, edge - 3 * PAGE_SIZE, first, 6, RW), OK);
	assert_int_equal(address_space_seal(&a, edge + PAGE_SIZE, 1), OK);
	assert_int_equal(address_space_unmap(&a, edge - 3 * PAGE_SIZE, 6), ERR_SEALED); /* before the first table changes */
	assert_int_equal(address_space_protect(&a, edge - 3 * PAGE_SIZE, 6, PERM_R), ERR_SEALED);
	assert_true(frame_at(first)->level == 1 && frame_at(first)->writable == 2);
	assert_int_equal(address_space_protect(&a, edge - 3 * PAGE_SIZE, 4, PERM_R), OK);
	assert_int_equal(frame_at(first + 3 * PAGE_SIZE)->writable, 1);
	assert_int_equal(address_space_unmap(&a, USER + 100 * BLOCK_SIZE, 512), OK); /* no tables there */
	assert_int_equal(address_space_protect(&a, edge, 1, 0), ERR_INVALID);
	assert_int_equal(address_space_map(&a, USER_END - 3 * PAGE_SIZE, first, 1, RW), OK); /* where the vDSO's tables are */
	expect_rules();
}

static const char *broken_at;

static void behind_store(const struct fake_event *store)
{
	(void)store;
	if (!broken_at)
		broken_at = tables_broken_rule();
}

/* The rules hold not only between gate calls but behind each single store. */
static void test_the_rules_hold_at_every_moment(void **state)
{
	paddr_t frames[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		frames[i] = new_frame();
	broken_at = NULL;
	fake_record_begin(behind_store);
	assert_int_equal(address_space_create(&a), OK);
	assert_int_equal(address_space_prepare(&a, USER, 1), OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(address_space_map(&a, USER + i * PAGE_SIZE, frames[i], 1, RW), OK);
	assert_int_equal(address_space_protect(&a, USER, 1, PERM_R | PERM_X), OK);
	assert_int_equal(address_space_seal(&a, USER, 2), OK);
	assert_int_equal(address_space_unmap(&a, USER + 2 * PAGE_SIZE, 1), OK);
	address_space_kill(&a);
	assert_int_equal(address_space_unmap(&a, USER, 3), OK);
	free_space(&a, 1);
	fake_record_end();
	if (broken_at)
		fail_msg("%s", broken_at);
	expect_rules();
}

int address_space_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_life, scene),
		cmocka_unit_test_setup(test_without_memory, scene),
		cmocka_unit_test_setup(test_asids, scene),
		cmocka_unit_test_setup(test_mapping_against_a_model, scene),
		cmocka_unit_test_setup(test_ranges_over_several_tables, scene),
		cmocka_unit_test_setup(test_the_rules_hold_at_every_moment, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
