/* SPDX-License-Identifier: MIT */
/*
 * mm/shootdown.c: the CPU itself invalidates what the manual asks for (arch tlb.c). The others: on aarch64 the hardware
 * broadcasts; on x86_64 each is interrupted, drops everything on its way through the gate, and is waited for. Any
 * context outside the gate.
 */
#include "shootdown.h"

#include <amber/broken.h>
#include <amber/upcalls.h>

#include "address_space.h"
#include "gate.h"

#define PAGES_WORTH_NAMING 64
#define ALL_CPUS           UINT32_MAX

struct shootdown_counters shootdown_counters;

/* address_space_kill waits for it. Without the big lock: so nothing but what is this CPU's own changes here. */
static void leave_dead_space(struct cpu_state *state)
{
	if (__builtin_expect(!state->space || !__atomic_load_n(&state->space->is_dead, __ATOMIC_ACQUIRE), 1))
		return;
	arch_space_load(0, 0);
	__atomic_store_n(&state->space, NULL, __ATOMIC_RELEASE);
}

void tlb_shootdown_poll(void)
{
	struct percpu *cpu = this_cpu();

	if (!gate_is_live)
		return;
	leave_dead_space(cpu->state);
	if (__atomic_load_n(&shootdown_numbers.wanted[cpu->id], __ATOMIC_ACQUIRE) == shootdown_numbers.answered[cpu->id])
		return;
	shootdown_counters.answered[cpu->id]++;
	gate_run(GATE_SHOOT_ANSWER, 0, 0, 0, 0, 0);
}

static bool is_other(unsigned id, uint32_t cpus)
{
	return (cpus >> id & 1) && percpu[id].is_online && &percpu[id] != this_cpu();
}

/* Two CPUs may ask each other at once: who waits, answers. Returns how many were asked. */
static unsigned ask(uint32_t cpus)
{
	unsigned asked = 0;

	if (cpus_online() < 2)
		return 0;
	gate_run(GATE_SHOOT, cpus, 0, 0, 0, 0);
	for (unsigned id = 0; id < MAX_CPUS; id++) {
		uint64_t number;

		if (!is_other(id, cpus))
			continue;
		asked++;
		number = shootdown_numbers.wanted[id]; /* ours or a later one */
		while (__atomic_load_n(&shootdown_numbers.answered[id], __ATOMIC_ACQUIRE) < number) {
			cpu_poll(); /* in a panic this CPU halts here */
			arch_cpu_relax();
		}
	}
	__atomic_add_fetch(&shootdown_counters.asked, asked, __ATOMIC_RELAXED);
	tlb_shootdown_poll();
	return asked;
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
		ask(ALL_CPUS);
}

void tlb_shootdown_all(void)
{
	__atomic_add_fetch(&shootdown_counters.requests, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&shootdown_counters.all, 1, __ATOMIC_RELAXED);
	if (is_broken(BROKEN_SHOOTDOWN))
		arch_tlb_invalidate_all();
	else if (!arch_tlb_broadcast_all())
		ask(ALL_CPUS);
}

/* This CPU alone: a page, or more than are worth naming. */
static inline void invalidate_here(unsigned asid, vaddr_t addr, uint64_t pages)
{
	if (__builtin_expect(pages == 1, 1)) {
		arch_tlb_invalidate_user_page(asid, addr);
		return;
	}
	if (pages > PAGES_WORTH_NAMING)
		arch_tlb_invalidate_user_all(asid);
	for (uint64_t i = 0; pages <= PAGES_WORTH_NAMING && i < pages; i++)
		arch_tlb_invalidate_user_page(asid, addr + i * PAGE_SIZE);
}

static bool broadcast(unsigned asid, vaddr_t addr, uint64_t pages)
{
	bool is_done = true;

	if (pages > PAGES_WORTH_NAMING)
		return arch_tlb_broadcast_user_all(asid);
	for (uint64_t i = 0; i < pages; i++)
		is_done = arch_tlb_broadcast_user_page(asid, addr + i * PAGE_SIZE);
	return is_done;
}

/* Which CPUs may have translations of it. With ASIDs all where it ever ran; without them a CPU drops a space's with its root, so
 * it is those that have it loaded. Nobody can load or leave it meanwhile: that takes the big lock. */
static inline uint32_t cpus_of(const struct address_space *space)
{
	uint32_t cpus = 0;

	if (space->asid)
		return space->cpus;
	for (unsigned id = 0; id < MAX_CPUS; id++)
		cpus |= (uint32_t)(cpu_states[id].space == space) << id;
	return cpus;
}

void tlb_shootdown_space(const struct address_space *space, vaddr_t addr, uint64_t pages)
{
	uint32_t cpus = cpus_of(space), others = cpus & ~(1u << this_cpu()->id);

	shootdown_counters.user_requests++;
	shootdown_counters.user_pages += pages;
	if (__builtin_expect(!others || is_broken(BROKEN_SHOOTDOWN), 1)) {
		shootdown_counters.user_local++;
		if (cpus)
			invalidate_here(space->asid, addr, pages);
	} else if (!broadcast(space->asid, addr, pages)) {
		shootdown_counters.user_asked += ask(others);
	}
}
