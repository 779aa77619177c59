/* SPDX-License-Identifier: MIT */
/* kernel/selftest/race.c: see race.h. */
#include "race.h"

#include <amber/chain.h>
#include <amber/string.h>

#include <arch.h>

#include "frame.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"

bool race_needs(struct selftest_run *run, const char *chain)
{
	if (cpus_online() < 2) {
		selftest_skip(run, "one CPU only");
		return false;
	}
	if (chain && strcmp(chain_table.chains[0].text, chain) != 0) {
		selftest_skip(run, "boot with the ro_fault= that it is about");
		return false;
	}
	return selftest_needs_seal(run);
}

static void other_side(void *argument)
{
	struct race *race = argument;

	race->fn(race);
}

void race_start(struct selftest_run *run, struct race *race, void (*fn)(struct race *race))
{
	unsigned other = 0;

	while (!percpu[other].is_online || &percpu[other] == this_cpu())
		other++;
	race->fn = fn;
	race->thread = NULL;
	EXPECT(run, thread_start_on(other, "race", other_side, race, &race->thread) == OK);
}

void race_end(struct race *race)
{
	__atomic_store_n(&race->is_over, true, __ATOMIC_SEQ_CST);
	if (race->thread)
		thread_join(race->thread);
}

bool race_is_over(const struct race *race)
{
	return __atomic_load_n(&race->is_over, __ATOMIC_SEQ_CST);
}

uint64_t race_turns(const struct race *race)
{
	return race->thread ? __atomic_load_n(&race->done, __ATOMIC_SEQ_CST) : UINT64_MAX;
}

void race_wait_for(const struct race *race, uint64_t turns)
{
	while (race_turns(race) < turns)
		arch_cpu_relax();
}

bool race_frame_with_leaf(struct selftest_run *run, paddr_t *frame)
{
	struct mapping mapping;

	for (unsigned tries = 0; tries < 4096 && phys_alloc(1, frame) == OK; tries++)
		if (!pagetable_lookup(kernel_root_frame, (vaddr_t)phys_to_virt(*frame), &mapping) && mapping.level == 1)
			return true;
	selftest_fail(run, "no frame with a 4 KiB leaf in the direct map");
	return false;
}
