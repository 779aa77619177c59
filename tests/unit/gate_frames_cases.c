/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_frames_cases.c: the gate's other functions: tables made and freed, frames that change their type, the
 * chains' counters, opening a page, the ring, the dry run's begin and end. Refusals change nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <amber/chain.h>

#include "cases.h"
#include "dry_run.h"
#include "fake_machine.h"
#include "gate_scene.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "ring.h"
#include "table_walk.h"

#define RW (PERM_R | PERM_W)
#define OUTSIDE (FAKE_SMALL_START + FAKE_SMALL_BYTES)

static int scene(void **state)
{
	(void)state;
	scene_make();
	return 0;
}

static void test_tables(void **state)
{
	paddr_t unused = frame_table.arena_end - PAGE_SIZE;

	(void)state;
	REFUSES(ERR_INVALID, gate_table(unused + 8, 1));
	REFUSES(ERR_INVALID, gate_table(unused, 0));
	REFUSES(ERR_INVALID, gate_table(unused, 4));
	REFUSES(ERR_INVALID, gate_table(unused, 257));
	REFUSES(ERR_DENIED, gate_table(OUTSIDE, 1));
	REFUSES(ERR_DENIED, gate_table(~0ull << PAGE_SHIFT, 1));
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		scene_set_frame(POOL, type, 1, 0);
		if (type != FRAME_ARENA)
			REFUSES(ERR_DENIED, gate_table(POOL, 1));
		if (type != FRAME_TABLE)
			REFUSES(ERR_DENIED, gate_table_free(POOL));
	}
	scene_set_frame(unused, FRAME_ARENA, 0, 1); /* somebody can write it */
	REFUSES(ERR_DENIED, gate_table(unused, 1));
	scene_set_frame(unused, FRAME_ARENA, 0, 0);
	for (unsigned i = 0; i < 512; i++)
		scene_set_entry(unused, i, ~0ull); /* an old kernel's leavings */
	ALLOWS(gate_table(unused, 3));
	for (unsigned i = 0; i < 512; i++)
		assert_true(scene_get_entry(unused, i) == 0);
	assert_true(frame_at(unused)->type == FRAME_TABLE && frame_at(unused)->level == 3);
}

static void test_tables_are_freed_empty_and_unlinked(void **state)
{
	paddr_t unused = frame_table.arena_end - PAGE_SIZE;

	(void)state;
	ALLOWS(gate_table(unused, 2));
	REFUSES(ERR_DENIED, gate_table_free(unused + 8));
	REFUSES(ERR_DENIED, gate_table_free(OUTSIDE));
	for (int level = 1; level <= 3; level++) /* linked from a table, a table, the root */
		REFUSES(ERR_DENIED, gate_table_free(area_table[level]));
	/* There are no devices: an empty table, and only the root links to it. */
	REFUSES(ERR_DENIED, gate_table_free(pte_addr(scene_get_entry(kernel_root_frame, pagetable_index(DEVICE_BASE, 4)), 4)));
	scene_set_entry(unused, 511, pte_encode(POOL, PERM_R, 2));
	REFUSES(ERR_DENIED, gate_table_free(unused));
	scene_set_entry(unused, 511, 0);
	ALLOWS(gate_table_free(unused));
	assert_true(frame_at(unused)->type == FRAME_ARENA && frame_at(unused)->level == 0);
	REFUSES(ERR_DENIED, gate_table_free(unused));
}

static bool type_may_change(enum frame_type from, enum frame_type to, unsigned writable)
{
	if (from == FRAME_USER) /* no user mapping; and to FRAME_USER only what has 4 KiB leaves: gate_user_cases.c */
		return to == FRAME_KERNEL;
	return from == FRAME_KERNEL && (to == FRAME_SEALED || to == FRAME_CORE || to == FRAME_ARENA) && !writable;
}

static void test_frame_types(void **state)
{
	(void)state;
	for (enum frame_type from = 0; from < FRAME_TYPE_COUNT; from++)
		for (enum frame_type to = 0; to < FRAME_TYPE_COUNT + 2; to++)
			for (unsigned writable = 0; writable < 2; writable++) {
				paddr_t frame = POOL + PAGE_SIZE;

				if (from == FRAME_INIT_TEXT && to == FRAME_KERNEL)
					continue; /* below */
				scene_set_frame(frame, from, 0, writable);
				if (to >= FRAME_TYPE_COUNT)
					REFUSES(ERR_INVALID, gate_frame_type(frame, 1, to));
				else if (!type_may_change(from, to, writable))
					REFUSES(ERR_DENIED, gate_frame_type(frame, 1, to));
				else
					ALLOWS(gate_frame_type(frame, 1, to));
			}
}

