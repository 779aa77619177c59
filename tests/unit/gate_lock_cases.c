/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_lock_cases.c: the lock that orders all changes of sealed memory: what finds it taken changes nothing and is
 * told so, holds nest, a dry run has it from its begin to its end, and only who has it can let it go. (mm/gate_lock.c)
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

#define CPUS   3
#define SEALED (AREA + 2 * PAGE_SIZE) /* maps POOL + 2 pages */
#define RW     (PERM_R | PERM_W)

static uint8_t core[4 * PAGE_SIZE];

/* Three CPUs, and a sealed page. */
static int scene(void **state)
{
	(void)state;
	scene_make_cpus(CPUS);
	scene_set_frame(POOL + 2 * PAGE_SIZE, FRAME_SEALED, 0, 0);
	scene_set_entry(area_table[1], 2, pte_encode(POOL + 2 * PAGE_SIZE, PERM_R, 1));
	return 0;
}

/* The core section, byte by byte: the sanitizer keeps zones between the objects that memcpy may not read. */
__attribute__((no_sanitize("address"))) static bool core_is_remembered(bool remember)
{
	const volatile uint8_t *from = (const uint8_t *)__ro_core_start;
	size_t bytes = (size_t)(__ro_core_used_end - __ro_core_start);
	bool is_same = true;

	assert_true(bytes <= sizeof(core));
	for (size_t i = 0; i < bytes; i++) {
		is_same &= core[i] == from[i];
		if (remember)
			core[i] = from[i];
	}
	return is_same;
}

#define CALL(op, a, b, c, d, e) arch_gate_call(op, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), (uint64_t)(e))
/* The call finds the lock taken: neither the arena nor any core data (lock, counters, chains) has changed. */
#define BUSY(call) \
	do { \
		scene_remember(); \
		core_is_remembered(true); \
		assert_int_equal(call, ERR_BUSY); \
		assert_true(scene_is_as_remembered()); \
		assert_true(core_is_remembered(false)); \
	} while (0)

static bool is_taken_for(unsigned id)
{
	unsigned self = this_cpu()->id;
	uint64_t result;

	fake_be_cpu(id);
	result = CALL(GATE_HOLD, 0, 0, 0, 0, 0);
	if (result == OK)
		ALLOWS(CALL(GATE_LET_GO, 0, 0, 0, 0, 0));
	fake_be_cpu(self);
	return result == ERR_BUSY;
}

static paddr_t unused_frame(void)
{
	paddr_t frame = frame_table.arena_end - PAGE_SIZE;

	assert_int_equal(frame_type_at(frame), FRAME_ARENA);
	return frame;
}

/* Each of these calls is good: as soon as the lock is free it does what it shall. */
static void test_taken_by_another(void **state)
{
	struct violation violation = { .count = 1 };
	pte_t pte = pte_encode(POOL, RW, 1);
	paddr_t frame = unused_frame();

	(void)state;
	for (unsigned free = 0; free < 2; free++) {
		fake_be_cpu(1);
		if (!free)
			ALLOWS(CALL(GATE_HOLD, 0, 0, 0, 0, 0));
		fake_be_cpu(0);
#define EXPECT(call) \
	do { \
		if (free) \
			ALLOWS(call); \
		else \
			BUSY(call); \
	} while (0)
		EXPECT(CALL(GATE_SET_ENTRIES, area_table[1], 0, pte, PAGE_SIZE, 1));
		EXPECT(CALL(GATE_SET_ENTRIES, area_table[1], 8, pte_encode(POOL + 8 * PAGE_SIZE, RW, 1), PAGE_SIZE, 100));
		EXPECT(CALL(GATE_TABLE, frame, 1, 0, 0, 0));
		if (free)
			assert_int_equal(frame_type_at(frame), FRAME_TABLE);
		EXPECT(CALL(GATE_TABLE_FREE, frame, 0, 0, 0, 0));
		EXPECT(CALL(GATE_DRY_BEGIN, SEALED, 0, 0, 0, 0));
		if (free)
			ALLOWS(CALL(GATE_DRY_END, 0, 0, 0, 0, 0));
		EXPECT(CALL(GATE_FAST_BEGIN, SEALED, 0, 0, 0, 0));
		if (free)
			ALLOWS(CALL(GATE_DRY_END, 0, 0, 0, 0, 0));
		EXPECT(CALL(GATE_UNPROTECT, SEALED, 0, 0, 0, 0));
		if (!free)
			REFUSES(ERR_DENIED, CALL(GATE_RING_APPEND, &violation, 0, 0, 0, 0)); /* never waits: who comes here has the lock */
		EXPECT(CALL(GATE_HOLD, 0, 0, 0, 0, 0));
		fake_be_cpu(1);
		if (!free)
			ALLOWS(CALL(GATE_LET_GO, 0, 0, 0, 0, 0));
	}
}

