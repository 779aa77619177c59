/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_spaces_cases.c: roots and tables of spaces inside the gate: what they may be made of, where they are linked,
 * that only a dead root is taken apart; and the dry run under a space's root. (mm/gate_spaces.c, gate_dry.c, gate_fast.c)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <amber/abi.h>

#include "arena.h"
#include "cases.h"
#include "dry_run.h"
#include "fake_machine.h"
#include "gate_user.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "table_walk.h"
#include "user_scene.h"

#define LEAVES user_tables[1]

static int scene(void **state)
{
	(void)state;
	user_scene_make();
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

static void test_roots(void **state)
{
	paddr_t root = unused_frame(), table = unused_frame();

	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		if (type == FRAME_ARENA)
			continue;
		scene_set_frame(POOL, type, 0, 0);
		REFUSES(ERR_DENIED, gate_space_root(POOL, table));
		REFUSES(ERR_DENIED, gate_space_root(root, POOL));
	}
	scene_set_frame(POOL, FRAME_KERNEL, 0, 1);
	REFUSES(ERR_DENIED, gate_space_root(root, root));
	REFUSES(ERR_DENIED, gate_space_root(root + 8, table));
	REFUSES(ERR_DENIED, gate_space_root(root, table + 8));
	REFUSES(ERR_DENIED, gate_space_root(0, table));
	REFUSES(ERR_DENIED, gate_space_root(root, FAKE_SMALL_START + FAKE_SMALL_BYTES));
	REFUSES(ERR_DENIED, gate_space_root(user_root, table));
	REFUSES(ERR_DENIED, gate_space_root(root, user_tables[3])); /* another space's */
	scene_set_frame(root, FRAME_ARENA, 0, 1); /* somebody can write it */
	REFUSES(ERR_DENIED, gate_space_root(root, table));
	REFUSES(ERR_DENIED, gate_space_root(table, root));
	scene_set_frame(root, FRAME_ARENA, 0, 0);
	ALLOWS(gate_space_root(root, table));
	assert_true(frame_at(root)->type == FRAME_SPACE_ROOT && frame_at(root)->level == 4);
	assert_true(frame_at(table)->type == FRAME_USER_TABLE && frame_at(table)->level == 3);
	for (unsigned i = 0; i < 512; i++) {
		pte_t kernel = arch_root_has_kernel_half ? scene_get_entry(kernel_root_frame, i) : 0;

		assert_true(scene_get_entry(root, i) == (i ? kernel : pte_encode_user_table(table)));
		assert_true(scene_get_entry(table, i) == 0);
	}
	expect_rules();
}

static void test_not_before_the_gate_is_live(void **state)
{
	struct boot_info boot_info = { 0 };
	paddr_t root, table;

	(void)state;
	fake_machine_start(FAKE_SMALL_IMAGE);
	assert_int_equal(memory_map_add(&boot_info.memory, FAKE_SMALL_START, FAKE_SMALL_BYTES, MEMORY_USABLE), OK);
	kernel_map_build(&boot_info, 1);
	assert_true(arena_take(&root) == OK && arena_take(&table) == OK);
	assert_int_equal(gate_space_root(root, table), ERR_DENIED);
}

