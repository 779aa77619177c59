/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/cpus_test.c: several CPUs at once: what one of them does while another seals, protects, steps or opens a
 * page. Main thread after the seal; with one CPU there is nothing to test. Meant to run without -icount too, where the CPUs
 * really race.
 */
#include <amber/chain.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "gate.h"
#include "irq.h"
#include "kernel_map.h"
#include "lab.h"
#include "pagetable.h"
#include "phys.h"
#include "race.h"
#include "seal.h"
#include "shootdown.h"
#include "test_range.h"
#include "violation_log.h"

#define INCREMENTS 2000
#define ROUNDS     200
#define LOOKS      2000 /* of another CPU, at least */

#define LONG_TICKS 6000 /* so long may QEMU not run another CPU */

static uint64_t ticks_of(unsigned id)
{
	return __atomic_load_n(&cpu_states[id].ticks, __ATOMIC_RELAXED);
}

static void cpus_all_tick(struct selftest_run *run)
{
	uint64_t before[MAX_CPUS], end = irq_ticks() + LONG_TICKS;

	for (unsigned id = 0; id < MAX_CPUS; id++)
		before[id] = ticks_of(id);
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		while (percpu[id].is_online && ticks_of(id) == before[id] && irq_ticks() < end)
			arch_wait_for_interrupt();
		EXPECT(run, !percpu[id].is_online || ticks_of(id) > before[id]);
	}
}
SELFTEST(cpus_all_tick);

static void note_cpu(void *argument)
{
	*(uint64_t *)argument = this_cpu()->id + 1;
}

static void cpus_share_the_threads(struct selftest_run *run)
{
	uint64_t ran_on[MAX_CPUS] = { 0 }, seen = 0;
	struct thread *thread;

	for (unsigned i = 0; i < cpus_online(); i++) {
		EXPECT(run, thread_start("share", note_cpu, &ran_on[i], &thread) == OK);
		thread_join(thread);
		seen |= 1ull << ran_on[i];
	}
	for (unsigned id = 0; id < MAX_CPUS; id++)
		EXPECT(run, !!(seen & 2ull << id) == percpu[id].is_online);
}
SELFTEST(cpus_share_the_threads);

static void increment(struct race *race)
{
	for (unsigned i = 0; i < INCREMENTS; i++)
		__atomic_fetch_add((uint64_t *)race->target, 1, __ATOMIC_RELAXED);
}

/* Each is a dry run and a commit: without one lock from the copy to the commit they would overwrite each other. */
static void cpus_once_loses_nothing(struct selftest_run *run)
{
	struct race race = { .target = (vaddr_t)&lab_sealed_word };
	uint64_t before = lab_sealed_word, stores = violation_counts.stores;

	if (!race_needs(run, "once"))
		return;
	race_start(run, &race, increment);
	increment(&race);
	race_end(&race);
	EXPECT(run, lab_sealed_word == before + 2 * INCREMENTS);
	EXPECT(run, violation_counts.stores == stores + 2 * INCREMENTS);
}
SELFTEST(cpus_once_loses_nothing);

#define ALL_ONES ~0ull

static void watch(struct race *race)
{
	while (!race_is_over(race)) {
		uint64_t seen = *(volatile uint64_t *)race->target;

		race->wrong += seen != 0x100 && seen != ALL_ONES - 1;
		__atomic_add_fetch(&race->done, 1, __ATOMIC_RELAXED);
	}
}

/* A committed store is seen whole or not at all, as the instruction itself would have been. */
static void cpus_once_is_in_one_piece(struct selftest_run *run)
{
	struct race race = { .target = (vaddr_t)&lab_sealed_word };

	if (!race_needs(run, "once"))
		return;
	*(volatile uint64_t *)race.target = 0x100;
	race_start(run, &race, watch);
	race_wait_for(&race, 1);
	for (unsigned i = 0; i < INCREMENTS || race_turns(&race) < LOOKS; i++)
		*(volatile uint64_t *)race.target = i & 1 ? 0x100 : ALL_ONES - 1;
	race_end(&race);
	EXPECT(run, race.wrong == 0);
}
SELFTEST(cpus_once_is_in_one_piece);

/* Writes one byte again and again until it can't. */
static void write_until_refused(struct race *race)
{
	for (uint8_t value = 0; !race_is_over(race); value++) {
		if (!arch_try_write8(race->target, value)) {
			__atomic_store_n(&race->was_refused, true, __ATOMIC_SEQ_CST);
			return;
		}
		__atomic_add_fetch(&race->done, 1, __ATOMIC_SEQ_CST);
	}
}

/* After protect has returned no CPU may store any more: a stale translation would. The other CPU's next store tells, whenever it
 * runs again: either it is refused or the page changes. */
static void expect_no_store(struct selftest_run *run, struct race *race)
{
	uint8_t at_once = *(volatile uint8_t *)race->target;
	uint64_t end = irq_ticks() + LONG_TICKS;

	while (!__atomic_load_n(&race->was_refused, __ATOMIC_SEQ_CST) && *(volatile uint8_t *)race->target == at_once &&
	       irq_ticks() < end)
		arch_cpu_relax();
	if (*(volatile uint8_t *)race->target != at_once)
		selftest_fail(run, "a store went through behind the change");
	race_end(race);
	EXPECT(run, race->was_refused);
}

