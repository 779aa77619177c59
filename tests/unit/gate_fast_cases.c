/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_fast_cases.c: the fast dry run inside the gate: how long copies are kept, that the window of the last
 * time is put right, and that nothing is committed but what was seen. (mm/gate_fast.c)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "dry_run.h"
#include "fake_machine.h"
#include "gate_scene.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "table_walk.h"

#define RW    (PERM_R | PERM_W)
#define FIRST (AREA + 2 * PAGE_SIZE) /* two sealed pages that map POOL + 2 and + 3 pages */
#define NEXT  (FIRST + PAGE_SIZE)
#define PATTERN_BYTE(i) ((uint8_t)(DRY_RUN_PATTERN >> ((i) % 8 * 8)))

static int scene(void **state)
{
	(void)state;
	scene_make_cpus(2);
	for (unsigned i = 2; i < 4; i++) {
		scene_set_frame(POOL + i * PAGE_SIZE, FRAME_SEALED, 0, 0);
		scene_set_entry(area_table[1], i, pte_encode(POOL + i * PAGE_SIZE, PERM_R, 1));
	}
	return 0;
}

static uint8_t *page_of(vaddr_t addr)
{
	return phys_to_virt(POOL + ALIGN_DOWN(addr - AREA, PAGE_SIZE));
}

static const struct dry_state *dry(void)
{
	return phys_to_virt(this_cpu()->dry_state);
}

static const uint8_t *copy_a(void)
{
	return phys_to_virt(dry()->page[0].shadow_a);
}

static const uint8_t *copy_b(void)
{
	return phys_to_virt(dry()->page[0].shadow_b);
}

static uint64_t begin(vaddr_t addr)
{
	return arch_gate_call(GATE_FAST_BEGIN, addr, 0, 0, 0, 0);
}

static uint64_t end(bool commit)
{
	return arch_gate_call(GATE_DRY_END, commit, 0, UINT64_MAX, 0, 0);
}

/* As the step would: through the dry-run root, into whatever shadow is there. */
static void store_run(vaddr_t addr, unsigned bytes, uint8_t value)
{
	struct walk_leaf leaf;
	uint8_t *shadow;

	assert_true(table_walk_find(this_cpu()->dry_root_frame, ALIGN_DOWN(addr, PAGE_SIZE), &leaf));
	assert_true(leaf.level == 1 && leaf.perms == RW && frame_type_at(leaf.frame) == FRAME_SHADOW);
	shadow = gate_window(leaf.frame);
	fake_window_open();
	for (unsigned i = 0; i < bytes; i++)
		shadow[(addr & PAGE_MASK) + i] = (uint8_t)(value + i);
	fake_window_close();
}

static void store(vaddr_t addr, uint8_t value)
{
	store_run(addr, 1, value);
}

/* Does a dry run at addr still use the copies of the last one? The page is changed behind the gate's back, far from the
 * window: only copies that are made anew have it. */
static bool keeps_copies(vaddr_t addr)
{
	uint8_t *far = page_of(addr) + ((addr & PAGE_MASK) < 2048 ? 3000 : 1000);
	bool is_kept;

	++*far;
	ALLOWS(begin(addr));
	is_kept = copy_b()[far - page_of(addr)] != *far;
	assert_int_equal(copy_a()[far - page_of(addr)], copy_b()[far - page_of(addr)]);
	ALLOWS(end(false));
	--*far;
	return is_kept;
}

static void expect_made_anew_once(vaddr_t addr)
{
	assert_false(keeps_copies(addr));
	ALLOWS(arch_gate_call(GATE_SET_ENTRIES, area_table[1], 100, 0, 0, 1)); /* forget what keeps_copies changed back */
	ALLOWS(begin(addr));
	ALLOWS(end(false));
	assert_true(keeps_copies(addr));
}

static void test_kept_while_nothing_changes(void **state)
{
	(void)state;
	expect_made_anew_once(FIRST + 200);
	for (unsigned offset = 0; offset < PAGE_SIZE; offset += 101)
		assert_true(keeps_copies(FIRST + offset));
	/* Our own commit is in our own copies already. */
	ALLOWS(begin(FIRST + 8));
	store(FIRST + 8, 0x55);
	ALLOWS(arch_gate_call(GATE_DRY_FLIP, 0, 0, 0, 0, 0));
	store(FIRST + 8, 0x55);
	ALLOWS(end(true));
	assert_int_equal(gate_counters.generation, 1);
	assert_true(keeps_copies(FIRST + 8) && copy_b()[8] == 0x55);
}