static void test_tables(void **state)
{
	paddr_t frame = unused_frame();

	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++)
		for (unsigned level = 0; level < 5; level++) {
			scene_set_frame(POOL, type, level, 0);
			if (type != FRAME_ARENA)
				REFUSES(ERR_DENIED, gate_user_table(POOL, user_tables[2], 9));
			if (type != FRAME_USER_TABLE || level == 1)
				REFUSES(ERR_DENIED, gate_user_table(frame, POOL, 9));
		}
	scene_set_frame(POOL, FRAME_KERNEL, 0, 1);
	REFUSES(ERR_DENIED, gate_user_table(frame + 8, user_tables[2], 9));
	REFUSES(ERR_DENIED, gate_user_table(frame, user_tables[2] + 8, 9));
	REFUSES(ERR_DENIED, gate_user_table(0, user_tables[2], 9));
	REFUSES(ERR_DENIED, gate_user_table(frame, 0, 9));
	REFUSES(ERR_DENIED, gate_user_table(frame, user_root, 9)); /* a root's slots are fixed */
	REFUSES(ERR_DENIED, gate_user_table(frame, LEAVES, 9));
	REFUSES(ERR_DENIED, gate_user_table(frame, user_tables[2], pagetable_index(USER, 2))); /* occupied */
	REFUSES(ERR_DENIED, gate_user_table(LEAVES, user_tables[2], 9)); /* linked elsewhere */
	REFUSES(ERR_RANGE, gate_user_table(frame, user_tables[2], 512));
	REFUSES(ERR_RANGE, arch_gate_call(GATE_USER_TABLE, frame, user_tables[2], 1ull << 32, 0, 0));
	scene_set_frame(frame, FRAME_ARENA, 0, 1);
	REFUSES(ERR_DENIED, gate_user_table(frame, user_tables[2], 9));
	scene_set_frame(frame, FRAME_ARENA, 0, 0);
	ALLOWS(gate_user_table(frame, user_tables[2], 511));
	assert_true(scene_get_entry(user_tables[2], 511) == pte_encode_user_table(frame));
	assert_true(frame_at(frame)->type == FRAME_USER_TABLE && frame_at(frame)->level == 1);
	for (unsigned i = 0; i < 512; i++)
		assert_true(scene_get_entry(frame, i) == 0);
	REFUSES(ERR_DENIED, gate_table_free(frame)); /* not by the kernel's door */
	expect_rules();
}

static void test_killing(void **state)
{
	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		scene_set_frame(user_root, type, 4, 0);
		if (type != FRAME_SPACE_ROOT)
			REFUSES(ERR_DENIED, gate_space_kill(user_root));
		if (type != FRAME_DEAD_ROOT) {
			REFUSES(ERR_DENIED, gate_space_free(user_root));
			for (unsigned level = 0; level < 5; level++)
				REFUSES(ERR_DENIED, gate_user_table_free(user_root, USER, level));
		}
	}
	scene_set_frame(user_root, FRAME_SPACE_ROOT, 4, 0);
	REFUSES(ERR_DENIED, gate_space_kill(user_root + 8));
	REFUSES(ERR_DENIED, gate_space_kill(kernel_root_frame));
	REFUSES(ERR_DENIED, gate_space_kill(0));
	fake_space_load(user_root, arch_asids ? 1 : 0);
	if (arch_root_has_kernel_half)
		REFUSES(ERR_DENIED, gate_space_kill(user_root)); /* it is the root that this CPU is under */
	fake_space_load(0, 0);
	ALLOWS(gate_space_kill(user_root));
	assert_int_equal(frame_type_at(user_root), FRAME_DEAD_ROOT);
	REFUSES(ERR_DENIED, gate_space_kill(user_root)); /* once, and for good */
	expect_rules();
}

static void test_taking_apart(void **state)
{
	(void)state;
	ALLOWS(gate_user_map(LEAVES, 511, user_frames, RW, 1));
	ALLOWS(gate_space_kill(user_root));
	REFUSES(ERR_DENIED, gate_user_table_free(user_root, USER, 1)); /* not empty, none of them */
	REFUSES(ERR_DENIED, gate_user_table_free(user_root, USER, 2));
	REFUSES(ERR_DENIED, gate_space_free(user_root));
	ALLOWS(gate_user_unmap(LEAVES, 511, 1));
	REFUSES(ERR_RANGE, gate_user_table_free(user_root, USER, 0));
	REFUSES(ERR_RANGE, gate_user_table_free(user_root, USER, 3));
	REFUSES(ERR_RANGE, gate_user_table_free(user_root, USER, 4));
	REFUSES(ERR_RANGE, gate_user_table_free(user_root, USER_END, 1));
	REFUSES(ERR_RANGE, gate_user_table_free(user_root, DIRECT_MAP_BASE, 2));
	REFUSES(ERR_NOT_MAPPED, gate_user_table_free(user_root, USER + BLOCK_SIZE, 1));
	REFUSES(ERR_NOT_MAPPED, gate_user_table_free(user_root, USER + 512 * BLOCK_SIZE, 2));
	REFUSES(ERR_DENIED, gate_user_table_free(user_root, USER, 2));
	ALLOWS(gate_user_table_free(user_root, USER, 1));
	assert_true(frame_at(LEAVES)->type == FRAME_ARENA && scene_get_entry(user_tables[2], pagetable_index(USER, 2)) == 0);
	REFUSES(ERR_DENIED, gate_space_free(user_root));
	ALLOWS(gate_user_table_free(user_root, USER + 5 * BLOCK_SIZE, 2));
	assert_true(frame_at(user_tables[2])->type == FRAME_ARENA);
	REFUSES(ERR_DENIED, gate_space_free(user_root + 8));
	ALLOWS(gate_space_free(user_root));
	assert_true(frame_at(user_root)->type == FRAME_ARENA && frame_at(user_tables[3])->type == FRAME_ARENA);
	expect_rules();
	ALLOWS(gate_space_root(user_tables[3], user_root)); /* they can be anything again */
	expect_rules();
}

