/* SPDX-License-Identifier: MIT */
/*
 * mm/arena.c: finding unused arena frames, and growing. Any context that may change tables. What is kept
 * here in ordinary memory is only a hint where to look: the gate decides by the frame table.
 */
#include "arena.h"

#include "gate.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "shootdown.h"

static uint64_t search_from; /* frame index */

static bool find_unused(paddr_t *frame)
{
	const struct frame *frames = phys_to_virt(frame_table.table);

	if (!search_from)
		search_from = (frame_table.arena_start >> PAGE_SHIFT) - frame_table.first;
	for (uint64_t i = 0; i < frame_table.count; i++) {
		uint64_t index = search_from + i < frame_table.count ? search_from + i : search_from + i - frame_table.count;

		if (frames[index].type == FRAME_ARENA) {
			search_from = index + 1 < frame_table.count ? index + 1 : 0;
			*frame = (frame_table.first + index) << PAGE_SHIFT;
			return true;
		}
	}
	return false;
}

enum error arena_grow(void)
{
	paddr_t block;
	struct mapping mapping;
	enum error error = phys_alloc_block(&block);

	if (error)
		return error;
	error = pagetable_lookup(kernel_root_frame, (vaddr_t)phys_to_virt(block), &mapping);
	if (!error)
		error = mapping.level == 2 ? gate_set_entries(mapping.table, mapping.index, pte_encode(block, PERM_R, 2), 0, 1) : ERR_DENIED;
	if (error) {
		phys_free(block, BLOCK_SIZE / PAGE_SIZE);
		return error;
	}
	/* A block leaf is one translation, however many pages it spans; naming one address in it drops it. */
	tlb_shootdown((vaddr_t)phys_to_virt(block), PAGE_SIZE);
	return gate_frame_type(block, BLOCK_SIZE / PAGE_SIZE, FRAME_ARENA);
}

enum error arena_table(int level, paddr_t *table)
{
	enum error error;

	if (!find_unused(table)) {
		error = arena_grow();
		if (error)
			return error;
		if (!find_unused(table))
			return ERR_NO_MEMORY;
	}
	return gate_table(*table, level);
}

enum error arena_table_free(paddr_t table)
{
	return gate_table_free(table);
}
