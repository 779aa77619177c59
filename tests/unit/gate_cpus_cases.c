/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_cpus_cases.c: what each CPU gets, what the gate lets one CPU do to another, and shootdowns: their
 * numbers, who is asked and who is waited for. (mm/percpu_map.c, mm/gate_cpus.c, mm/shootdown.c)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cases.h"
#include "fake_kernel.h"
#include "fake_machine.h"
#include "gate_scene.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "shootdown.h"
#include "table_walk.h"

#define CPUS    4
#define OFFLINE 3 /* it has its frames, but did not come up */

#define CALL(op, a, b) arch_gate_call(op, a, b, 0, 0, 0)

static int scene(void **state)
{
	(void)state;
	scene_make_cpus(CPUS);
	percpu[OFFLINE].is_online = false;
	shootdown_counters = (struct shootdown_counters){ 0 };
	return 0;
}

static int scene_of_all(void **state)
{
	(void)state;
	scene_make_cpus(MAX_CPUS);
	return 0;
}

static paddr_t seen[MAX_CPUS * 32];
static unsigned seen_count;

/* A frame of that type, which nobody else has. */
static void expect_own(paddr_t frame, enum frame_type type)
{
	assert_int_equal(frame_type_at(frame), type);
	for (unsigned i = 0; i < seen_count; i++)
		assert_true(seen[i] != frame);
	seen[seen_count++] = frame;
}

static void test_each_has_its_own(void **state)
{
	(void)state;
	seen_count = 0;
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		const struct percpu *cpu = &percpu[id];

		assert_true(cpu->id == id && cpu->self == cpu && cpu->state == &cpu_states[id]);
		assert_int_equal(cpu->hardware_id, arch_cpu_hardware_id(id));
		expect_own(cpu->gate_stack, FRAME_GATE_STACK);
		expect_own(cpu->gate_stack - PAGE_SIZE, FRAME_GATE_STACK);
		expect_own(cpu->dry_root_frame, FRAME_DRY_TABLE);
		expect_own(cpu->dry_state, FRAME_STATE);
		for (unsigned i = 0; i < ARRAY_SIZE(cpu->dry_tables); i++)
			expect_own(cpu->dry_tables[i], FRAME_DRY_TABLE);
		for (unsigned i = 0; i < ARRAY_SIZE(cpu->dry_shadows); i++)
			expect_own(cpu->dry_shadows[i], FRAME_SHADOW);
		assert_int_equal(arch_root_frame(cpu->kernel_root), kernel_root_frame);
		assert_int_equal(arch_root_frame(cpu->gate_root), gate_root_frame);
		assert_int_equal(arch_root_frame(cpu->dry_root), cpu->dry_root_frame);
		assert_memory_equal(phys_to_virt(cpu->dry_root_frame), phys_to_virt(kernel_root_frame), PAGE_SIZE);
		assert_true(*cpu->gate_guard == GATE_STACK_PATTERN);
		assert_ptr_equal(cpu->gate_guard + 1, phys_to_virt(cpu->gate_stack));
	}
	assert_null(tables_broken_rule());
	assert_null(tables_wrong_count());
}

/* The root that a CPU comes up under: the kernel's, and one page that is readable and executable. */
static void test_bringup_root(void **state)
{
	struct walk_leaf leaf;
	unsigned slot = pagetable_index(FAKE_BRINGUP_PAGE, 4);

	(void)state;
	assert_int_equal(fake_bringup_root, bringup_root_frame);
	assert_int_equal(frame_type_at(bringup_root_frame), FRAME_GATE_TABLE);
	assert_true(table_walk_find(bringup_root_frame, FAKE_BRINGUP_PAGE, &leaf));
	assert_true(leaf.frame == FAKE_BRINGUP_PAGE && leaf.pages == 1 && leaf.perms == (PERM_R | PERM_X));
	assert_false(table_walk_find(bringup_root_frame, FAKE_BRINGUP_PAGE + PAGE_SIZE, &leaf));
	assert_false(table_walk_find(kernel_root_frame, FAKE_BRINGUP_PAGE, &leaf));
	for (unsigned i = 0; i < 512; i++)
		if (i != slot)
			assert_true(scene_get_entry(bringup_root_frame, i) == scene_get_entry(kernel_root_frame, i));
	for (paddr_t table = bringup_root_frame, level = 4; level; level--) { /* closed, as all of the gate's */
		REFUSES(ERR_DENIED, gate_set_entries(table, 511, 0, 0, 1));
		table = pte_addr(scene_get_entry(table, pagetable_index(FAKE_BRINGUP_PAGE, level)), level);
	}
	fake_boot_small(); /* one CPU needs none */
	assert_true(bringup_root_frame == 0 && fake_bringup_root == 0 && !percpu[1].self && !percpu[1].gate_stack);
}