/* --- the dry run --------------------------------------------------------------------------------------------- */

#define SEALED_PAGE (AREA + 2 * PAGE_SIZE)
#define BEGIN(op, page) arch_gate_call(op, page, 0, 0, 0, 0)
#define END() arch_gate_call(GATE_DRY_END, false, 0, 0, 0, 0)

static const struct dry_state *dry(void)
{
	return phys_to_virt(this_cpu()->dry_state);
}

static void expect_plain_dry_root(void)
{
	assert_memory_equal(phys_to_virt(this_cpu()->dry_root_frame), phys_to_virt(kernel_root_frame), PAGE_SIZE);
}

static void seal_a_kernel_page(void)
{
	scene_set_frame(POOL, FRAME_SEALED, 0, 0);
	scene_set_entry(area_table[1], 2, pte_encode(POOL, PERM_R, 1));
}

/* The user half is there while one is under way, under any root, and none of it stays. */
static void test_dry_run_has_the_user_half(void **state)
{
	paddr_t root = unused_frame(), table = unused_frame();

	(void)state;
	seal_a_kernel_page();
	ALLOWS(gate_space_root(root, table));
	for (unsigned turn = 0; turn < 8; turn++) {
		paddr_t loaded = turn % 4 < 2 ? user_root : root;
		pte_t expected = scene_get_entry(arch_root_has_kernel_half ? loaded : kernel_root_frame, 0);

		fake_space_load(loaded, arch_asids ? 1 : 0);
		ALLOWS(BEGIN(turn & 1 ? GATE_FAST_BEGIN : GATE_DRY_BEGIN, SEALED_PAGE));
		assert_true(scene_get_entry(this_cpu()->dry_root_frame, 0) == expected);
		ALLOWS(END());
		expect_plain_dry_root();
		fake_space_load(0, 0);
		ALLOWS(BEGIN(turn & 1 ? GATE_FAST_BEGIN : GATE_DRY_BEGIN, SEALED_PAGE));
		assert_true(scene_get_entry(this_cpu()->dry_root_frame, 0) == scene_get_entry(kernel_root_frame, 0));
		ALLOWS(END());
		expect_plain_dry_root();
	}
}

/* What was kept under one root is good under another; user tables change without making it stale. */
static void test_dry_run_keeps_copies_across_roots(void **state)
{
	uint64_t tables = gate_counters.tables;

	(void)state;
	seal_a_kernel_page();
	ALLOWS(BEGIN(GATE_FAST_BEGIN, SEALED_PAGE));
	ALLOWS(END());
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, RW, 1));
	ALLOWS(gate_user_unmap(LEAVES, 0, 1));
	assert_int_equal(gate_counters.tables, tables);
	assert_true(dry()->is_kept && dry()->tables == gate_counters.tables);
}

static void test_dry_run_under_other_roots(void **state)
{
	(void)state;
	seal_a_kernel_page();
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		bool is_caller = type == FRAME_ROOT || type == FRAME_SPACE_ROOT;

		scene_set_frame(user_root, type, 4, 0);
		fake_root = arch_root_has_kernel_half ? user_root : kernel_root_frame;
		if (!arch_root_has_kernel_half)
			continue;
		if (!is_caller) {
			REFUSES(ERR_DENIED, BEGIN(GATE_DRY_BEGIN, SEALED_PAGE));
			assert_int_equal(BEGIN(GATE_FAST_BEGIN, SEALED_PAGE), ERR_DENIED);
		} else {
			ALLOWS(BEGIN(GATE_DRY_BEGIN, SEALED_PAGE));
			ALLOWS(END());
		}
	}
}