static void commit_as(unsigned id, vaddr_t addr, uint64_t op, uint8_t value)
{
	unsigned self = this_cpu()->id;

	fake_be_cpu(id);
	ALLOWS(arch_gate_call(op, op == GATE_DRY_BEGIN ? ALIGN_DOWN(addr, PAGE_SIZE) : addr, 0, 0, 0, 0));
	ALLOWS(arch_gate_call(GATE_DRY_FLIP, 0, 0, 0, 0, 0));
	store(addr, value);
	ALLOWS(end(true));
	fake_be_cpu(self);
}

/* Whatever writes sealed data raises the generation: no copy survives, on no CPU. */
static void test_generation(void **state)
{
	(void)state;
	for (unsigned id = 0; id < 2; id++)
		for (unsigned way = 0; way < 2; way++) {
			uint64_t op = way ? GATE_FAST_BEGIN : GATE_DRY_BEGIN;

			expect_made_anew_once(FIRST);
			commit_as(id, NEXT + 40, op, (uint8_t)(id + 1));
			expect_made_anew_once(FIRST);
			commit_as(1, FIRST + 40, op, (uint8_t)(id + 100)); /* the same page, by another CPU */
			ALLOWS(begin(FIRST + 3000));
			assert_int_equal(copy_b()[40], id + 100);
			ALLOWS(end(false));
			ALLOWS(gate_set_entries(area_table[1], 100, 0, 0, 1));
		}
	expect_made_anew_once(FIRST);
	ALLOWS(gate_unprotect(NEXT)); /* from now on it changes without the gate; but only this page counts */
	expect_made_anew_once(FIRST);
}

/* Two CPUs by turns, each with copies of its own; a commit of the one is seen by the other. */
static void test_two_cpus_by_turns(void **state)
{
	uint8_t expected = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		fake_be_cpu((unsigned)fake_random_below(2));
		ALLOWS(begin(FIRST + 8 + fake_random_below(3000)));
		assert_int_equal(copy_b()[4000], expected);
		ALLOWS(end(false));
		if (i % 3)
			continue;
		expected++;
		ALLOWS(begin(FIRST + 4000));
		ALLOWS(arch_gate_call(GATE_DRY_FLIP, 0, 0, 0, 0, 0));
		store(FIRST + 4000, expected);
		ALLOWS(end(true));
	}
	assert_int_equal(page_of(FIRST)[4000], expected);
}

/* Whatever changes entries may change what the private chain is a copy of. */
static void test_tables(void **state)
{
	struct walk_leaf leaf;

	(void)state;
	expect_made_anew_once(FIRST);
	ALLOWS(gate_set_entries(area_table[1], 50, pte_encode(POOL, RW, 1), 0, 1));
	assert_false(keeps_copies(FIRST));
	ALLOWS(gate_set_entries(area_table[1], 50, 0, 0, 1));
	expect_made_anew_once(FIRST);
	/* The new entry is in the new private chain: the step may read through it. */
	ALLOWS(gate_set_entries(area_table[1], 51, pte_encode(POOL, RW, 1), 0, 1));
	ALLOWS(begin(FIRST));
	assert_true(table_walk_find(this_cpu()->dry_root_frame, AREA + 51 * PAGE_SIZE, &leaf) && leaf.frame == POOL);
	ALLOWS(end(false));
	fake_be_cpu(1); /* on another CPU */
	ALLOWS(gate_set_entries(area_table[1], 51, 0, 0, 1));
	fake_be_cpu(0);
	assert_false(keeps_copies(FIRST));
}

static void test_another_page_or_root(void **state)
{
	paddr_t other_root = frame_table.arena_end - PAGE_SIZE;

	(void)state;
	expect_made_anew_once(FIRST);
	ALLOWS(begin(NEXT)); /* there is room for one page */
	assert_int_equal(dry()->page[0].frame, POOL + 3 * PAGE_SIZE);
	ALLOWS(end(false));
	assert_false(keeps_copies(FIRST));
	scene_set_frame(other_root, FRAME_ROOT, 4, 0);
	fake_window_open();
	memcpy(gate_window(other_root), gate_window(kernel_root_frame), PAGE_SIZE);
	fake_window_close();
	fake_root = arch_root_value(other_root, ROOT_KERNEL);
	assert_false(keeps_copies(FIRST));
	assert_int_equal(dry()->root, other_root);
	fake_root = percpu[0].kernel_root;
	assert_false(keeps_copies(FIRST));
	fake_root = percpu[0].dry_root; /* only under a kernel root */
	assert_int_not_equal(begin(FIRST), OK);
	fake_root = percpu[0].kernel_root;
}

