/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/gate_race_test.c: gates and dry runs of one CPU under attack: another CPU tries to reach window, gate stack and
 * shadows all the while, or sends non-maskable interrupts. And the two ways in which the gate's inside can fault. Main thread,
 * after the seal.
 */
#include <amber/gate_ops.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "dry_run.h"
#include "gate.h"
#include "kernel_map.h"
#include "lab.h"
#include "race.h"

#define ROUNDS    2000
#define ATTEMPTS  500 /* of the other CPU, at least */
#define NMIS      500

/* One try at everything that belongs to a CPU's gate and dry run: by the window (unmapped here), by the direct map
 * (read-only). */
static unsigned try_everything(const struct percpu *cpu)
{
	const paddr_t frames[] = { cpu->gate_stack, cpu->gate_stack - PAGE_SIZE, cpu->dry_root_frame, cpu->dry_tables[0],
		                   cpu->dry_shadows[0], cpu->dry_shadows[1], cpu->dry_state };
	unsigned wrong = 0;
	uint8_t byte;

	for (unsigned i = 0; i < ARRAY_SIZE(frames); i++) {
		wrong += arch_try_read(WINDOW_BASE + frames[i], &byte, 1);
		wrong += arch_try_write8((vaddr_t)phys_to_virt(frames[i]) + PAGE_SIZE - 1, 0);
	}
	wrong += arch_try_read(cpu->gate_sp - 1, &byte, 1);
	wrong += arch_try_write8(cpu->gate_sp - 1, 0);
	wrong += arch_try_write8(WINDOW_BASE + image_to_phys((vaddr_t)lab_sealed_page), 0);
	return wrong;
}

/* What is in the sealed page never shows what a dropped store would have put there. */
static void attack(struct race *race)
{
	while (!race_is_over(race)) {
		race->wrong += try_everything(&percpu[0]);
		race->wrong += *(volatile uint64_t *)race->target != 0x1111111111111111ull;
		__atomic_add_fetch(&race->done, 1, __ATOMIC_RELAXED);
	}
}

static void one_round(struct selftest_run *run, unsigned i)
{
	volatile uint64_t *target = (uint64_t *)lab_sealed_page + 16;

	*target = ~(uint64_t)i;
	EXPECT(run, *target == 0x1111111111111111ull);
	EXPECT(run, gate_run(GATE_EMPTY, 0, 0, 0, 0, 0) == OK);
	EXPECT(run, arch_root_current() == this_cpu()->kernel_root);
}

static void cpus_cannot_reach_the_gate(struct selftest_run *run)
{
	struct race race = { .target = (vaddr_t)((uint64_t *)lab_sealed_page + 16) };

	if (!race_needs(run, "ignore"))
		return;
	EXPECT(run, try_everything(&percpu[0]) == 0); /* before */
	race_start(run, &race, attack);
	for (unsigned i = 0; (i < ROUNDS || race_turns(&race) < ATTEMPTS) && !run->failures; i++)
		one_round(run, i);
	race_end(&race);
	EXPECT(run, race.wrong == 0);
	EXPECT(run, try_everything(&percpu[0]) == 0); /* and afterwards, on this CPU as well */
}
SELFTEST(cpus_cannot_reach_the_gate);

static void storm(struct race *race)
{
	while (!race_is_over(race)) {
		arch_send_nmi(&percpu[0]);
		__atomic_add_fetch(&race->done, 1, __ATOMIC_RELAXED);
	}
}

/* Every register behind each kind of store, under the storm, is what it is without one. */
static void compare_probe(struct selftest_run *run, const struct dry_run_probe *probe)
{
	vaddr_t target = (vaddr_t)lab_sealed_page + PAGE_SIZE / 2 + probe->offset;
	struct probe_registers calm = { 0 }, stormy = { 0 };
	struct race race = { .target = 0 };

	if (probe->uses_stack || probe->offset < 0)
		return;
	arch_probe_run(probe, target, &calm);
	race_start(run, &race, storm);
	race_wait_for(&race, 1);
	for (unsigned i = 0; i < 20; i++) {
		arch_probe_run(probe, target, &stormy);
		for (unsigned r = 0; r < PROBE_REGISTERS; r++)
			if (calm.r[r] != stormy.r[r])
				selftest_fail(run, "%s: register %u is 0x%lx, without the storm 0x%lx", probe->name, r,
				              (unsigned long)stormy.r[r], (unsigned long)calm.r[r]);
	}
	race_end(&race);
}

static void cpus_nmi_storm(struct selftest_run *run)
{
	struct race race = { .target = 0 };

	if (!race_needs(run, "ignore"))
		return;
	if (!arch_send_nmi(&percpu[1])) {
		selftest_skip(run, "no interrupt here that nothing masks");
		return;
	}
	race_start(run, &race, storm);
	for (unsigned i = 0; (i < ROUNDS || race_turns(&race) < NMIS) && !run->failures; i++)
		one_round(run, i);
	race_end(&race);
	for (unsigned i = 0; i < arch_dry_run_probe_count && !run->failures; i++)
		compare_probe(run, &arch_dry_run_probes[i]);
	EXPECT(run, try_everything(&percpu[0]) == 0);
}
SELFTEST(cpus_nmi_storm);

/* Inside the gate: a clean panic, told from the gate's own stack. */
static void crash_undefined_in_gate(struct selftest_run *run)
{
	arch_gate_call(GATE_OP_COUNT, 0, 0, 0, 0, 0);
	selftest_fail(run, "the gate has run an operation that it does not have");
}
SELFTEST_ENDS_THE_RUN(crash_undefined_in_gate);

static void crash_page_fault_in_gate(struct selftest_run *run)
{
	gate_hold();
	gate_run(GATE_RING_APPEND, WINDOW_BASE + SLOT_SIZE - PAGE_SIZE, 0, 0, 0, 0);
	selftest_fail(run, "the gate has read what is not there");
}
SELFTEST_ENDS_THE_RUN(crash_page_fault_in_gate);