/* A page of user memory that is sealed: by its address in the direct map, and, where one root has both halves, by the user's;
 * that way nothing is kept, for those tables change unnoticed. */
static void test_dry_run_of_user_memory(void **state)
{
	vaddr_t direct = DIRECT_MAP_BASE + user_frames;
	struct walk_leaf leaf;

	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, RW, 1));
	assert_int_equal(BEGIN(GATE_DRY_BEGIN, direct), ERR_OPEN);
	ALLOWS(gate_seal_user(user_root, USER, 1));
	memset(phys_to_virt(user_frames), 0x5a, 8);
	for (unsigned i = 0; i < 2; i++) {
		ALLOWS(BEGIN(GATE_FAST_BEGIN, direct));
		assert_true(table_walk_find(this_cpu()->dry_root_frame, direct, &leaf) && frame_type_at(leaf.frame) == FRAME_SHADOW);
		assert_int_equal(dry()->page[0].original, user_frames);
		ALLOWS(END());
	}
	assert_true(dry()->is_kept);
	fake_space_load(user_root, arch_asids ? 1 : 0);
	if (!arch_root_has_kernel_half) {
		REFUSES(ERR_DENIED, BEGIN(GATE_DRY_BEGIN, USER));
		return;
	}
	assert_int_equal(BEGIN(GATE_FAST_BEGIN, USER), ERR_UNSUPPORTED);
	ALLOWS(BEGIN(GATE_DRY_BEGIN, USER));
	assert_true(table_walk_find(this_cpu()->dry_root_frame, USER, &leaf) && frame_type_at(leaf.frame) == FRAME_SHADOW);
	assert_false(dry()->is_kept);
	ALLOWS(END());
	expect_plain_dry_root();
	REFUSES(ERR_DENIED, gate_unprotect(USER)); /* never: the program was told that it is for good */
	ALLOWS(gate_unprotect(direct)); /* what the kernel's command line says about the kernel */
	fake_space_load(0, 0);
	ALLOWS(gate_space_kill(user_root));
	ALLOWS(gate_unseal_user(user_root, USER, 1));
	expect_rules();
}

/* Sealed once more, with other contents: the copy of the first time must not be used. */
static void test_dry_run_forgets_what_was_unsealed(void **state)
{
	vaddr_t direct = DIRECT_MAP_BASE + user_frames;
	paddr_t root = unused_frame(), tables[4];

	(void)state;
	ALLOWS(gate_user_map(LEAVES, 0, user_frames, RW, 1));
	ALLOWS(gate_seal_user(user_root, USER, 1));
	ALLOWS(BEGIN(GATE_FAST_BEGIN, direct));
	ALLOWS(END());
	ALLOWS(gate_space_kill(user_root));
	ALLOWS(gate_unseal_user(user_root, USER, 1));
	memset(phys_to_virt(user_frames), 0x77, PAGE_SIZE);
	for (int level = 3; level; level--)
		tables[level] = unused_frame();
	ALLOWS(gate_space_root(root, tables[3]));
	ALLOWS(gate_user_table(tables[2], tables[3], pagetable_index(USER, 3)));
	ALLOWS(gate_user_table(tables[1], tables[2], pagetable_index(USER, 2)));
	ALLOWS(gate_user_map(tables[1], 0, user_frames, RW, 1));
	ALLOWS(gate_seal_user(root, USER, 1));
	ALLOWS(BEGIN(GATE_FAST_BEGIN, direct));
	assert_int_equal(((const uint8_t *)phys_to_virt(dry()->page[0].shadow_b))[3000], 0x77);
	ALLOWS(END());
}

int gate_spaces_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_roots, scene),
		cmocka_unit_test(test_not_before_the_gate_is_live),
		cmocka_unit_test_setup(test_tables, scene),
		cmocka_unit_test_setup(test_killing, scene),
		cmocka_unit_test_setup(test_taking_apart, scene),
		cmocka_unit_test_setup(test_dry_run_has_the_user_half, scene),
		cmocka_unit_test_setup(test_dry_run_keeps_copies_across_roots, scene),
		cmocka_unit_test_setup(test_dry_run_under_other_roots, scene),
		cmocka_unit_test_setup(test_dry_run_of_user_memory, scene),
		cmocka_unit_test_setup(test_dry_run_forgets_what_was_unsealed, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