/* What says no anyway says no, or busy: but never anything else. */
static void test_bad_calls_while_taken(void **state)
{
	(void)state;
	fake_be_cpu(1);
	ALLOWS(CALL(GATE_HOLD, 0, 0, 0, 0, 0));
	fake_be_cpu(0);
	BUSY(CALL(GATE_SET_ENTRIES, kernel_root_frame, 0, 0, 0, 1));
	BUSY(CALL(GATE_FRAME_TYPE, ~0ull, ~0ull, ~0ull, 0, 0));
	BUSY(CALL(GATE_DRY_BEGIN, 1, 2, 0, 0, 0));
	REFUSES(ERR_INVALID, CALL(GATE_DRY_END, 1, 0, 0, 0, 0));
	assert_true(is_taken_for(0) && is_taken_for(2) && !is_taken_for(1));
}

static void test_holds_nest(void **state)
{
	(void)state;
	for (unsigned depth = 1; depth < 6; depth++) {
		for (unsigned i = 0; i < depth; i++) {
			ALLOWS(CALL(GATE_HOLD, 0, 0, 0, 0, 0));
			/* What takes it for one call only does not drop it altogether, whether it works or not. */
			ALLOWS(gate_set_entries(area_table[1], 0, pte_encode(POOL, RW, 1), 0, 1));
			REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, pte_encode(POOL, RW | PERM_X, 1), 0, 1));
			assert_true(is_taken_for(1));
		}
		for (unsigned i = 0; i < depth; i++) {
			assert_true(is_taken_for(1) && is_taken_for(2));
			ALLOWS(CALL(GATE_LET_GO, 0, 0, 0, 0, 0));
		}
		assert_false(is_taken_for(1));
		REFUSES(ERR_INVALID, CALL(GATE_LET_GO, 0, 0, 0, 0, 0)); /* once too often */
		assert_false(is_taken_for(1));
	}
}

static void test_only_the_holder_lets_go(void **state)
{
	(void)state;
	for (unsigned id = 0; id < CPUS; id++) {
		fake_be_cpu(id);
		REFUSES(ERR_INVALID, CALL(GATE_LET_GO, 0, 0, 0, 0, 0)); /* it is free */
		ALLOWS(CALL(GATE_HOLD, 0, 0, 0, 0, 0));
		for (unsigned other = 0; other < CPUS; other++) {
			if (other == id)
				continue;
			fake_be_cpu(other);
			REFUSES(ERR_INVALID, CALL(GATE_LET_GO, 0, 0, 0, 0, 0));
			assert_true(is_taken_for(other) && !is_taken_for(id));
		}
		fake_be_cpu(id);
		ALLOWS(CALL(GATE_LET_GO, 0, 0, 0, 0, 0));
	}
}

static void expect_dry_run_holds(uint64_t op, uint64_t commit)
{
	uint64_t frame[64] = { 0 };

	ALLOWS(CALL(op, SEALED, 0, 0, 0, 0));
	assert_true(is_taken_for(1));
	ALLOWS(CALL(GATE_DRY_FLIP, 0, 0, 0, 0, 0));
	ALLOWS(CALL(GATE_DRY_FIX, frame, 0, 0, 0, 0));
	assert_true(is_taken_for(1));
	REFUSES(ERR_INVALID, CALL(op, SEALED, 0, 0, 0, 0)); /* one at a time: a refusal gives back only what it took itself */
	assert_true(is_taken_for(1));
	fake_be_cpu(1); /* another CPU can't end it */
	REFUSES(ERR_INVALID, CALL(GATE_DRY_END, commit, 0, UINT64_MAX, 0, 0));
	BUSY(CALL(op, SEALED, 0, 0, 0, 0));
	fake_be_cpu(0);
	ALLOWS(CALL(GATE_DRY_END, commit, 0, UINT64_MAX, 0, 0));
	assert_false(is_taken_for(1));
}

