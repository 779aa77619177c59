/* SPDX-License-Identifier: MIT */
/* mm/space_tables.h: walking a space's tables down to one of them, and taking them apart. For mm/address_space.c. */
#ifndef AMBER_MM_SPACE_TABLES_H
#define AMBER_MM_SPACE_TABLES_H

#include "address_space.h"
#include "frame.h"

static inline const pte_t *space_table(paddr_t table)
{
	return phys_to_virt(table);
}

/* Where an entry that leads to a table leads to: a space has no larger leaves, so level 1's way to read an address will do. */
static inline paddr_t space_table_in(pte_t pte)
{
	return pte_addr(pte, 1);
}

/* The table of that level (3, 2, 1) on the way to addr; 0: there is none. Inline: every map walks. */
static inline paddr_t space_table_for(const struct address_space *space, vaddr_t addr, int level)
{
	paddr_t table = space_table_in(space_table(space->root)[0]); /* the one user slot, filled for good */

	for (int at = 3; at > level; at--) {
		pte_t pte = space_table(table)[pagetable_index(addr, at)];

		if (!pte_is_present(pte))
			return 0;
		table = space_table_in(pte);
	}
	return table;
}

/* Frees up to `budget` empty tables of a dead space; true = all but the one below the root are free. A table costs a look at its
 * 512 entries, and so does its parent. */
bool space_tables_free(struct address_space *space, unsigned budget) __must_check;

#endif