static void test_ranges_of_frame_types(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++)
		scene_set_frame(POOL + i * PAGE_SIZE, FRAME_KERNEL, 0, i == 4);
	REFUSES(ERR_INVALID, gate_frame_type(POOL + 1, 1, FRAME_SEALED));
	REFUSES(ERR_INVALID, gate_frame_type(POOL, 0, FRAME_SEALED));
	REFUSES(ERR_INVALID, gate_frame_type(POOL, frame_table.count + 1, FRAME_SEALED));
	REFUSES(ERR_INVALID, gate_frame_type(POOL, ~0ull, FRAME_SEALED));
	REFUSES(ERR_RANGE, gate_frame_type(POOL, frame_table.count, FRAME_SEALED));
	REFUSES(ERR_RANGE, gate_frame_type(OUTSIDE, 1, FRAME_SEALED));
	REFUSES(ERR_RANGE, gate_frame_type(0, 1, FRAME_SEALED));
	REFUSES(ERR_DENIED, gate_frame_type(POOL, 5, FRAME_SEALED)); /* the last is writable: none changes */
	ALLOWS(gate_frame_type(POOL, 4, FRAME_SEALED));
	assert_true(frame_type_at(POOL) == FRAME_SEALED && frame_type_at(POOL + 3 * PAGE_SIZE) == FRAME_SEALED);
	assert_true(frame_type_at(POOL + 4 * PAGE_SIZE) == FRAME_KERNEL && frame_type_at(POOL - 1) == FRAME_KERNEL);
}

static void test_init_text(void **state)
{
	paddr_t frame = image_to_phys((vaddr_t)__init_start);
	uint64_t pages = (__init_text_end - __init_start) >> PAGE_SHIFT;

	(void)state;
	REFUSES(ERR_DENIED, gate_frame_type(frame, pages, FRAME_KERNEL)); /* still executable */
	assert_int_equal(pagetable_unmap(kernel_root_frame, (vaddr_t)__init_start, (pages - 1) * PAGE_SIZE), OK);
	REFUSES(ERR_DENIED, gate_frame_type(frame, pages, FRAME_KERNEL));
	assert_int_equal(pagetable_unmap(kernel_root_frame, (vaddr_t)__init_text_end - PAGE_SIZE, PAGE_SIZE), OK);
	ALLOWS(gate_frame_type(frame, pages, FRAME_KERNEL));
	assert_null(tables_broken_rule());
}

static bool is_element(vaddr_t addr)
{
	for (unsigned i = 0; i < CHAINS_MAX; i++)
		for (unsigned k = 0; k < CHAIN_ELEMENTS_MAX; k++)
			if (addr == (vaddr_t)&chain_table.chains[i].elements[k])
				return true;
	return false;
}

static void test_chain_state(void **state)
{
	static const struct policy keeps_five = { .state_bytes = 5 };
	uint8_t bytes[POLICY_STATE_BYTES];
	struct chain_element *last = &chain_table.chains[CHAINS_MAX - 1].elements[CHAIN_ELEMENTS_MAX - 1];
	uint64_t refused = gate_counters.refused, wrong = 0;

	(void)state;
	memset(bytes, 7, sizeof(bytes));
	gate_hold();
	for (vaddr_t addr = (vaddr_t)&chain_table - 300; addr < (vaddr_t)(&chain_table + 1) + 300; addr++)
		if (!is_element(addr)) /* what lies behind the chains, their state, is none either */
			wrong += gate_state((struct chain_element *)addr, 9, bytes) != ERR_RANGE, refused++;
	assert_int_equal(wrong, 0);
	assert_int_equal(gate_counters.refused, refused);
	for (unsigned i = 0; i < sizeof(chain_table); i++)
		assert_int_equal(((const uint8_t *)&chain_table)[i], 0);
	REFUSES(ERR_RANGE, gate_state(NULL, 9, NULL));
	ALLOWS(gate_state(last, 9, bytes));
	assert_true(last->used == 9 && last->budget == 0 && !last->policy && chain_table.states[3][0] == 0);
	last->policy = &keeps_five;
	last->state = chain_table.states[3];
	ALLOWS(gate_state(last, 9, bytes));
	assert_true(!memcmp(last->state, bytes, 5) && last->state[5] == 0);
	ALLOWS(gate_state(last, 10, NULL));
	assert_true(last->used == 10 && !memcmp(last->state, bytes, 5));
	ALLOWS(gate_state(&chain_table.chains[0].elements[0], 1, NULL));
	assert_true(chain_table.chains[0].elements[1].used == 0 && chain_table.chains[0].elements[0].used == 1);
}

