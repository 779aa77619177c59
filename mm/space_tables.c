/* SPDX-License-Identifier: MIT */
/*
 * mm/space_tables.c: a dead space's tables become unused arena frames, a few at a time, from the lowest address up. Big lock
 * held. Every leaf has been removed before.
 */
#include "space_tables.h"

#include <amber/abi.h>
#include <amber/panic.h>

#include "arena.h"
#include "gate_user.h"

/* The first entry from `index` on that is not empty; 512: none. */
static unsigned next_used(const pte_t *entries, unsigned index)
{
	for (; index < 512 && index % 8; index++)
		if (entries[index])
			return index;
	for (; index < 512; index += 8)
		if (entries[index] | entries[index + 1] | entries[index + 2] | entries[index + 3] | entries[index + 4] |
		    entries[index + 5] | entries[index + 6] | entries[index + 7])
			break;
	while (index < 512 && !entries[index])
		index++;
	return index;
}

static void free_one(const struct address_space *space, vaddr_t addr, unsigned level, paddr_t table)
{
	if (gate_user_table_free(space->root, addr, level))
		panic("space: the table at 0x%zx can't be freed: something is mapped there", (size_t)addr);
	arena_give_back(table);
}

/* The leaf tables below one table of level 2, from freed_to on. */
static bool free_leaf_tables(struct address_space *space, paddr_t table, unsigned *budget)
{
	const pte_t *entries = space_table(table);
	vaddr_t base = ALIGN_DOWN(space->freed_to, 512 * BLOCK_SIZE);
	unsigned index = pagetable_index(space->freed_to, 2);

	while ((index = next_used(entries, index)) < 512) {
		if (!*budget)
			return false;
		--*budget;
		space->freed_to = base + index * BLOCK_SIZE;
		free_one(space, space->freed_to, 1, pte_addr(entries[index], 2));
	}
	return true;
}

bool space_tables_free(struct address_space *space, unsigned budget)
{
	const pte_t *entries = space_table(space_table_for(space, 0, 3));
	uint64_t step = 512 * BLOCK_SIZE; /* what a table of level 2 spans */

	while (space->freed_to < USER_END) {
		unsigned index = next_used(entries, pagetable_index(space->freed_to, 3));

		if (index == 512)
			break;
		if (index != pagetable_index(space->freed_to, 3))
			space->freed_to = index * step;
		if (!free_leaf_tables(space, pte_addr(entries[index], 3), &budget) || !budget)
			return false;
		budget--;
		free_one(space, index * step, 2, pte_addr(entries[index], 3));
		space->freed_to = (index + 1) * step;
	}
	return true;
}