/* The full way uses the same shadows. */
static void test_full_way_in_between(void **state)
{
	(void)state;
	for (unsigned commit = 0; commit < 2; commit++) {
		expect_made_anew_once(FIRST);
		ALLOWS(arch_gate_call(GATE_DRY_BEGIN, FIRST, 0, 0, 0, 0));
		ALLOWS(end(commit));
		assert_false(keeps_copies(FIRST));
	}
}

/* An opened page changes without the gate; a copy of it would soon be wrong. The full way says what is to be done. */
static void test_opened_page_is_not_kept(void **state)
{
	uint64_t refused;

	(void)state;
	ALLOWS(gate_set_entries(area_table[1], 60, pte_encode(POOL + 2 * PAGE_SIZE, PERM_R, 1), 0, 1)); /* a second mapping */
	expect_made_anew_once(FIRST);
	ALLOWS(gate_unprotect(AREA + 60 * PAGE_SIZE));
	refused = gate_counters.refused;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(begin(FIRST), ERR_UNSUPPORTED);
		assert_int_equal(dry()->pages, 0);
	}
	assert_int_equal(gate_counters.refused, refused);
	ALLOWS(arch_gate_call(GATE_DRY_BEGIN, FIRST, 0, 0, 0, 0)); /* … on a copy of its own */
	assert_true(dry()->page[0].original != dry()->page[0].frame);
	ALLOWS(end(false));
	assert_int_equal(begin(FIRST), ERR_UNSUPPORTED);
}

static void test_what_is_not_sealed(void **state)
{
	(void)state;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		bool is_data = type == FRAME_SEALED || type == FRAME_USER_SEALED;

		scene_set_frame(POOL, type, 0, 0);
		scene_set_entry(area_table[1], 1, pte_encode(POOL, PERM_R, 1));
		ALLOWS(gate_set_entries(area_table[1], 100, 0, 0, 1)); /* sealed is for ever: a kept copy does not ask again */
		scene_remember();
		assert_int_equal(begin(AREA + PAGE_SIZE + 8), is_data ? OK : ERR_DENIED);
		if (is_data)
			ALLOWS(end(false));
		else
			assert_true(scene_is_as_remembered());
	}
	assert_int_equal(begin(AREA), ERR_DENIED); /* not mapped */
	assert_int_equal(begin(0), ERR_DENIED);
	assert_int_equal(begin(~0ull), ERR_DENIED);
}

/* Where does the window of a store begin? */
static unsigned window_of(unsigned offset)
{
	return MIN(offset / 64 * 64, (unsigned)(PAGE_SIZE - DRY_WINDOW_BYTES));
}

static void expect_copies(vaddr_t addr)
{
	unsigned window = window_of(addr & PAGE_MASK), wrong = 0;
	const uint8_t *page = page_of(addr), *a = copy_a(), *b = copy_b();

	for (unsigned i = 0; i < PAGE_SIZE; i++) {
		bool is_in_window = i >= window && i < window + DRY_WINDOW_BYTES;

		wrong += b[i] != page[i] || a[i] != (is_in_window ? page[i] ^ PATTERN_BYTE(i) : page[i]);
	}
	assert_int_equal(wrong, 0);
	assert_true((addr & PAGE_MASK) >= window && (addr & PAGE_MASK) < window + DRY_WINDOW_BYTES);
}

/* All over a page in order, then at random: with stores in both passes, committed or not. */
static void test_windows(void **state)
{
	static uint8_t model[PAGE_SIZE];

	(void)state;
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		model[i] = page_of(FIRST)[i] = (uint8_t)fake_random();
	for (unsigned i = 0; i < 2500; i++) {
		unsigned offset = 3 * i < PAGE_SIZE ? 3 * i : (unsigned)fake_random_below(PAGE_SIZE);
		unsigned bytes = 1 + (unsigned)fake_random_below(MIN(64, (unsigned)PAGE_SIZE - offset));
		bool commit = fake_random_below(2);

		ALLOWS(begin(FIRST + offset));
		expect_copies(FIRST + offset);
		store_run(FIRST + offset, bytes, (uint8_t)i);
		ALLOWS(arch_gate_call(GATE_DRY_FLIP, 0, 0, 0, 0, 0));
		store_run(FIRST + offset, bytes, (uint8_t)i);
		for (unsigned k = 0; commit && k < bytes; k++)
			model[offset + k] = (uint8_t)(i + k);
		ALLOWS(arch_gate_call(GATE_DRY_END, commit, FIRST + offset, bytes, 0, 0));
		assert_memory_equal(page_of(FIRST), model, PAGE_SIZE);
		assert_memory_equal(phys_to_virt(percpu[0].dry_root_frame), phys_to_virt(kernel_root_frame), PAGE_SIZE);
	}
}