static bool map_page(struct selftest_run *run, vaddr_t addr, paddr_t *frame)
{
	enum error error = phys_alloc(1, frame);

	if (!error)
		error = pagetable_map(kernel_root_frame, addr, *frame, PAGE_SIZE, PERM_R | PERM_W, 1);
	EXPECT(run, !error);
	return !error;
}

static void cpus_obey_protection(struct selftest_run *run)
{
	paddr_t frame;

	if (!race_needs(run, NULL) || !map_page(run, TEST_RANGE_CPUS, &frame))
		return;
	for (unsigned i = 0; i < ROUNDS && !run->failures; i++) {
		struct race race = { .target = TEST_RANGE_CPUS };

		race_start(run, &race, write_until_refused);
		race_wait_for(&race, 1);
		EXPECT(run, pagetable_protect(kernel_root_frame, TEST_RANGE_CPUS, PAGE_SIZE, PERM_R) == OK);
		expect_no_store(run, &race);
		EXPECT(run, pagetable_protect(kernel_root_frame, TEST_RANGE_CPUS, PAGE_SIZE, PERM_R | PERM_W) == OK);
	}
	EXPECT(run, pagetable_unmap(kernel_root_frame, TEST_RANGE_CPUS, PAGE_SIZE) == OK);
	phys_free(frame, 1);
}
SELFTEST(cpus_obey_protection);

/* A page is sealed, both mappings, while another CPU stores to it. It stays sealed for the rest of this boot. */
static void cpus_obey_the_seal(struct selftest_run *run)
{
	struct race race = { .target = TEST_RANGE_CPUS + BLOCK_SIZE };
	struct seal_range range = { .start = race.target, .bytes = PAGE_SIZE, .type = FRAME_SEALED };

	if (!race_needs(run, NULL) || !race_frame_with_leaf(run, &range.frame))
		return;
	EXPECT(run, pagetable_map(kernel_root_frame, range.start, range.frame, PAGE_SIZE, PERM_R | PERM_W, 1) == OK);
	race_start(run, &race, write_until_refused);
	race_wait_for(&race, 1);
	EXPECT(run, seal_range_prepare(&range) == OK);
	EXPECT(run, seal_range_commit(&range) == 2);
	expect_no_store(run, &race);
}
SELFTEST(cpus_obey_the_seal);

/* Every request was answered by every other CPU, or needed no answer (aarch64 broadcasts). */
static void cpus_answer_shootdowns(struct selftest_run *run)
{
	uint64_t requests = shootdown_counters.requests, asked = shootdown_counters.asked, answered = 0, before = 0;
	bool has_to_ask = !arch_tlb_broadcast_page(TEST_RANGE_CPUS);

	for (unsigned id = 0; id < MAX_CPUS; id++)
		before += shootdown_counters.answered[id];
	for (unsigned i = 0; i < ROUNDS; i++)
		tlb_shootdown(TEST_RANGE_CPUS, PAGE_SIZE);
	for (unsigned id = 0; id < MAX_CPUS; id++)
		answered += shootdown_counters.answered[id];
	EXPECT(run, shootdown_counters.requests == requests + ROUNDS);
	EXPECT(run, shootdown_counters.asked == asked + (has_to_ask ? ROUNDS * (cpus_online() - 1) : 0));
	EXPECT(run, answered - before >= (has_to_ask ? ROUNDS * (cpus_online() - 1) : 0));
	for (unsigned id = 0; id < MAX_CPUS; id++)
		EXPECT(run, !percpu[id].is_online || !has_to_ask || id == this_cpu()->id ||
		            shootdown_numbers.answered[id] == shootdown_numbers.wanted[id]);
}
SELFTEST(cpus_answer_shootdowns);

/* A page that `log-and-unprotect` opens: stores of both CPUs to it, first caught, then free. None is lost. */
static void store_upwards(struct race *race)
{
	for (uint64_t i = 1; i <= INCREMENTS; i++)
		*(volatile uint64_t *)race->target = i;
}

static void cpus_opening_loses_nothing(struct selftest_run *run)
{
	struct race race = { .target = (vaddr_t)lab_sealed_page + 256 };
	struct race mine = { .target = (vaddr_t)lab_sealed_page + 1024 };

	if (!race_needs(run, "log-and-unprotect"))
		return;
	race_start(run, &race, store_upwards);
	store_upwards(&mine);
	race_end(&race);
	EXPECT(run, *(volatile uint64_t *)race.target == INCREMENTS);
	EXPECT(run, *(volatile uint64_t *)mine.target == INCREMENTS);
	EXPECT(run, lab_sealed_page[0] == 0x11 && lab_sealed_page[PAGE_SIZE - 1] == 0x11);
	EXPECT(run, gate_counters.unprotected_pages == 1);
}
SELFTEST(cpus_opening_loses_nothing);
