/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_cases.c: what the gate's table functions refuse, each with a case, and that a refusal changes nothing; what
 * they allow, and what that does. The rules are stated here once more, as lists. Frames and records: gate_frames_cases.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "fake_machine.h"
#include "gate_scene.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "table_walk.h"

#define RW (PERM_R | PERM_W)
#define FRAMES_PER_BLOCK 512

static int scene(void **state)
{
	(void)state;
	scene_make();
	return 0;
}

static pte_t leaf(paddr_t frame, unsigned perms)
{
	return pte_encode(frame, perms, 1);
}

/* May a new 4 KiB leaf with these permissions map a frame of that type, once the gate is live? */
static bool leaf_is_legal(enum frame_type type, unsigned perms)
{
	if (type == FRAME_RESERVED || type == FRAME_OFF_LIMITS || (perms & PERM_DEVICE))
		return false;
	if (perms & (PERM_X | PERM_USER)) /* what runs is settled while starting, and there are no user frames */
		return false;
	return !(perms & PERM_W) || type == FRAME_KERNEL;
}

static void test_new_leaves(void **state)
{
	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++)
		for (unsigned perms = PERM_R; perms < 2 * PERM_DEVICE; perms += 2) {
			pte_t pte = leaf(POOL, perms);

			scene_set_frame(POOL, type, 0, 1);
			if (!leaf_is_legal(type, perms) || pte_perms(pte) != perms) {
				if (!leaf_is_legal(type, pte_perms(pte)))
					REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 7, pte, 0, 1));
				continue;
			}
			ALLOWS(gate_set_entries(area_table[1], 7, pte, 0, 1));
			assert_true(scene_get_entry(area_table[1], 7) == pte);
			assert_int_equal(frame_at(POOL)->writable, perms & PERM_W ? 2 : 1);
			scene_set_entry(area_table[1], 7, 0);
		}
}

static void test_leaves_outside_of_ram(void **state)
{
	(void)state;
	for (unsigned perms = PERM_R; perms < 2 * PERM_DEVICE; perms += 2) {
		REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, leaf(0x9000000, perms), 0, 1));
		REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, leaf(FAKE_SMALL_START + FAKE_SMALL_BYTES, perms), 0, 1));
	}
}

/* Bits that the encoder never sets: other caching, other meanings, sizes that we don't have. */
static void test_leaves_in_no_canonical_form(void **state)
{
	pte_t good = leaf(POOL, RW);

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		pte_t pte = good ^ 1ull << bit;
		bool is_canonical = pte_is_present(pte) && pte == leaf(pte_addr(pte, 1), pte_perms(pte));

		if (!is_canonical || !leaf_is_legal(frame_type_at(pte_addr(pte, 1)), pte_perms(pte)))
			REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, pte, 0, 1));
	}
	REFUSES(ERR_DENIED, gate_set_entries(area_table[3], 5, pte_encode(ALIGN_DOWN(POOL, 1 << 30), PERM_R, 2), 0, 1));
}

