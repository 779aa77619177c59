/* SPDX-License-Identifier: MIT */
/*
 * mm/shootdown.c: the CPU itself invalidates what the manual asks for (arch tlb.c). The others: on aarch64 the hardware
 * broadcasts; on x86_64 each is interrupted, drops everything on its way through the gate, and is waited for. Any
 * context outside the gate.
 */
#include "shootdown.h"

#include <amber/broken.h>
#include <amber/upcalls.h>

#include "gate.h"

#define PAGES_WORTH_NAMING 64

struct shootdown_counters shootdown_counters;

void tlb_shootdown_poll(void)
{
	struct percpu *cpu = this_cpu();

	if (!gate_is_live || __atomic_load_n(&shootdown_numbers.wanted, __ATOMIC_ACQUIRE) == shootdown_numbers.answered[cpu->id])
		return;
	shootdown_counters.answered[cpu->id]++;
	gate_run(GATE_SHOOT_ANSWER, 0, 0, 0, 0, 0);
}

static bool is_waiting_for(const struct percpu *cpu, uint64_t number)
{
	return cpu->is_online && cpu != this_cpu() &&
	       __atomic_load_n(&shootdown_numbers.answered[cpu->id], __ATOMIC_ACQUIRE) < number;
}

/* Two CPUs may ask each other at once: who waits, answers. */
static void ask_others(void)
{
	uint64_t number;

	if (cpus_online() < 2)
		return;
	gate_run(GATE_SHOOT, 0, 0, 0, 0, 0);
	number = shootdown_numbers.wanted; /* ours or a later one */
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		if (percpu[id].is_online && &percpu[id] != this_cpu())
			__atomic_add_fetch(&shootdown_counters.asked, 1, __ATOMIC_RELAXED);
		while (is_waiting_for(&percpu[id], number)) { /* in a panic this CPU halts in cpu_poll */
			cpu_poll();
			arch_cpu_relax();
		}
	}
	tlb_shootdown_poll();
}

void tlb_shootdown(vaddr_t addr, uint64_t bytes)
{
	uint64_t pages = bytes >> PAGE_SHIFT;
	bool is_done = true;

	if (pages > PAGES_WORTH_NAMING) {
		tlb_shootdown_all();
		return;
	}
	__atomic_add_fetch(&shootdown_counters.requests, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shootdown_counters.pages, pages, __ATOMIC_RELAXED);
	for (uint64_t i = 0; i < pages; i++) {
		if (is_broken(BROKEN_SHOOTDOWN))
			arch_tlb_invalidate_page(addr + i * PAGE_SIZE);
		else
			is_done = arch_tlb_broadcast_page(addr + i * PAGE_SIZE);
	}
	if (!is_done)
		ask_others();
}

void tlb_shootdown_all(void)
{
	__atomic_add_fetch(&shootdown_counters.requests, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shootdown_counters.all, 1, __ATOMIC_RELAXED);
	if (is_broken(BROKEN_SHOOTDOWN))
		arch_tlb_invalidate_all();
	else if (!arch_tlb_broadcast_all())
		ask_others();
}
