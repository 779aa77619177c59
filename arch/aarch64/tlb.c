/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/tlb.c: dropping translations on this CPU after live entries changed. All ASIDs: kernel, gate
 * and dry-run roots share the kernel's tables. Sequence: Arm ARM, D8.14.5. Any context.
 */
#include "arch.h"

void arch_tlb_invalidate_page(vaddr_t addr)
{
	uint64_t page = (addr >> PAGE_SHIFT) & ((1ull << 44) - 1);

	__asm__ volatile("dsb ishst\n\ttlbi vaae1, %0\n\tdsb nsh\n\tisb" : : "r"(page) : "memory");
}

void arch_tlb_invalidate_all(void)
{
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb nsh\n\tisb" ::: "memory");
}

/* On every CPU of the inner shareable domain, which is all there are; `dsb ish` waits for them. */
bool arch_tlb_broadcast_page(vaddr_t addr)
{
	uint64_t page = (addr >> PAGE_SHIFT) & ((1ull << 44) - 1);

	__asm__ volatile("dsb ishst\n\ttlbi vaae1is, %0\n\tdsb ish\n\tisb" : : "r"(page) : "memory");
	return true;
}

bool arch_tlb_broadcast_all(void)
{
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" ::: "memory");
	return true;
}
