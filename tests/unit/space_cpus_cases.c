/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/space_cpus_cases.c: what a CPU loads of a space, and that a forged root isn't; which CPUs hear of a change; killing a
 * space that is loaded somewhere. (mm/address_space_load.h, mm/address_space.c, mm/shootdown.c)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "address_space.h"
#include "cases.h"
#include "fake_kernel.h"
#include "fake_machine.h"
#include "gate_scene.h"
#include "kernel_map.h"
#include "shootdown.h"
#include "table_walk.h"
#include "user_frames.h"

#define RW    (PERM_R | PERM_W)
#define USER  0x40000000ull
#define CPUS  4
#define NAMED 64 /* pages that are worth invalidating one by one */

static struct address_space a, b;

static int scene(void **state)
{
	(void)state;
	scene_make_cpus(CPUS);
	cpus_settle();
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

/* --- loading ------------------------------------------------------------------------------------------------- */

static void test_loading(void **state)
{
	unsigned loads;

	(void)state;
	assert_int_equal(address_space_create(&a), OK);
	assert_int_equal(address_space_create(&b), OK);
	loads = fake_space_loads;
	address_space_load(NULL);
	assert_int_equal(fake_space_loads, loads); /* no work if it is loaded already */
	address_space_load(&a);
	address_space_load(&a);
	assert_int_equal(fake_space_loads, loads + 1);
	assert_true(fake_user_root == a.root && fake_user_asid == a.asid && this_cpu()->state->space == &a);
	assert_int_equal(a.cpus, arch_asids ? 1 : 0);
	fake_be_cpu(2);
	address_space_load(&a);
	assert_int_equal(a.cpus, arch_asids ? 5 : 0);
	address_space_load(&b);
	assert_int_equal(a.cpus, arch_asids ? 5 : 0); /* translations stay under an ASID */
	assert_int_equal(b.cpus, arch_asids ? 4 : 0);
	address_space_load(NULL);
	assert_true(fake_user_root == 0 && b.cpus == (arch_asids ? 4 : 0) && !this_cpu()->state->space);
}

/* The root lies in ordinary memory: only what the frame table says is a space's root is ever loaded. */
static void test_a_forged_root(void **state)
{
	paddr_t root;

	(void)state;
	assert_int_equal(address_space_create(&a), OK);
	root = a.root;
	for (enum frame_type type = 0; type < FRAME_TYPE_COUNT; type++) {
		unsigned loads = fake_space_loads;

		if (type == FRAME_SPACE_ROOT)
			continue;
		scene_set_frame(POOL, type, 4, 0);
		a.root = POOL;
		assert_true(PANICS(address_space_load(&a)));
		assert_int_equal(fake_space_loads, loads);
		assert_ptr_equal(this_cpu()->state->space, NULL);
		this_cpu()->state->space = &a; /* and behind a dry run */
		address_space_reload();
		assert_int_equal(fake_space_loads, loads);
		this_cpu()->state->space = NULL;
	}
	a.root = ~0ull;
	assert_true(PANICS(address_space_load(&a)));
	a.root = root;
	address_space_load(&a);
	fake_space_load(0, 0);
	address_space_reload();
	assert_true(fake_user_root == root);
	assert_true(address_space_root_for(USER) == root);
	assert_true(address_space_root_for(DIRECT_MAP_BASE) == (arch_root_has_kernel_half ? root : kernel_root_frame));
	address_space_load(NULL);
	assert_true(address_space_root_for(USER) == kernel_root_frame);
}

/* --- who hears of it ----------------------------------------------------------------------------------------- */

/* Those that were interrupted. */
static void others_answer(void)
{
	unsigned self = this_cpu()->id;

	for (unsigned id = 0; id < CPUS; id++)
		if (id != self && fake_interrupts[id][CPU_INTERRUPT_SHOOTDOWN]) {
			struct address_space *space = cpu_states[id].space;

			fake_be_cpu(id);
			if (space && space->root && arch_root_has_kernel_half)
				fake_root = space->root | 9ull << 48;
			tlb_shootdown_poll();
		}
	fake_be_cpu(self);
}

static void load_on(unsigned id, struct address_space *space)
{
	unsigned self = this_cpu()->id;

	fake_be_cpu(id);
	address_space_load(space);
	fake_be_cpu(self);
}

struct heard {
	unsigned here, everywhere, all_here, all_everywhere; /* by page; of a whole ASID */
};

static struct heard count_events(void)
{
	struct heard heard = { 0 };

	for (unsigned i = 0; i < fake_event_count; i++) {
		bool is_broadcast = i && fake_events[i - 1].kind == FAKE_BROADCAST;

		if (fake_events[i].kind == FAKE_INVALIDATE_USER)
			++*(is_broadcast ? &heard.everywhere : &heard.here);
		if (fake_events[i].kind == FAKE_INVALIDATE_USER_ALL)
			++*(is_broadcast ? &heard.all_everywhere : &heard.all_here);
	}
	return heard;
}

static struct heard hear(vaddr_t addr, uint64_t pages)
{
	memset(fake_interrupts, 0, sizeof(fake_interrupts));
	fake_record_begin(NULL);
	tlb_shootdown_space(&a, addr, pages);
	fake_record_end();
	return count_events();
}

static void expect_interrupts(unsigned cpus)
{
	for (unsigned id = 0; id < MAX_CPUS; id++)
		assert_int_equal(fake_interrupts[id][CPU_INTERRUPT_SHOOTDOWN], cpus >> id & 1);
}

static void test_shootdown_where_it_runs(void **state)
{
	struct heard heard;

	(void)state;
	fake_broadcasts = arch_asids != 0; /* as on the two machines */
	fake_on_relax = others_answer;
	assert_int_equal(address_space_create(&a), OK);
	heard = hear(USER, 2);
	assert_true(heard.here == 0 && heard.everywhere == 0); /* it never ran */
	load_on(0, &a);
	heard = hear(USER, 2);
	assert_true(heard.here == 2 && heard.everywhere == 0);
	expect_interrupts(0);
	heard = hear(USER, NAMED + 1);
	assert_true(heard.here == 0 && heard.all_here == 1 && heard.all_everywhere == 0);
	load_on(2, &a);
	heard = hear(USER, 3);
	assert_true(heard.here == 0 && heard.everywhere == 3);
	expect_interrupts(arch_asids ? 0 : 1 << 2);
	heard = hear(USER, NAMED + 1);
	assert_true(heard.everywhere == 0 && heard.all_everywhere == 1);
	load_on(0, NULL);
	heard = hear(USER, 1); /* only the other one, and this one can't have any */
	assert_true(heard.here == 0 && heard.everywhere == 1);
	expect_interrupts(arch_asids ? 0 : 1 << 2);
	load_on(2, NULL);
	heard = hear(USER, 1);
	assert_int_equal(heard.here + heard.everywhere, arch_asids ? 1 : 0);
	expect_interrupts(0);
	assert_int_equal(shootdown_counters.user_requests, 7);
	assert_int_equal(shootdown_counters.user_pages, 2 + 2 + 65 + 3 + 65 + 1 + 1);
	assert_int_equal(shootdown_counters.user_asked, arch_asids ? 0 : 3);
	assert_int_equal(shootdown_counters.user_local, arch_asids ? 3 : 4);
}

/* Every change that takes something away is heard of before the call returns; a new mapping needs nothing. */
static void test_which_changes_are_heard_of(void **state)
{
	paddr_t frame = new_frame();

	(void)state;
	assert_int_equal(address_space_create(&a), OK);
	assert_int_equal(address_space_prepare(&a, USER, 1), OK);
	address_space_load(&a);
	fake_record_begin(NULL);
	assert_int_equal(address_space_map(&a, USER, frame, 1, RW), OK);
	assert_int_equal(count_events().here, 0);
	assert_int_equal(address_space_protect(&a, USER, 1, PERM_R), OK);
	assert_int_equal(count_events().here, 1);
	assert_int_equal(fake_events[fake_event_count - 1].addr, USER);
	assert_int_equal(address_space_unmap(&a, USER, 1), OK);
	assert_int_equal(count_events().here, 2);
	assert_int_equal(address_space_map(&a, USER, frame, 1, RW), OK);
	fake_record_end();
	fake_record_begin(NULL);
	assert_int_equal(address_space_seal(&a, USER, 1), OK);
	fake_record_end();
	assert_int_equal(count_events().here, 1);
	assert_true(fake_events[fake_event_count - 1].kind == FAKE_INVALIDATE &&
	            fake_events[fake_event_count - 1].addr == DIRECT_MAP_BASE + frame); /* on every CPU */
}

/* A CPU that still has it loaded leaves it when it is asked; only then the root dies. */
static void test_kill_while_loaded(void **state)
{
	(void)state;
	fake_on_relax = others_answer;
	assert_int_equal(address_space_create(&a), OK);
	assert_int_equal(address_space_create(&b), OK);
	load_on(0, &a);
	load_on(1, &a);
	load_on(2, &b);
	load_on(3, &a);
	memset(fake_interrupts, 0, sizeof(fake_interrupts));
	address_space_kill(&a);
	expect_interrupts(1 << 1 | 1 << 3);
	for (unsigned id = 0; id < CPUS; id++)
		assert_ptr_equal(cpu_states[id].space, id == 2 ? &b : NULL);
	assert_int_equal(a.cpus, 0);
	assert_int_equal(frame_type_at(a.root), FRAME_DEAD_ROOT);
	assert_true(PANICS(address_space_load(&a)));
	free_space(&a, 4);
	expect_rules();
}

int space_cpus_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_loading, scene),
		cmocka_unit_test_setup(test_a_forged_root, scene),
		cmocka_unit_test_setup(test_shootdown_where_it_runs, scene),
		cmocka_unit_test_setup(test_which_changes_are_heard_of, scene),
		cmocka_unit_test_setup(test_kill_while_loaded, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
