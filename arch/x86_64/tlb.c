/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/tlb.c: drops translations of this CPU after a live entry changed (Intel SDM vol. 3, 4.10.4).
 * Nothing is mapped global, so a CR3 load drops everything. Any context.
 */
#include "arch.h"

void arch_tlb_invalidate_page(vaddr_t addr)
{
	__asm__ volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

/* No other CPU hears of it: false, each has to be asked. */
bool arch_tlb_broadcast_page(vaddr_t addr)
{
	arch_tlb_invalidate_page(addr);
	return false;
}

bool arch_tlb_broadcast_all(void)
{
	arch_tlb_invalidate_all();
	return false;
}

/* No ASIDs: what is loaded is all there is. */
void arch_tlb_invalidate_user_page(unsigned asid, vaddr_t addr)
{
	(void)asid;
	arch_tlb_invalidate_page(addr);
}

bool arch_tlb_broadcast_user_page(unsigned asid, vaddr_t addr)
{
	(void)asid;
	return arch_tlb_broadcast_page(addr);
}

void arch_tlb_invalidate_user_all(unsigned asid)
{
	(void)asid;
	arch_tlb_invalidate_all();
}

bool arch_tlb_broadcast_user_all(unsigned asid)
{
	(void)asid;
	return arch_tlb_broadcast_all();
}

void arch_tlb_invalidate_all(void)
{
	uint64_t root;

	__asm__ volatile("movq %%cr3, %0\n\tmovq %0, %%cr3" : "=r"(root) : : "memory");
}
