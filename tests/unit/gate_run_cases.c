/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_run_cases.c: the gate's short cut for runs (mm/gate_run.c) does just what the general way does: the same
 * random calls on the same state, once with the short cut switched off (by the linker: --wrap), with one result.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "fake_machine.h"
#include "gate_parts.h"
#include "gate_scene.h"
#include "table_walk.h"

#define ROUNDS 3000

bool __real_gate_try_run(pte_t *slot, int level, pte_t first, uint64_t step, uint64_t count);
bool __wrap_gate_try_run(pte_t *slot, int level, pte_t first, uint64_t step, uint64_t count);

static bool general_way_only;
static unsigned runs_taken;

bool __wrap_gate_try_run(pte_t *slot, int level, pte_t first, uint64_t step, uint64_t count)
{
	bool done = !general_way_only && __real_gate_try_run(slot, level, first, step, count);

	runs_taken += done;
	return done;
}

static int scene(void **state)
{
	(void)state;
	scene_make();
	return 0;
}

struct call {
	paddr_t table;
	unsigned index, count;
	pte_t first;
	uint64_t step;
};

static unsigned random_perms(void)
{
	static const unsigned perms[] = { PERM_R, PERM_R, PERM_R | PERM_W, PERM_R | PERM_W, PERM_R | PERM_X, PERM_R | PERM_W | PERM_X,
					  PERM_R | PERM_W | PERM_DEVICE, PERM_R | PERM_USER };

	return perms[fake_random_below(ARRAY_SIZE(perms))];
}

/* Mostly near the edges of what counts as a run. */
static struct call random_call(void)
{
	struct call call = { .table = area_table[1 + (fake_random_below(8) == 0)] };
	int level = call.table == area_table[1] ? 1 : 2;

	call.count = fake_random_below(4) ? 1 + fake_random_below(24) : 1 + fake_random_below(512);
	call.index = fake_random_below(513 - call.count);
	call.step = fake_random_below(16) ? PAGE_SIZE : fake_random_below(2) ? 0 : BLOCK_SIZE;
	if (fake_random_below(12))
		call.first = pte_encode(POOL + fake_random_below(40) * PAGE_SIZE * (level == 2 ? 512 : 1), random_perms(), level);
	else if (fake_random_below(4) == 0)
		call.first = fake_random();
	/* Past the end of RAM, or before its start. */
	if (fake_random_below(60) == 0)
		call.first = pte_encode(FAKE_SMALL_START + FAKE_SMALL_BYTES - fake_random_below(20) * PAGE_SIZE, random_perms(), level);
	return call;
}

/* Frames all alike but perhaps one; entries empty, or a run of the same frames, but perhaps one. */
static void random_state(const struct call *call)
{
	static const enum frame_type types[] = { FRAME_KERNEL, FRAME_KERNEL, FRAME_KERNEL, FRAME_TEXT, FRAME_SEALED, FRAME_TABLE, FRAME_OFF_LIMITS };
	struct frame *frame = gate_frame(POOL);
	enum frame_type type = types[fake_random_below(ARRAY_SIZE(types))];
	unsigned writable = fake_random_below(10) ? fake_random_below(4) : UINT16_MAX - fake_random_below(3) - (fake_random_below(2) ? 512 : 0);
	pte_t old = fake_random_below(3) == 0 ? 0 : pte_encode(pte_addr(call->first, 1), fake_random_below(2) ? PERM_R : PERM_R | PERM_W, 1);
	pte_t *entry = scene_entry(area_table[1], 0);

	for (unsigned i = 0; i < 600; i++)
		frame[i] = (struct frame){ type, 0, writable };
	for (unsigned i = fake_random_below(3); i; i--)
		frame[fake_random_below(60)] = (struct frame){ types[fake_random_below(ARRAY_SIZE(types))], fake_random_below(2), fake_random_below(4) };
	memset(entry, 0, PAGE_SIZE);
	for (unsigned i = 0; call->table == area_table[1] && old && i < call->count; i++)
		entry[call->index + i] = old + i * PAGE_SIZE;
	if (fake_random_below(4) == 0)
		entry[call->index + fake_random_below(call->count)] ^= 1ull << fake_random_below(64);
}

static enum error do_call(const struct call *call, bool general)
{
	general_way_only = general;
	return gate_set_entries(call->table, call->index, call->first, call->step, call->count);
}

static uint8_t after_general[MIB(2)];

static void test_the_short_cut_changes_nothing(void **state)
{
	unsigned allowed = 0;

	(void)state;
	fake_random_seed(4711);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct call call = random_call();
		enum error general, shortened;

		fake_window_open();
		random_state(&call);
		fake_window_close();
		scene_remember();
		general = do_call(&call, true);
		memcpy(after_general, phys_to_virt(frame_table.arena_start), sizeof(after_general));
		if (general)
			assert_true(scene_is_as_remembered());
		scene_restore();
		shortened = do_call(&call, false);
		assert_int_equal(shortened, general);
		memcpy(after_general + percpu[0].gate_stack - frame_table.arena_start, phys_to_virt(percpu[0].gate_stack), PAGE_SIZE);
		if (memcmp(after_general, phys_to_virt(frame_table.arena_start), sizeof(after_general)))
			fail_msg("round %u: the two ways leave different memory", round);
		scene_restore();
		allowed += !general;
	}
	/* The rounds are worth something: many calls of each kind. */
	assert_true(allowed > ROUNDS / 5 && allowed < ROUNDS * 4 / 5);
	assert_true(runs_taken > ROUNDS / 8);
}

/* The last frame's entry looks like what lies behind the frame table: they are no run. */
static void test_no_run_goes_past_the_frame_table(void **state)
{
	paddr_t last = FAKE_SMALL_START + FAKE_SMALL_BYTES - PAGE_SIZE;

	(void)state;
	fake_window_open();
	gate_frame(last)[0] = gate_frame(last)[1];
	fake_window_close();
	REFUSES(ERR_DENIED, gate_set_entries(area_table[1], 3, pte_encode(last, PERM_R, 1), PAGE_SIZE, 2));
}

/* Each entry is stored once, first to last, and nothing else in the table. */
static void test_a_run_is_stored_in_order(void **state)
{
	unsigned next = 0, runs_before = runs_taken;

	(void)state;
	fake_record_begin(NULL);
	ALLOWS(gate_set_entries(area_table[1], 3, pte_encode(POOL, PERM_R | PERM_W, 1), PAGE_SIZE, 300));
	fake_record_end();
	assert_true(runs_taken == runs_before + 1);
	for (unsigned i = 0; i < fake_event_count; i++) {
		const struct fake_event *event = &fake_events[i];

		if (event->kind != FAKE_STORE || ALIGN_DOWN(event->addr, PAGE_SIZE) != area_table[1])
			continue;
		assert_true(event->addr == area_table[1] + (3 + next) * sizeof(pte_t) && event->old == 0);
		assert_true(event->new == pte_encode(POOL + next * PAGE_SIZE, PERM_R | PERM_W, 1));
		next++;
	}
	assert_int_equal(next, 300);
	assert_null(tables_wrong_count());
}

int gate_run_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_short_cut_changes_nothing, scene),
		cmocka_unit_test_setup(test_no_run_goes_past_the_frame_table, scene),
		cmocka_unit_test_setup(test_a_run_is_stored_in_order, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