static void test_dry_run_holds_it(void **state)
{
	static const uint64_t begins[] = { GATE_DRY_BEGIN, GATE_FAST_BEGIN };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned commit = 0; commit < 2; commit++)
			expect_dry_run_holds(begins[i], commit);
		assert_int_not_equal(CALL(begins[i], AREA, 0, 0, 0, 0), OK); /* refused: not held */
		assert_false(is_taken_for(1));
		/* In a hold: it goes on behind the dry run. */
		ALLOWS(CALL(GATE_HOLD, 0, 0, 0, 0, 0));
		ALLOWS(CALL(begins[i], SEALED, 0, 0, 0, 0));
		ALLOWS(CALL(GATE_DRY_END, 0, 0, 0, 0, 0));
		assert_true(is_taken_for(1));
		ALLOWS(CALL(GATE_LET_GO, 0, 0, 0, 0, 0));
		assert_false(is_taken_for(1));
	}
}

/* The lock let go too early, by a let-go without its hold: the end is refused, for others may have written since. */
static void test_dry_run_without_the_lock(void **state)
{
	(void)state;
	ALLOWS(CALL(GATE_DRY_BEGIN, SEALED, 0, 0, 0, 0));
	ALLOWS(CALL(GATE_LET_GO, 0, 0, 0, 0, 0));
	REFUSES(ERR_INVALID, CALL(GATE_DRY_END, 1, 0, 0, 0, 0));
}

/* Another CPU opened the page between the fault and the dry run: nothing is wrong, nothing is left to do. */
static void test_opened_meanwhile(void **state)
{
	uint64_t refused;

	(void)state;
	fake_be_cpu(1);
	ALLOWS(gate_unprotect(SEALED));
	fake_be_cpu(0);
	refused = gate_counters.refused;
	assert_int_equal(CALL(GATE_DRY_BEGIN, SEALED, 0, 0, 0, 0), ERR_OPEN);
	assert_int_equal(gate_counters.refused, refused);
	assert_false(is_taken_for(1));
	assert_int_not_equal(CALL(GATE_FAST_BEGIN, SEALED, 0, 0, 0, 0), OK);
	assert_false(is_taken_for(1));
}

static unsigned turns_left;

static void let_go_after_some_turns(void)
{
	if (turns_left && --turns_left)
		return;
	fake_be_cpu(1);
	gate_let_go();
	fake_be_cpu(0);
}

/* The calls of mm/gate.h wait outside the gate, and answer others meanwhile. */
static void test_calls_wait(void **state)
{
	(void)state;
	fake_on_relax = let_go_after_some_turns;
	for (unsigned i = 0; i < 3; i++) {
		fake_be_cpu(1);
		gate_hold();
		fake_be_cpu(0);
		turns_left = 5;
		fake_polls = 0;
		if (i == 0)
			ALLOWS(gate_set_entries(area_table[1], 0, pte_encode(POOL, RW, 1), 0, 1));
		else if (i == 1)
			REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 0, pte_encode(POOL, RW | PERM_X, 1), 0, 1));
		else
			gate_hold();
		assert_int_equal(fake_polls, 5);
		assert_int_equal(is_taken_for(1), i == 2);
	}
}

/* A violation's record and counters are written under one hold; a hold of its own around each would be two. */
static void test_records_in_a_hold(void **state)
{
	struct violation violation = { .seq = 7, .count = 1 };

	(void)state;
	ALLOWS(CALL(GATE_DRY_BEGIN, SEALED, 0, 0, 0, 0));
	ALLOWS(CALL(GATE_STATE, &chain_table.chains[0].elements[0], 3, 0, 0, 0));
	ALLOWS(CALL(GATE_RING_APPEND, &violation, 0, 0, 0, 0));
	ALLOWS(CALL(GATE_RING_MERGE, &violation, 0, 0, 0, 0));
	assert_true(is_taken_for(1));
	ALLOWS(CALL(GATE_DRY_END, 0, 0, 0, 0, 0));
	REFUSES(ERR_DENIED, CALL(GATE_RING_MERGE, &violation, 0, 0, 0, 0));
	assert_false(is_taken_for(1));
}

int gate_lock_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_taken_by_another, scene),
		cmocka_unit_test_setup(test_bad_calls_while_taken, scene),
		cmocka_unit_test_setup(test_holds_nest, scene),
		cmocka_unit_test_setup(test_only_the_holder_lets_go, scene),
		cmocka_unit_test_setup(test_dry_run_holds_it, scene),
		cmocka_unit_test_setup(test_dry_run_without_the_lock, scene),
		cmocka_unit_test_setup(test_opened_meanwhile, scene),
		cmocka_unit_test_setup(test_calls_wait, scene),
		cmocka_unit_test_setup(test_records_in_a_hold, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