static void test_where_entries_go(void **state)
{
	paddr_t table = area_table[1];

	(void)state;
	REFUSES(ERR_RANGE, gate_set_entries(table, 512, 0, 0, 1));
	REFUSES(ERR_RANGE, gate_set_entries(table, UINT32_MAX, 0, 0, 1));
	REFUSES(ERR_RANGE, gate_set_entries(table, 0, 0, 0, 513));
	REFUSES(ERR_RANGE, gate_set_entries(table, 511, 0, 0, 2));
	REFUSES(ERR_RANGE, gate_set_entries(table, 1, leaf(POOL, RW), PAGE_SIZE, UINT32_MAX));
	/* Numbers that no caller of gate_set_entries has, but whoever reaches the gate itself. */
	REFUSES(ERR_RANGE, arch_gate_call(GATE_SET_ENTRIES, table, 1ull << 32, leaf(POOL, RW), 0, 1));
	REFUSES(ERR_RANGE, arch_gate_call(GATE_SET_ENTRIES, table, 0, leaf(POOL, RW), PAGE_SIZE, 1ull << 32 | 1));
	REFUSES(ERR_RANGE, arch_gate_call(GATE_SET_ENTRIES, table, ~0ull, leaf(POOL, RW), PAGE_SIZE, 2));
	REFUSES(ERR_INVALID, gate_set_entries(table + 8, 0, leaf(POOL, RW), 0, 1));
	REFUSES(ERR_INVALID, gate_set_entries(table + 2048, 0, leaf(POOL, RW), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(0, 0, leaf(POOL, RW), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(FAKE_SMALL_START + FAKE_SMALL_BYTES, 0, leaf(POOL, RW), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(~0ull << PAGE_SHIFT, 0, leaf(POOL, RW), 0, 1));
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) { /* the machine is live: roots are closed too */
		if (type == FRAME_TABLE)
			continue;
		scene_set_frame(POOL + PAGE_SIZE, type, 1, 0);
		REFUSES(ERR_DENIED, gate_set_entries(POOL + PAGE_SIZE, 0, leaf(POOL, PERM_R), 0, 1));
	}
	REFUSES(ERR_DENIED, gate_set_entries(kernel_root_frame, 1, pte_encode_table(area_table[3]), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(gate_root_frame, 1, pte_encode_table(area_table[3]), 0, 1));
	ALLOWS(gate_set_entries(table, 511, leaf(POOL, RW), 0, 1));
	ALLOWS(gate_set_entries(table, 511, 0, 0, 1));
	ALLOWS(gate_set_entries(table, 0, leaf(POOL, RW), 0, 0));
	assert_true(scene_get_entry(table, 0) == 0);
}

static void test_blocks(void **state)
{
	static const unsigned odd[] = { 0, 1, 255, 511 };
	static const unsigned perms[] = { PERM_R, RW, PERM_R | PERM_X, RW | PERM_X };

	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++)
		for (unsigned i = 0; i < ARRAY_SIZE(odd) * ARRAY_SIZE(perms); i++) {
			paddr_t frame = POOL + odd[i / ARRAY_SIZE(perms)] * PAGE_SIZE;
			unsigned p = perms[i % ARRAY_SIZE(perms)];
			pte_t pte = pte_encode(POOL, p, 2);

			scene_set_frame(frame, type, 0, 1);
			if (!leaf_is_legal(type, p) || !leaf_is_legal(FRAME_KERNEL, p)) {
				REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 9, pte, 0, 1));
			} else {
				scene_remember();
				ALLOWS(gate_set_entries(area_table[2], 9, pte, 0, 1));
				for (unsigned k = 0; k < FRAMES_PER_BLOCK; k++)
					assert_int_equal(frame_at(POOL + k * PAGE_SIZE)->writable, p & PERM_W ? 2 : 1);
				scene_restore();
			}
			scene_set_frame(frame, FRAME_KERNEL, 0, 1);
		}
	REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 9, pte_encode(POOL, RW, 2) + PAGE_SIZE, 0, 1));
}

static void test_old_leaves(void **state)
{
	paddr_t table = area_table[1];

	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		bool may_go = type == FRAME_KERNEL || type == FRAME_INIT_TEXT || type == FRAME_RESERVED;

		scene_set_frame(POOL, type, 0, 1);
		scene_set_entry(table, 3, leaf(POOL, PERM_R));
		if (may_go)
			ALLOWS(gate_set_entries(table, 3, 0, 0, 1));
		else
			REFUSES(ERR_DENIED, gate_set_entries(table, 3, 0, 0, 1));
		scene_set_entry(table, 3, leaf(POOL, PERM_R)); /* other frame, or other kind of entry, in one step: never */
		REFUSES(ERR_DENIED, gate_set_entries(table, 3, leaf(POOL + PAGE_SIZE, PERM_R), 0, 1));
	}
	scene_set_frame(POOL, FRAME_KERNEL, 0, 1);
	scene_set_entry(table, 4, 0);
	REFUSES(ERR_DENIED, gate_set_entries(table, 4, leaf(POOL, PERM_R) & ~1ull, 0, 1)); /* not present, but not empty */
	ALLOWS(gate_set_entries(table, 3, leaf(POOL, RW), 0, 1));
	assert_int_equal(frame_at(POOL)->writable, 2);
	ALLOWS(gate_set_entries(table, 3, leaf(POOL, RW), 0, 1));
	assert_int_equal(frame_at(POOL)->writable, 2);
	ALLOWS(gate_set_entries(table, 3, leaf(POOL, PERM_R), 0, 1));
	assert_int_equal(frame_at(POOL)->writable, 1);
}