/* What was not seen nobody decided about: only where the store was seen anything is committed (in whole words of 8 bytes). */
static void test_only_what_was_seen_is_committed(void **state)
{
	static const struct { vaddr_t start; uint64_t bytes; unsigned first, end; } cases[] = {
		{ FIRST, PAGE_SIZE, 0, PAGE_SIZE },
		{ FIRST + 512, 128, 512, 640 },
		{ FIRST + 520, 8, 520, 528 },
		{ FIRST + 525, 1, 520, 528 },
		{ FIRST + 525, 4, 520, 536 },
		{ FIRST - 8, 16, 0, 8 }, /* it begins in the page before, or ends in the next one */
		{ FIRST + PAGE_SIZE - 8, 16, PAGE_SIZE - 8, PAGE_SIZE },
		{ FIRST - 8, 8, 0, 0 },
		{ FIRST + PAGE_SIZE, 8, 0, 0 },
		{ ~0ull, 1000, 0, 0 },
		{ FIRST + 8, ~0ull - FIRST, 0, 0 },
	};

	(void)state;
	for (unsigned k = 0; k < 2 * ARRAY_SIZE(cases); k++) {
		unsigned i = k / 2, wrong = 0;
		unsigned first = k % 2 ? MAX(cases[i].first, 512u) : cases[i].first; /* the fast way: in its window only */
		unsigned last = k % 2 ? MIN(cases[i].end, 512u + DRY_WINDOW_BYTES) : cases[i].end;

		memset(page_of(FIRST), 0x11, PAGE_SIZE);
		ALLOWS(gate_set_entries(area_table[1], 100, 0, 0, 1)); /* changed behind the gate's back: forget */
		ALLOWS(k % 2 ? begin(FIRST + 512) : arch_gate_call(GATE_DRY_BEGIN, FIRST, 0, 0, 0, 0));
		ALLOWS(arch_gate_call(GATE_DRY_FLIP, 0, 0, 0, 0, 0));
		store_run(FIRST, PAGE_SIZE, 0x99);
		ALLOWS(arch_gate_call(GATE_DRY_END, 1, cases[i].start, cases[i].bytes, 0, 0));
		for (unsigned at = 0; at < PAGE_SIZE; at++)
			wrong += page_of(FIRST)[at] != (at >= first && at < last ? (uint8_t)(0x99 + at) : 0x11);
		assert_int_equal(wrong, 0);
	}
}

/* The store that leaves a window is run again the full way, which uses the shadows anew: nothing of it may be kept. */
static void test_a_store_that_leaves_the_window(void **state)
{
	(void)state;
	expect_made_anew_once(FIRST);
	ALLOWS(begin(FIRST + 512));
	store(FIRST + 1500, 0x99);
	ALLOWS(arch_gate_call(GATE_DRY_FLIP, 0, 0, 0, 0, 0));
	store(FIRST + 1500, 0x99);
	ALLOWS(end(false));
	ALLOWS(arch_gate_call(GATE_DRY_BEGIN, FIRST, 0, 0, 0, 0));
	ALLOWS(end(false));
	ALLOWS(begin(FIRST + 1490));
	expect_copies(FIRST + 1490);
	ALLOWS(end(true));
	assert_int_equal(page_of(FIRST)[1500], 0);
}

int gate_fast_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_kept_while_nothing_changes, scene),
		cmocka_unit_test_setup(test_generation, scene),
		cmocka_unit_test_setup(test_two_cpus_by_turns, scene),
		cmocka_unit_test_setup(test_tables, scene),
		cmocka_unit_test_setup(test_another_page_or_root, scene),
		cmocka_unit_test_setup(test_full_way_in_between, scene),
		cmocka_unit_test_setup(test_opened_page_is_not_kept, scene),
		cmocka_unit_test_setup(test_what_is_not_sealed, scene),
		cmocka_unit_test_setup(test_windows, scene),
		cmocka_unit_test_setup(test_only_what_was_seen_is_committed, scene),
		cmocka_unit_test_setup(test_a_store_that_leaves_the_window, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
