/* SPDX-License-Identifier: MIT */
/*
 * mm/arena_plan.c: deciding where the arena lies. The same RAM gives the same place in every boot, so that a
 * record of the last boot can be found. Pure; init only.
 */
#include "arena_plan.h"

#include <amber/annotate.h>

/* Page tables, shadows and gate stacks of a small machine fit into this; the arena can grow. */
#define ARENA_ROOM KIB(768)

static bool __init is_free(const struct memory_map *memory, paddr_t start, paddr_t end, paddr_t image, paddr_t image_end)
{
	return memory_map_is(memory, start, end, MEMORY_USABLE) &&
	       (end <= ALIGN_DOWN(image, BLOCK_SIZE) || start >= ALIGN_UP(image_end, BLOCK_SIZE));
}

static paddr_t __init find_start(const struct memory_map *memory, paddr_t image, paddr_t image_end, uint64_t bytes)
{
	paddr_t lowest = ALIGN_DOWN(memory_map_lowest(memory, MEMORY_USABLE), BLOCK_SIZE);
	paddr_t end = memory_map_highest(memory, MEMORY_USABLE);
	paddr_t wanted = lowest + ARENA_OFFSET;

	if (end - lowest >= 2 * ARENA_OFFSET && is_free(memory, wanted, wanted + bytes, image, image_end))
		return wanted;
	for (paddr_t start = ALIGN_UP(image_end, BLOCK_SIZE); start + bytes <= end; start += BLOCK_SIZE)
		if (is_free(memory, start, start + bytes, image, image_end))
			return start;
	return 0;
}

enum error __init arena_plan_make(struct arena_plan *plan, const struct memory_map *memory, paddr_t image, paddr_t image_end,
                                  uint64_t ring_bytes)
{
	paddr_t lowest = memory_map_lowest(memory, MEMORY_USABLE), highest = memory_map_highest(memory, MEMORY_USABLE);
	uint64_t table_bytes, bytes;

	for (unsigned i = 0; i < memory->count; i++) /* BOOT ranges are RAM too */
		if (memory->ranges[i].kind == MEMORY_BOOT) {
			lowest = MIN(lowest, memory->ranges[i].start);
			highest = MAX(highest, memory->ranges[i].end);
		}
	plan->first_frame = ALIGN_DOWN(lowest, BLOCK_SIZE) >> PAGE_SHIFT;
	plan->frames = (ALIGN_UP(highest, BLOCK_SIZE) >> PAGE_SHIFT) - plan->first_frame;
	table_bytes = ALIGN_UP(plan->frames * 4, PAGE_SIZE);
	bytes = ALIGN_UP(ring_bytes + table_bytes + ARENA_ROOM, BLOCK_SIZE);
	plan->bytes = bytes;
	plan->start = find_start(memory, image, image_end, bytes);
	if (!plan->start)
		return ERR_NO_MEMORY;
	plan->end = plan->start + bytes;
	plan->ring = plan->start;
	plan->frame_table = plan->ring + ring_bytes;
	plan->free = plan->frame_table + table_bytes;
	return OK;
}
