/* SPDX-License-Identifier: MIT */
/*
 * mm/phys.c: a bitmap (1 = free) over the frames of the frame table, first fit from where the last search
 * ended. Small and slow enough to read; nothing on a hot path allocates frames. Callers mask interrupts or
 * run before there are any.
 */
#include "phys.h"

#include <amber/panic.h>
#include <amber/string.h>

#include "frame.h"
#include "kernel_map.h"

static uint64_t *free_map;
static uint64_t free_count, search_from;

static bool is_free(uint64_t index)
{
	return free_map[index / 64] >> (index % 64) & 1;
}

static void mark(uint64_t index, uint64_t pages, bool is_free_now)
{
	for (uint64_t i = index; i < index + pages; i++) {
		uint64_t bit = 1ull << (i % 64);

		ASSERT(is_free(i) != is_free_now);
		free_map[i / 64] ^= bit;
	}
	free_count += is_free_now ? pages : -pages;
}

/* Is this an ordinary frame that boot left to the allocator? */
static bool belongs_to_us(const struct frame *frame, paddr_t addr)
{
	return frame->type == FRAME_KERNEL && (addr < arch_image_phys || addr >= image_phys_end());
}

/* Sets the bits of ordinary frames, a word at a time: nearly all words are all ones or all zeros. */
static void fill_map(void)
{
	const struct frame *frame = phys_to_virt(frame_table.table);

	for (uint64_t i = 0; i < frame_table.count; i++) {
		if (!belongs_to_us(&frame[i], (frame_table.first + i) << PAGE_SHIFT))
			continue;
		free_map[i / 64] |= 1ull << (i % 64);
		free_count++;
	}
}

void phys_init(void)
{
	uint64_t bytes = ALIGN_UP((frame_table.count + 63) / 64 * 8, PAGE_SIZE);
	const struct frame *frame = phys_to_virt(frame_table.table);
	uint64_t run = 0, index = 0;

	/* The bitmap itself lies in the first run of ordinary frames that is long enough. */
	for (; index < frame_table.count && run * PAGE_SIZE < bytes; index++)
		run = belongs_to_us(&frame[index], (frame_table.first + index) << PAGE_SHIFT) ? run + 1 : 0;
	if (run * PAGE_SIZE < bytes)
		panic("memory: no room for the frame bitmap (%zu KiB)", (size_t)(bytes / 1024));
	free_map = phys_to_virt(((frame_table.first + index) << PAGE_SHIFT) - bytes);
	memset(free_map, 0, bytes);
	fill_map();
	mark(index - run, run, false);
}

static enum error alloc_aligned(uint64_t pages, uint64_t align_pages, paddr_t *first)
{
	uint64_t run = 0, tried = 0, index = search_from;

	if (!pages || pages > free_count)
		return ERR_NO_MEMORY;
	for (; tried < frame_table.count + pages; tried++, index++) {
		if (index >= frame_table.count)
			index = run = 0;
		if (!run && ((frame_table.first + index) & (align_pages - 1)))
			continue;
		run = is_free(index) ? run + 1 : 0;
		if (run == pages) {
			mark(index + 1 - pages, pages, false);
			search_from = index + 1;
			*first = (frame_table.first + index + 1 - pages) << PAGE_SHIFT;
			return OK;
		}
	}
	return ERR_NO_MEMORY;
}

enum error phys_alloc(uint64_t pages, paddr_t *first)
{
	return alloc_aligned(pages, 1, first);
}

enum error phys_alloc_block(paddr_t *block)
{
	uint64_t before = search_from;
	enum error error;

	search_from = 0;
	error = alloc_aligned(BLOCK_SIZE / PAGE_SIZE, BLOCK_SIZE / PAGE_SIZE, block);
	search_from = before;
	return error;
}

void phys_free(paddr_t first, uint64_t pages)
{
	mark((first >> PAGE_SHIFT) - frame_table.first, pages, true);
}

uint64_t phys_free_pages(void)
{
	return free_count;
}