/* However little memory there is: too little is said before anything is built, and eight CPUs need no more than one. */
static void test_eight_need_no_more(void **state)
{
	unsigned good = 0;

	(void)state;
	for (uint64_t bytes = MIB(5); bytes < MIB(12); bytes += KIB(252)) {
		struct memory_map memory = { 0 };
		bool panics_with_one, panics_with_all;

		assert_int_equal(memory_map_add(&memory, FAKE_SMALL_START, bytes, MEMORY_USABLE), OK);
		panics_with_one = fake_boot_panics_cpus(&memory, FAKE_SMALL_IMAGE, 1);
		panics_with_all = fake_boot_panics_cpus(&memory, FAKE_SMALL_IMAGE, MAX_CPUS);
		assert_int_equal(panics_with_one, panics_with_all);
		if (panics_with_all)
			assert_non_null(strstr(fake_panic_text, "memory: too little"));
		good += !panics_with_all;
	}
	assert_in_range(good, 1, 27);
}

static void test_settling(void **state)
{
	(void)state;
	assert_int_equal(cpus_online(), 0);
	assert_false(cpus_are_settled);
	cpus_settle();
	assert_int_equal(cpus_online(), CPUS - 1);
	assert_true(cpus_are_settled);
	percpu[OFFLINE].is_online = true; /* too late */
	assert_int_equal(cpus_online(), CPUS - 1);
}

static const uint64_t no_cpus[] = { CPUS, MAX_CPUS - 1, MAX_CPUS, MAX_CPUS + 1, 1ull << 32, 1ull << 56, ~0ull };

/* Until the set is settled; then a store into the interrupt controller could start none either. */
static void test_start(void **state)
{
	(void)state;
	for (unsigned self = 0; self < CPUS - 1; self++) {
		fake_be_cpu(self);
		REFUSES(ERR_DENIED, CALL(GATE_CPU_START, self, 0));
		for (size_t i = 0; i < ARRAY_SIZE(no_cpus); i++)
			REFUSES(ERR_DENIED, CALL(GATE_CPU_START, no_cpus[i], 0));
	}
	fake_be_cpu(0);
	ALLOWS(CALL(GATE_CPU_START, OFFLINE, 0));
	ALLOWS(CALL(GATE_CPU_START, OFFLINE, 1));
	ALLOWS(CALL(GATE_CPU_START, 1, 1));
	assert_int_equal(CALL(GATE_CPU_START, 1, 2), ERR_INVALID); /* the machine knows its steps */
	assert_true(fake_starts[OFFLINE] == 2 && fake_starts[1] == 1 && fake_starts[0] == 0 && fake_starts[2] == 0);
	cpus_settle();
	for (unsigned id = 0; id < CPUS; id++)
		REFUSES(ERR_DENIED, CALL(GATE_CPU_START, id, 0));
	for (size_t i = 0; i < ARRAY_SIZE(no_cpus); i++)
		REFUSES(ERR_DENIED, CALL(GATE_CPU_START, no_cpus[i], 0));
	assert_true(fake_starts[OFFLINE] == 2 && fake_starts[1] == 1 && fake_starts[0] == 0 && fake_starts[2] == 0);
}

