/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/pte.h: one entry of a stage 1 translation table with 4 KiB granule (Arm ARM, D8.3). Pure
 * arithmetic: also compiled and tested on the host. The accessed flag is always preset and hardware
 * management of it is off, so the table walker never writes a table.
 */
#ifndef AMBER_AARCH64_PTE_H
#define AMBER_AARCH64_PTE_H

#include "arch.h"

#include <amber/broken.h>

#include "registers.h"

#define PTE_VALID      (1ull << 0)
#define PTE_TABLE      (1ull << 1) /* levels 2 to 4: a table; level 1: must be set on a page */
#define PTE_ATTR(n)    ((uint64_t)(n) << 2)
#define PTE_USER       (1ull << 6)  /* AP[1] */
#define PTE_READ_ONLY  (1ull << 7)  /* AP[2] */
#define PTE_INNER      (3ull << 8)
#define PTE_ACCESSED   (1ull << 10)
#define PTE_NON_GLOBAL (1ull << 11)
#define PTE_DBM        (1ull << 51) /* the hardware may clear AP[2]: in the broken kernel only */
#define PTE_PXN        (1ull << 53)
#define PTE_UXN        (1ull << 54)
#define PTE_PXN_TABLE  (1ull << 59)
#define PTE_ADDR_MASK  0x0000fffffffff000ull
/* What a change of permissions may change in a live leaf. */
#define PTE_PERM_MASK  (PTE_USER | PTE_READ_ONLY | PTE_DBM | PTE_PXN | PTE_UXN)

static inline pte_t pte_encode(paddr_t frame, unsigned perms, int level)
{
	bool is_device = perms & PERM_DEVICE;
	pte_t pte = (frame & PTE_ADDR_MASK) | PTE_VALID | PTE_ACCESSED | PTE_NON_GLOBAL | PTE_INNER | PTE_PXN | PTE_UXN;

	if (level == 1)
		pte |= PTE_TABLE;
	pte |= PTE_ATTR(is_device ? MAIR_DEVICE : MAIR_NORMAL);
	if (!(perms & PERM_W))
		pte |= PTE_READ_ONLY;
	if (perms & PERM_USER)
		pte |= PTE_USER;
	if ((perms & PERM_X) && !is_device)
		pte &= perms & PERM_USER ? ~PTE_UXN : ~PTE_PXN;
	/* The mistake that this leaves to be found: sealing takes the write bit and forgets DBM. */
	if (is_broken(BROKEN_WP) && !is_device && !(perms & PERM_X))
		pte |= PTE_DBM;
	return pte;
}

static inline pte_t pte_encode_table(paddr_t table)
{
	return (table & PTE_ADDR_MASK) | PTE_TABLE | PTE_VALID;
}

/* PXNTable: nothing below is executable in kernel mode, whatever its leaves say. */
static inline pte_t pte_encode_user_table(paddr_t table)
{
	return pte_encode_table(table) | PTE_PXN_TABLE;
}

static inline bool pte_is_present(pte_t pte)
{
	return pte & PTE_VALID;
}

static inline bool pte_is_table(pte_t pte, int level)
{
	return level > 1 && (pte & (PTE_VALID | PTE_TABLE)) == (PTE_VALID | PTE_TABLE);
}

static inline unsigned pte_perms(pte_t pte)
{
	unsigned perms = PERM_R;

	if (!(pte & PTE_READ_ONLY))
		perms |= PERM_W;
	if (pte & PTE_USER)
		perms |= PERM_USER;
	if (!(pte & PTE_PXN) || ((pte & PTE_USER) && !(pte & PTE_UXN)))
		perms |= PERM_X;
	if ((pte & PTE_ATTR(7)) == PTE_ATTR(MAIR_DEVICE))
		perms |= PERM_DEVICE;
	return perms;
}

static inline paddr_t pte_addr(pte_t pte, int level)
{
	paddr_t addr = pte & PTE_ADDR_MASK;

	if (pte_is_table(pte, level) || level < 2)
		return addr;
	return addr & ~((PAGE_SIZE << (9 * (level - 1))) - 1);
}

static inline bool pte_change_allowed(pte_t old, pte_t new, int level)
{
	if (!pte_is_present(old) || !pte_is_present(new))
		return true;
	/* Another address, memory type or size needs an invalid entry in between: break-before-make, D8.14.1. */
	if (pte_is_table(old, level) || pte_is_table(new, level))
		return old == new;
	return ((old ^ new) & ~PTE_PERM_MASK) == 0;
}

static inline pte_t arch_pte_exchange(volatile pte_t *slot, pte_t value)
{
	return __atomic_exchange_n(slot, value, __ATOMIC_RELAXED);
}

static inline void arch_pte_sync(void)
{
	/* Orders stores to tables before later walks (D8.2.6); the isb is for this CPU's next instruction. */
	__asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

#endif