/* A block leaf that covers one sealed page can't go either, wherever the page lies. */
static void test_old_blocks(void **state)
{
	static const unsigned odd[] = { 0, 1, 300, 511 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
		scene_set_entry(area_table[2], 9, pte_encode(POOL, PERM_R, 2));
		scene_set_frame(POOL + odd[i] * PAGE_SIZE, FRAME_SEALED, 0, 0);
		REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 9, 0, 0, 1));
		scene_set_frame(POOL + odd[i] * PAGE_SIZE, FRAME_KERNEL, 0, 1);
		ALLOWS(gate_set_entries(area_table[2], 9, 0, 0, 1));
	}
}

static paddr_t new_table(unsigned level)
{
	static paddr_t next;

	next = next ? next + PAGE_SIZE : frame_table.arena_end - 64 * PAGE_SIZE;
	assert_int_equal(frame_type_at(next), FRAME_ARENA);
	ALLOWS(gate_table(next, level));
	return next;
}

static void test_links(void **state)
{
	paddr_t one = new_table(1), two = new_table(2), other = new_table(1);

	(void)state;
	REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, pte_encode_table(two), 0, 1)); /* level */
	REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, pte_encode_table(area_table[2]), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(area_table[3], 5, pte_encode_table(one), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(area_table[3], 5, pte_encode_table(area_table[3]), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, pte_encode_table(0x9000000), 0, 1));
	for (unsigned bit = 2; bit < 64; bit++) {
		pte_t pte = pte_encode_table(one) ^ 1ull << bit;

		if (pte_is_table(pte, 2) && pte_addr(pte, 2) != other) /* a neighbour in memory, and right */
			REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, pte, 0, 1));
	}
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		if (type == FRAME_TABLE)
			continue;
		scene_set_frame(POOL, type, 1, 0);
		REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, pte_encode_table(POOL), 0, 1));
	}
	ALLOWS(gate_set_entries(area_table[2], 5, pte_encode_table(one), 0, 1));
	ALLOWS(gate_set_entries(area_table[2], 5, pte_encode_table(one), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, pte_encode_table(other), 0, 1));
	REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, pte_encode(POOL + MIB(2), PERM_R, 2), 0, 1));
	ALLOWS(gate_set_entries(one, 511, leaf(POOL + PAGE_SIZE, PERM_R), 0, 1)); /* unlinked only when empty */
	REFUSES(ERR_DENIED, gate_set_entries(area_table[2], 5, 0, 0, 1));
	ALLOWS(gate_set_entries(one, 511, 0, 0, 1));
	REFUSES(ERR_DENIED, gate_table_free(one)); /* freed only when unlinked */
	ALLOWS(gate_set_entries(area_table[2], 5, 0, 0, 1));
	ALLOWS(gate_table_free(one));
	REFUSES(ERR_DENIED, gate_set_entries(one, 0, leaf(POOL, PERM_R), 0, 1));
}

static void test_all_or_nothing(void **state)
{
	static const unsigned odd[] = { 0, 1, 100, 511 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++) {
		scene_set_frame(POOL + odd[i] * PAGE_SIZE, FRAME_SEALED, 0, 0);
		REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, leaf(POOL, RW), PAGE_SIZE, 512));
		scene_set_frame(POOL + odd[i] * PAGE_SIZE, FRAME_KERNEL, 0, 1);
		scene_set_entry(area_table[1], odd[i], leaf(POOL + MIB(4), PERM_R));
		REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, leaf(POOL, RW), PAGE_SIZE, 512));
		scene_set_entry(area_table[1], odd[i], 0);
	}
	ALLOWS(gate_set_entries(area_table[1], 0, leaf(POOL, RW), PAGE_SIZE, 512));
	assert_null(tables_wrong_count());
	ALLOWS(gate_set_entries(area_table[1], 0, 0, PAGE_SIZE, 512));
	assert_null(tables_wrong_count());
}