static void test_interrupts(void **state)
{
	unsigned sent[MAX_CPUS][CPU_INTERRUPT_COUNT] = { 0 };
	static const uint64_t bad[] = { CPU_INTERRUPT_COUNT, CPU_INTERRUPT_COUNT + 1, 1ull << 32, ~0ull };

	(void)state;
	for (unsigned settled = 0; settled < 2; settled++) { /* it makes no difference here */
		for (unsigned self = 0; self < CPUS - 1; self++) {
			fake_be_cpu(self);
			for (unsigned id = 0; id < CPUS; id++)
				for (unsigned what = 0; what < CPU_INTERRUPT_COUNT; what++) {
					if (id == self || id == OFFLINE) {
						REFUSES(ERR_INVALID, CALL(GATE_INTERRUPT, id, what));
						continue;
					}
					ALLOWS(CALL(GATE_INTERRUPT, id, what));
					sent[id][what]++;
				}
			for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
				REFUSES(ERR_INVALID, CALL(GATE_INTERRUPT, (self + 1) % (CPUS - 1), bad[i]));
			for (size_t i = 0; i < ARRAY_SIZE(no_cpus); i++)
				REFUSES(ERR_INVALID, CALL(GATE_INTERRUPT, no_cpus[i], CPU_INTERRUPT_WAKE));
		}
		cpus_settle();
	}
	assert_memory_equal(fake_interrupts, sent, sizeof(sent));
}

/* Whoever can forge an answer can keep a stale translation alive: each CPU answers for itself, and only what was asked. */
static void test_shootdown_numbers(void **state)
{
	(void)state;
	fake_be_cpu(2);
	gate_hold(); /* nobody needs the lock for this */
	fake_be_cpu(0);
	assert_int_equal(CALL(GATE_SHOOT, ~0ull, 99), OK); /* all others that are online */
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		assert_int_equal(shootdown_numbers.wanted[id], id == 1 || id == 2);
		assert_int_equal(shootdown_numbers.answered[id], 0);
		assert_int_equal(fake_interrupts[id][CPU_INTERRUPT_SHOOTDOWN], id == 1 || id == 2);
		assert_int_equal(fake_interrupts[id][CPU_INTERRUPT_WAKE] + fake_interrupts[id][CPU_INTERRUPT_STOP], 0);
	}
	fake_be_cpu(1);
	assert_int_equal(CALL(GATE_SHOOT_ANSWER, 2, 99), OK);
	assert_int_equal(CALL(GATE_SHOOT_ANSWER, 0, 0), OK);
	assert_true(shootdown_numbers.wanted[1] == 1 && shootdown_numbers.answered[1] == 1);
	assert_true(shootdown_numbers.answered[0] == 0 && shootdown_numbers.answered[2] == 0);
	assert_int_equal(CALL(GATE_SHOOT, 1 << 0 | 1 << 1 | 1 << OFFLINE, 0), OK); /* not itself, nor who is off */
	assert_true(shootdown_numbers.wanted[0] == 1 && shootdown_numbers.wanted[1] == 1 && shootdown_numbers.wanted[2] == 1);
	assert_int_equal(shootdown_numbers.wanted[OFFLINE], 0);
	assert_int_equal(fake_interrupts[0][CPU_INTERRUPT_SHOOTDOWN], 1);
	assert_int_equal(fake_interrupts[1][CPU_INTERRUPT_SHOOTDOWN], 1);
	assert_int_equal(CALL(GATE_SHOOT, 1 << 2, 0), OK);
	assert_int_equal(CALL(GATE_SHOOT, 1ull << 32 | 1ull << 63, 0), OK); /* nobody */
	assert_true(shootdown_numbers.wanted[0] == 1 && shootdown_numbers.wanted[1] == 1 && shootdown_numbers.wanted[2] == 2);
	fake_be_cpu(2);
	assert_int_equal(CALL(GATE_SHOOT_ANSWER, 0, 0), OK);
	assert_true(shootdown_numbers.answered[2] == 2 && shootdown_numbers.answered[1] == 1);
}

static unsigned turns;

/* Only every third turn somebody answers: CPU 1 first. */
static void others_answer(void)
{
	unsigned self = this_cpu()->id;

	if (++turns % 3)
		return;
	for (unsigned id = 0; id < MAX_CPUS; id++)
		if (id != self && shootdown_numbers.answered[id] < shootdown_numbers.wanted[id] && percpu[id].is_online) {
			fake_be_cpu(id);
			tlb_shootdown_poll();
			tlb_shootdown_poll(); /* nothing is left to do */
			fake_be_cpu(self);
			return;
		}
}

