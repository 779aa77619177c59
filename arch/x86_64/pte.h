/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/pte.h: encoding of one page-table entry (Intel SDM vol. 3, 4.5). Pure, any context, also
 * compiled on the host. Accessed is preset in every entry and Dirty in every writable leaf, so that no
 * table walk ever stores into a table; Dirty goes together with Write. Nothing is global.
 */
#ifndef AMBER_X86_PTE_H
#define AMBER_X86_PTE_H

#include <amber/types.h>

#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITE    (1ull << 1)
#define PTE_USER     (1ull << 2)
#define PTE_PWT      (1ull << 3)
#define PTE_PCD      (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_BLOCK    (1ull << 7) /* level 2 and 3: a leaf, not a table; at level 1 the bit is PAT */
#define PTE_NX       (1ull << 63)
#define PTE_ADDR     0x000ffffffffff000ull

static inline pte_t pte_encode(paddr_t frame, unsigned perms, int level)
{
	pte_t pte = (frame & PTE_ADDR) | PTE_PRESENT | PTE_ACCESSED;

	if (perms & PERM_W)
		pte |= PTE_WRITE | PTE_DIRTY;
	if (!(perms & PERM_X))
		pte |= PTE_NX;
	if (perms & PERM_USER)
		pte |= PTE_USER;
	if (perms & PERM_DEVICE)
		pte |= PTE_PCD | PTE_PWT;
	if (level > 1)
		pte |= PTE_BLOCK;
	return pte;
}

static inline pte_t pte_encode_table(paddr_t table)
{
	return (table & PTE_ADDR) | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
}

static inline pte_t pte_encode_user_table(paddr_t table)
{
	return pte_encode_table(table) | PTE_USER;
}

static inline bool pte_is_present(pte_t pte)
{
	return pte & PTE_PRESENT;
}

static inline bool pte_is_table(pte_t pte, int level)
{
	return level > 1 && (pte & (PTE_PRESENT | PTE_BLOCK)) == PTE_PRESENT;
}

static inline unsigned pte_perms(pte_t pte)
{
	if (!pte_is_present(pte))
		return 0;
	return PERM_R | (pte & PTE_WRITE ? PERM_W : 0) | (pte & PTE_NX ? 0 : PERM_X) | (pte & PTE_USER ? PERM_USER : 0) |
	       (pte & PTE_PCD ? PERM_DEVICE : 0);
}

static inline paddr_t pte_addr(pte_t pte, int level)
{
	paddr_t addr = pte & PTE_ADDR;

	/* Bit 12 of a 2 MiB leaf is PAT, the bits above it up to 20 are reserved. */
	return level == 2 && !pte_is_table(pte, level) ? ALIGN_DOWN(addr, BLOCK_SIZE) : addr;
}

static inline bool pte_change_allowed(pte_t old, pte_t new, int level)
{
	if (!pte_is_present(old) || !pte_is_present(new))
		return true;
	/* Permissions may change, not what it leads to and not its memory type (SDM vol. 3, 4.10.4 and 11.12.4). */
	return pte_is_table(old, level) == pte_is_table(new, level) && pte_addr(old, level) == pte_addr(new, level) &&
	       !((old ^ new) & (PTE_PCD | PTE_PWT));
}

static inline pte_t arch_pte_exchange(volatile pte_t *slot, pte_t value)
{
	return __atomic_exchange_n(slot, value, __ATOMIC_SEQ_CST);
}

static inline void arch_pte_sync(void)
{
	/* The walker sees stores in program order; only the compiler must not move them. */
	__asm__ volatile("" ::: "memory");
}

#endif