static void test_unprotect(void **state)
{
	pte_t sealed = pte_encode(POOL, PERM_R, 1);

	(void)state;
	REFUSES(ERR_NOT_MAPPED, gate_unprotect(AREA));
	REFUSES(ERR_NOT_MAPPED, gate_unprotect(0));
	REFUSES(ERR_NOT_MAPPED, gate_unprotect(~0ull));
	scene_set_frame(POOL, FRAME_SEALED, 0, 0);
	REFUSES(ERR_NOT_MAPPED, gate_unprotect(DIRECT_MAP_BASE + POOL)); /* a block */
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		scene_set_frame(POOL, type, 0, 0);
		scene_set_entry(area_table[1], 0, sealed);
		if (type != FRAME_SEALED && type != FRAME_USER_SEALED)
			REFUSES(ERR_DENIED, gate_unprotect(AREA));
	}
	scene_set_frame(POOL, FRAME_SEALED, 0, 0);
	scene_set_entry(area_table[1], 0, pte_encode(POOL, PERM_R | PERM_X, 1));
	REFUSES(ERR_DENIED, gate_unprotect(AREA));
	scene_set_entry(area_table[1], 0, sealed);
	ALLOWS(gate_unprotect(AREA + 123));
	assert_true(scene_get_entry(area_table[1], 0) == pte_encode(POOL, RW, 1));
	assert_true(frame_at(POOL)->writable == 1 && gate_counters.unprotected_pages == 1 && gate_counters.generation == 1);
	REFUSES(ERR_DENIED, gate_unprotect(AREA)); /* it is open already */
}

static void test_ring(void **state)
{
	const struct violation_ring *ring = phys_to_virt(violation_ring_frame);
	struct violation violation = { .seq = 1, .addr = 100, .count = 1, .size_bytes = 8 };

	(void)state;
	gate_hold();
	assert_int_equal(gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0), ERR_FULL); /* nothing to merge into */
	for (unsigned i = 0; i < RING_RECORDS; i++, violation.seq++)
		ALLOWS(gate_run(GATE_RING_APPEND, (uint64_t)&violation, 0, 0, 0, 0));
	violation = ring->records[RING_RECORDS - 1];
	violation.addr++; /* records only grow */
	REFUSES(ERR_DENIED, gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0));
	violation.addr -= 9;
	violation.size_bytes = 7;
	REFUSES(ERR_DENIED, gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0));
	violation.size_bytes = 16;
	violation.count = 0;
	REFUSES(ERR_DENIED, gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0));
	violation.count = 2;
	violation.seq++;
	REFUSES(ERR_DENIED, gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0));
	violation.seq--;
	ALLOWS(gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0));
	assert_true(ring->records[RING_RECORDS - 1].count == 2 && ring->records[RING_RECORDS - 1].addr == 92);
	assert_int_equal(gate_run(GATE_RING_APPEND, (uint64_t)&violation, 0, 0, 0, 0), ERR_FULL); /* the first ones stay */
	assert_true(ring->kept == RING_RECORDS && ring->appended == RING_RECORDS + 1 && ring->records[0].seq == 1);
	assert_int_equal(gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0), ERR_FULL);
}

/* A record and its chain's counters belong together: only who holds the lock over both may write them. */
static void test_records_need_the_lock(void **state)
{
	struct violation violation = { .seq = 1, .addr = 100, .count = 1, .size_bytes = 8 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		REFUSES(ERR_DENIED, gate_run(GATE_RING_APPEND, (uint64_t)&violation, 0, 0, 0, 0));
		REFUSES(ERR_DENIED, gate_run(GATE_RING_MERGE, (uint64_t)&violation, 0, 0, 0, 0));
		REFUSES(ERR_DENIED, gate_state(&chain_table.chains[0].elements[0], 1, NULL));
		assert_int_equal(chain_table.chains[0].elements[0].used, 0);
		gate_hold();
		ALLOWS(gate_run(GATE_RING_APPEND, (uint64_t)&violation, 0, 0, 0, 0));
		gate_let_go();
	}
}

#define BEGIN(page, neighbour) gate_run(GATE_DRY_BEGIN, page, neighbour, 0, 0, 0)
#define END(commit) gate_run(GATE_DRY_END, commit, 0, UINT64_MAX, 0, 0)

static void test_dry_run_refusals(void **state)
{
	(void)state;
	REFUSES(ERR_INVALID, END(0));
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		scene_set_frame(POOL, type, 0, 0);
		scene_set_entry(area_table[1], 1, pte_encode(POOL, PERM_R, 1));
		if (type != FRAME_SEALED && type != FRAME_USER_SEALED)
			REFUSES(ERR_DENIED, BEGIN(AREA + PAGE_SIZE, 0));
	}
	scene_set_frame(POOL, FRAME_SEALED, 0, 0);
	REFUSES(ERR_INVALID, BEGIN(AREA + PAGE_SIZE + 8, 0));
	REFUSES(ERR_INVALID, BEGIN(AREA + PAGE_SIZE, AREA + PAGE_SIZE));
	REFUSES(ERR_INVALID, BEGIN(AREA + PAGE_SIZE, AREA + 4 * PAGE_SIZE));
	REFUSES(ERR_DENIED, BEGIN(AREA + 2 * PAGE_SIZE, 0)); /* not mapped */
	fake_root = percpu[0].dry_root; /* only under a kernel root */
	REFUSES(ERR_DENIED, BEGIN(AREA + PAGE_SIZE, 0));
	fake_root = percpu[0].kernel_root;
	ALLOWS(BEGIN(AREA + PAGE_SIZE, 0));
	REFUSES(ERR_INVALID, BEGIN(AREA + PAGE_SIZE, 0)); /* one at a time */
	ALLOWS(END(0));
}

