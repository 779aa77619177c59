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

/* User halves: one ASID. What gate, dry run and a kernel thread's look-ahead cached under the kernel's own ASIDs may stay:
 * no user address is used under these. */
static uint64_t hardware_asid(unsigned asid)
{
	return (uint64_t)(asid + ASID_LAST_OWN) << TTBR_ASID_SHIFT;
}

static uint64_t user_page(unsigned asid, vaddr_t addr)
{
	return hardware_asid(asid) | ((addr >> PAGE_SHIFT) & ((1ull << 44) - 1));
}

void arch_tlb_invalidate_user_page(unsigned asid, vaddr_t addr)
{
	__asm__ volatile("dsb ishst\n\ttlbi vae1, %0\n\tdsb nsh\n\tisb" : : "r"(user_page(asid, addr)) : "memory");
}

bool arch_tlb_broadcast_user_page(unsigned asid, vaddr_t addr)
{
	__asm__ volatile("dsb ishst\n\ttlbi vae1is, %0\n\tdsb ish\n\tisb" : : "r"(user_page(asid, addr)) : "memory");
	return true;
}

void arch_tlb_invalidate_user_all(unsigned asid)
{
	__asm__ volatile("dsb ishst\n\ttlbi aside1, %0\n\tdsb nsh\n\tisb" : : "r"(hardware_asid(asid)) : "memory");
}

bool arch_tlb_broadcast_user_all(unsigned asid)
{
	__asm__ volatile("dsb ishst\n\ttlbi aside1is, %0\n\tdsb ish\n\tisb" : : "r"(hardware_asid(asid)) : "memory");
	return true;
}