/* gate_change_entries fills no hole, wherever it is, and otherwise does what gate_set_entries does. */
static void test_change_fills_no_hole(void **state)
{
	static const unsigned holes[] = { 0, 1, 7, 8, 100, 511 };
	paddr_t table = area_table[1];

	(void)state;
	REFUSES(ERR_RANGE, gate_change_entries(table, 0, leaf(POOL, PERM_R), 513));
	REFUSES(ERR_NOT_MAPPED, gate_change_entries(table, 0, leaf(POOL, PERM_R), 512));
	ALLOWS(gate_set_entries(table, 0, leaf(POOL, RW), PAGE_SIZE, 512));
	for (unsigned i = 0; i < ARRAY_SIZE(holes); i++) {
		ALLOWS(gate_set_entries(table, holes[i], 0, 0, 1));
		REFUSES(ERR_NOT_MAPPED, gate_change_entries(table, 0, leaf(POOL, PERM_R), 512));
		ALLOWS(gate_set_entries(table, holes[i], leaf(POOL + holes[i] * PAGE_SIZE, RW), 0, 1));
	}
	ALLOWS(gate_change_entries(table, 0, leaf(POOL, PERM_R), 512));
	assert_true(scene_get_entry(table, 511) == leaf(POOL + 511 * PAGE_SIZE, PERM_R));
	assert_null(tables_wrong_count());
	scene_set_entry(table, 3, leaf(POOL + 3 * PAGE_SIZE, RW)); /* not all alike: the general way */
	scene_set_frame(POOL + 3 * PAGE_SIZE, FRAME_KERNEL, 0, frame_at(POOL + 3 * PAGE_SIZE)->writable + 1);
	ALLOWS(gate_change_entries(table, 0, leaf(POOL, PERM_R), 512));
	assert_null(tables_wrong_count());
}

/* The number of writable mappings has 16 bits; a frame that seems to have none could be sealed. */
static void test_writable_count_never_wraps(void **state)
{
	unsigned before = 1;

	(void)state;
	scene_set_frame(POOL, FRAME_KERNEL, 0, UINT16_MAX);
	REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, leaf(POOL, RW), 0, 1));
	scene_set_frame(POOL, FRAME_KERNEL, 0, 1);
	for (unsigned i = 0; i < 140; i++) {
		enum error error = gate_set_entries(area_table[1], 0, leaf(POOL, RW), 0, 512);

		assert_true(frame_at(POOL)->writable >= before);
		assert_int_equal(frame_at(POOL)->writable - before, error ? 0 : 512);
		before = frame_at(POOL)->writable;
		fake_window_open();
		memset(scene_entry(area_table[1], 0), 0, PAGE_SIZE); /* as if it had been another table */
		fake_window_close();
	}
	assert_true(before > 1000);
}

static void test_before_the_gate_is_live(void **state)
{
	struct boot_info boot_info = { 0 };
	paddr_t table;

	(void)state;
	fake_machine_start(FAKE_SMALL_IMAGE);
	assert_int_equal(memory_map_add(&boot_info.memory, FAKE_SMALL_START, FAKE_SMALL_BYTES, MEMORY_USABLE), OK);
	kernel_map_build(&boot_info, 1);
	table = new_table(3);
	assert_int_equal(gate_set_entries(kernel_root_frame, 1, pte_encode_table(table), 0, 1), OK);
	assert_int_equal(gate_set_entries(kernel_root_frame, 2, pte_encode_table(table) | 1ull << 9, 0, 1), ERR_DENIED);
	assert_int_equal(gate_set_entries(kernel_root_frame, 2, pte_encode_table(new_table(2)), 0, 1), ERR_DENIED);
	assert_int_equal(gate_set_entries(kernel_root_frame, 1, 0, 0, 1), ERR_DENIED); /* top-level slots stay */
	assert_int_equal(gate_set_entries(new_table(1), 1, leaf(0x9000000, RW | PERM_DEVICE), 0, 1), OK);
	assert_int_equal(gate_set_entries(new_table(1), 1, leaf(0x9000000, RW), 0, 1), ERR_DENIED);
	assert_int_equal(gate_run_early(GATE_OP_COUNT, 0, 0, 0, 0, 0), ERR_INVALID);
	assert_int_equal(gate_run_early(~0ull, 0, 0, 0, 0, 0), ERR_INVALID);
}

int gate_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_new_leaves, scene),
		cmocka_unit_test_setup(test_leaves_outside_of_ram, scene),
		cmocka_unit_test_setup(test_leaves_in_no_canonical_form, scene),
		cmocka_unit_test_setup(test_where_entries_go, scene),
		cmocka_unit_test_setup(test_blocks, scene),
		cmocka_unit_test_setup(test_old_leaves, scene),
		cmocka_unit_test_setup(test_old_blocks, scene),
		cmocka_unit_test_setup(test_links, scene),
		cmocka_unit_test_setup(test_all_or_nothing, scene),
		cmocka_unit_test_setup(test_change_fills_no_hole, scene),
		cmocka_unit_test_setup(test_writable_count_never_wraps, scene),
		cmocka_unit_test(test_before_the_gate_is_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
