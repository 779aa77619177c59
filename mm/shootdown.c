/* SPDX-License-Identifier: MIT */
/*
 * mm/shootdown.c: the CPU itself invalidates what the manual asks for (arch tlb.c); other CPUs come with the
 * bring-up of other CPUs. Any context outside the gate.
 */
#include "shootdown.h"

#include <arch.h>

#define PAGES_WORTH_NAMING 64

struct shootdown_counters shootdown_counters;

void tlb_shootdown(vaddr_t addr, uint64_t bytes)
{
	uint64_t pages = bytes >> PAGE_SHIFT;

	if (pages > PAGES_WORTH_NAMING) {
		tlb_shootdown_all();
		return;
	}
	shootdown_counters.requests++;
	shootdown_counters.pages += pages;
	for (uint64_t i = 0; i < pages; i++)
		arch_tlb_invalidate_page(addr + i * PAGE_SIZE);
}

void tlb_shootdown_all(void)
{
	shootdown_counters.requests++;
	shootdown_counters.all++;
	arch_tlb_invalidate_all();
}