static uint8_t *shadow_at(vaddr_t va)
{
	struct walk_leaf leaf;

	assert_true(table_walk_find(percpu[0].dry_root_frame, va, &leaf));
	assert_true(leaf.level == 1 && leaf.perms == RW && frame_type_at(leaf.frame) == FRAME_SHADOW);
	return gate_window(leaf.frame);
}

/* As the step would: through the dry-run root, into whatever shadow is there. */
static void store(vaddr_t va, uint8_t value)
{
	uint8_t *shadow = shadow_at(ALIGN_DOWN(va, PAGE_SIZE));

	fake_window_open();
	shadow[va & PAGE_MASK] = value;
	fake_window_close();
}

static void test_dry_run(void **state)
{
	uint8_t *page = phys_to_virt(POOL), *next = phys_to_virt(POOL + PAGE_SIZE);
	vaddr_t va = AREA + PAGE_SIZE;
	uint64_t frame[64] = { 0 };

	(void)state;
	scene_set_frame(POOL, FRAME_SEALED, 0, 0);
	scene_set_entry(area_table[1], 1, pte_encode(POOL, PERM_R, 1));
	scene_set_entry(area_table[1], 2, pte_encode(POOL + PAGE_SIZE, RW, 1)); /* an ordinary neighbour */
	for (unsigned commit = 0; commit < 2; commit++) {
		memset(page, 0x11, PAGE_SIZE);
		memset(next, 0x22, PAGE_SIZE);
		ALLOWS(BEGIN(va, va + PAGE_SIZE));
		for (unsigned i = 0; i < PAGE_SIZE; i++) { /* no byte of the first shadow is the page's */
			fake_window_open();
			assert_int_equal(shadow_at(va)[i], 0x11 ^ (uint8_t)(DRY_RUN_PATTERN >> (i % 8 * 8)));
			assert_int_equal(shadow_at(va + PAGE_SIZE)[i], 0x22 ^ (uint8_t)(DRY_RUN_PATTERN >> (i % 8 * 8)));
		}
		fake_window_close();
		ALLOWS(gate_run(GATE_DRY_FLIP, (uint64_t)frame, 0, 0, 0, 0));
		store(va + PAGE_SIZE - 1, 0x77);
		store(va + PAGE_SIZE, 0x88);
		next[8] = 0x99; /* somebody else writes the neighbour meanwhile, in another word */
		store(va + PAGE_SIZE + 8, 0x99);
		ALLOWS(END(commit));
		assert_int_equal(page[PAGE_SIZE - 1], commit ? 0x77 : 0x11);
		assert_int_equal(next[0], commit ? 0x88 : 0x22);
		assert_true(page[0] == 0x11 && page[PAGE_SIZE - 2] == 0x11 && next[1] == 0x22 && next[8] == 0x99);
		assert_int_equal(gate_counters.generation, commit);
		/* The dry-run root is a plain copy again. */
		/* The dry-run root is a plain copy again. */
		assert_memory_equal(phys_to_virt(percpu[0].dry_root_frame), phys_to_virt(kernel_root_frame), PAGE_SIZE);
	}
}

static void test_device(void **state)
{
	(void)state;
	ALLOWS(gate_device(0xb0, 0));
	assert_int_equal(gate_device(0x300, 0), ERR_INVALID);
}

int gate_frames_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_tables, scene),
		cmocka_unit_test_setup(test_tables_are_freed_empty_and_unlinked, scene),
		cmocka_unit_test_setup(test_frame_types, scene),
		cmocka_unit_test_setup(test_ranges_of_frame_types, scene),
		cmocka_unit_test_setup(test_init_text, scene),
		cmocka_unit_test_setup(test_chain_state, scene),
		cmocka_unit_test_setup(test_unprotect, scene),
		cmocka_unit_test_setup(test_ring, scene),
		cmocka_unit_test_setup(test_records_need_the_lock, scene),
		cmocka_unit_test_setup(test_dry_run_refusals, scene),
		cmocka_unit_test_setup(test_dry_run, scene),
		cmocka_unit_test_setup(test_device, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
