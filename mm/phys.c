/* SPDX-License-Identifier: MIT */
/*
 * mm/phys.c: a bitmap (1 = free) over the frames of the frame table, first fit from where the last search
 * ended. Small and slow enough to read; nothing on a hot path allocates frames. Callers mask interrupts or
 * run before there are any.
 */
#include "phys.h"

#include <amber/lock.h>
#include <amber/panic.h>
#include <amber/string.h>

#include "frame_run.h"
#include "kernel_map.h"

static uint64_t *__ro_after_init free_map;
static uint64_t free_count, search_from;
static struct lock phys_lock = LOCK_INIT("page allocator");

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

/* Marks all ordinary frames as free, run by run. */
static void fill_map(void)
{
	const struct frame *frame = phys_to_virt(frame_table.table);

	for (uint64_t i = 0, run; i < frame_table.count; i += run) {
		uint64_t left = 64 - i % 64, count = MIN(left, frame_table.count - i);

		run = frame_run_length(&frame[i], count);
		if (frame[i].type != FRAME_KERNEL)
			continue;
		free_map[i / 64] |= (run == 64 ? ~0ull : (1ull << run) - 1) << (i % 64);
		free_count += run;
	}
}

/* The image's own ordinary frames (data, init memory until it is freed) are not the allocator's. */
static void leave_out_image(void)
{
	for (paddr_t frame = arch_image_phys; frame < image_phys_end(); frame += PAGE_SIZE)
		if (frame_type_at(frame) == FRAME_KERNEL)
			mark((frame >> PAGE_SHIFT) - frame_table.first, 1, false);
}

static bool __init is_place(paddr_t place, uint64_t pages)
{
	const struct frame *frame = frame_at(place);

	return frame && frame_at(place + (pages - 1) * PAGE_SIZE) && frame->type == FRAME_KERNEL &&
	       frame_run_length(frame, pages) == pages && (place >= image_phys_end() || place + pages * PAGE_SIZE <= arch_image_phys);
}

/* In front of the arena if that is free, else the first place that is: something handed over may lie there. */
static paddr_t __init find_place(uint64_t pages)
{
	paddr_t place = frame_table.arena_start - pages * PAGE_SIZE, start = frame_table.first << PAGE_SHIFT;

	if (is_place(place, pages))
		return place;
	for (place = start; place < start + (frame_table.count << PAGE_SHIFT); place += PAGE_SIZE)
		if (is_place(place, pages))
			return place;
	panic("memory: no room for the frame bitmap (%zu KiB)", (size_t)(pages * PAGE_SIZE / 1024));
}

void __init phys_init(void)
{
	uint64_t pages = ALIGN_UP((frame_table.count + 63) / 64 * 8, PAGE_SIZE) >> PAGE_SHIFT;
	paddr_t place = find_place(pages);

	free_map = phys_to_virt(place);
	memset(free_map, 0, pages * PAGE_SIZE);
	fill_map();
	leave_out_image();
	mark((place >> PAGE_SHIFT) - frame_table.first, pages, false);
}

static enum error alloc_run(uint64_t pages, paddr_t *first)
{
	uint64_t run = 0, tried = 0, index = search_from;

	if (!pages || pages > free_count)
		return ERR_NO_MEMORY;
	for (; tried < frame_table.count + pages; tried++, index++) {
		if (index >= frame_table.count)
			index = run = 0;
		if (!run && index % 64 == 0 && index + 64 <= frame_table.count && !free_map[index / 64]) {
			tried += 63;
			index += 63; /* nothing in 64 frames: callers have interrupts masked */
			continue;
		}
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
	uint64_t irq_state = lock_acquire(&phys_lock);
	enum error error = alloc_run(pages, first);

	lock_release(&phys_lock, irq_state);
	return error;
}

/* The frame table begins with a whole block, so a block is eight words of the bitmap. */
#define BLOCK_WORDS (BLOCK_SIZE / PAGE_SIZE / 64)

static bool take_block(uint64_t *words)
{
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		if (~words[i])
			return false;
	for (unsigned i = 0; i < BLOCK_WORDS; i++)
		words[i] = 0;
	free_count -= BLOCK_SIZE / PAGE_SIZE;
	return true;
}

enum error phys_alloc_block(paddr_t *block)
{
	uint64_t irq_state = lock_acquire(&phys_lock);
	enum error error = ERR_NO_MEMORY;

	for (uint64_t index = 0; index < frame_table.count && error; index += BLOCK_SIZE / PAGE_SIZE)
		if (take_block(&free_map[index / 64])) {
			*block = (frame_table.first + index) << PAGE_SHIFT;
			error = OK;
		}
	lock_release(&phys_lock, irq_state);
	return error;
}

enum error phys_alloc_within(paddr_t start, paddr_t end, paddr_t *frame)
{
	uint64_t irq_state = lock_acquire(&phys_lock);
	enum error error = ERR_NO_MEMORY;

	for (uint64_t index = (start >> PAGE_SHIFT) - frame_table.first, last = (end >> PAGE_SHIFT) - frame_table.first;
	     index < MIN(last, frame_table.count) && error; index++) {
		if (index % 64 == 0 && !free_map[index / 64]) {
			index += 63; /* nothing in 64 frames */
			continue;
		}
		if (!is_free(index))
			continue;
		mark(index, 1, false);
		*frame = (frame_table.first + index) << PAGE_SHIFT;
		error = OK;
	}
	lock_release(&phys_lock, irq_state);
	return error;
}

void phys_free(paddr_t first, uint64_t pages)
{
	uint64_t irq_state = lock_acquire(&phys_lock);

	mark((first >> PAGE_SHIFT) - frame_table.first, pages, true);
	lock_release(&phys_lock, irq_state);
}

uint64_t phys_free_pages(void)
{
	return free_count;
}