static void expect_counters(uint64_t requests, uint64_t pages, uint64_t all, uint64_t asked)
{
	assert_int_equal(shootdown_counters.requests, requests);
	assert_int_equal(shootdown_counters.pages, pages);
	assert_int_equal(shootdown_counters.all, all);
	assert_int_equal(shootdown_counters.asked, asked);
}

static void test_shootdown(void **state)
{
	(void)state;
	fake_broadcasts = false;
	fake_on_relax = others_answer;
	tlb_shootdown(AREA, PAGE_SIZE); /* the others have not begun yet */
	expect_counters(1, 1, 0, 0);
	cpus_settle();
	turns = 0;
	tlb_shootdown(AREA, 2 * PAGE_SIZE); /* both pages at once */
	expect_counters(2, 3, 0, 2);
	assert_int_equal(turns, 6);
	assert_true(shootdown_numbers.answered[1] == 1 && shootdown_numbers.answered[2] == 1);
	assert_int_equal(shootdown_numbers.answered[OFFLINE], 0); /* not waited for */
	tlb_shootdown(AREA, 64 * PAGE_SIZE);
	expect_counters(3, 67, 0, 4);
	tlb_shootdown(AREA, 65 * PAGE_SIZE); /* too many to name */
	expect_counters(4, 67, 1, 6);
	tlb_shootdown_all();
	expect_counters(5, 67, 2, 8);
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		assert_int_equal(shootdown_numbers.wanted[id], id == 1 || id == 2 ? 4 : 0);
		assert_int_equal(shootdown_counters.answered[id], id == 1 || id == 2 ? 4 : 0); /* who asks needs no answer of its own */
	}
}

/* The machine tells the others by itself. */
static void test_broadcast(void **state)
{
	(void)state;
	cpus_settle();
	tlb_shootdown(AREA, 2 * PAGE_SIZE);
	tlb_shootdown(AREA, 65 * PAGE_SIZE);
	expect_counters(2, 2, 1, 0);
	for (unsigned id = 0; id < MAX_CPUS; id++)
		assert_int_equal(shootdown_numbers.wanted[id], 0);
}

static bool other_has_asked;

/* While CPU 0 waits, CPU 1 wants one of its own, and waits for CPU 0 in turn. */
static void ask_back(void)
{
	unsigned self = this_cpu()->id;

	if (self == 0 && !other_has_asked) {
		other_has_asked = true;
		fake_be_cpu(1);
		tlb_shootdown(AREA, PAGE_SIZE);
		fake_be_cpu(0);
		return;
	}
	for (unsigned id = 0; id < CPUS - 1; id++) {
		fake_be_cpu(id);
		tlb_shootdown_poll();
	}
	fake_be_cpu(self);
}

static void test_two_ask_each_other(void **state)
{
	(void)state;
	cpus_settle();
	fake_broadcasts = false;
	fake_on_relax = ask_back;
	tlb_shootdown(AREA, PAGE_SIZE);
	expect_counters(2, 2, 0, 4);
	for (unsigned id = 0; id < CPUS - 1; id++) {
		assert_int_equal(shootdown_numbers.wanted[id], id == 2 ? 2 : 1);
		assert_int_equal(shootdown_numbers.answered[id], id == 2 ? 2 : 1);
	}
}

int gate_cpus_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_each_has_its_own, scene_of_all),
		cmocka_unit_test_setup(test_bringup_root, scene_of_all),
		cmocka_unit_test(test_eight_need_no_more),
		cmocka_unit_test_setup(test_settling, scene),
		cmocka_unit_test_setup(test_start, scene),
		cmocka_unit_test_setup(test_interrupts, scene),
		cmocka_unit_test_setup(test_shootdown_numbers, scene),
		cmocka_unit_test_setup(test_shootdown, scene),
		cmocka_unit_test_setup(test_broadcast, scene),
		cmocka_unit_test_setup(test_two_ask_each_other, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
