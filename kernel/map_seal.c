/* SPDX-License-Identifier: MIT */
/*
 * kernel/map_seal.c: making a range of a space immutable until it ends. Everything is checked before the first page changes; then
 * nobody may make another mapping of the same memory until the last one has. Big lock held, process context.
 */
#include "region.h"

#include <amber/panic.h>

#include "frame.h"
#include "sched.h"

#define STEP_PAGES 64

/* No frame of it has any mapping but this one: mappings that are read-only now could be made writable. */
static enum error check_frames(const struct region *region, uint32_t first, uint32_t pages)
{
	const struct memory *memory = region->memory;

	if (memory->is_device)
		return ERR_DENIED;
	if (memory->sealings)
		return ERR_BUSY;
	for (uint32_t i = first; i < first + pages; i++) {
		const struct frame *frame = frame_at(memory_frame(memory, region->offset_pages + i));

		if (!frame || frame->type != FRAME_USER || frame->level != 1)
			return ERR_DENIED;
	}
	return OK;
}

static enum error check_memory(struct space *space, vaddr_t addr, vaddr_t end)
{
	struct link *at = region_first_behind(space, addr);

	for (; addr < end; at = at->next) {
		const struct region *region = region_of(at);
		vaddr_t until = MIN(end, region_end(region));
		enum error error = check_frames(region, (uint32_t)((addr - region->start) >> PAGE_SHIFT),
		                                (uint32_t)((until - addr) >> PAGE_SHIFT));

		if (error)
			return error;
		addr = until;
	}
	return OK;
}

/* From the first page on it counts as sealed, and its memory is held back. */
static void begin(struct space *space, vaddr_t addr, vaddr_t end)
{
	struct link *at = region_first_behind(space, addr);

	for (; at != &space->regions && region_of(at)->start < end; at = at->next) {
		region_of(at)->state = REGION_SEALING;
		region_of(at)->memory->sealings++;
	}
}

static void finish(struct space *space, vaddr_t addr, vaddr_t end, enum region_state state)
{
	struct link *at = region_first_behind(space, addr);

	for (; at != &space->regions && region_of(at)->start < end; at = at->next) {
		region_of(at)->state = (uint8_t)state;
		region_of(at)->memory->sealings--;
	}
}

static enum error seal_step(struct space *space, vaddr_t addr, uint64_t pages)
{
	enum error error;

	commit_begin();
	error = address_space_seal(&space->memory, addr, pages);
	commit_end();
	return error;
}

/* What follows the first step. A space that ends meanwhile takes its regions with it. */
static enum error seal_on(struct space *space, vaddr_t addr, vaddr_t end)
{
	enum error error = OK;

	space_hold(space);
	while (addr < end) {
		uint64_t pages = MIN((end - addr) >> PAGE_SHIFT, (uint64_t)STEP_PAGES);

		sched_preemption_point();
		if (space->is_ending) {
			error = ERR_GONE;
			break;
		}
		if (seal_step(space, addr, pages))
			panic("map_seal: the gate refuses what was checked, at 0x%zx", (size_t)addr);
		addr += pages * PAGE_SIZE;
	}
	space_let_go(space);
	return error;
}

enum error space_seal(struct space *space, vaddr_t addr, uint32_t pages)
{
	vaddr_t end = addr + (vaddr_t)pages * PAGE_SIZE;
	uint32_t first = MIN(pages, (uint32_t)STEP_PAGES);
	enum error error = region_check(space, addr, end - addr, 0);

	if (!error)
		error = check_memory(space, addr, end);
	if (!error)
		error = region_isolate(space, addr, end - addr);
	if (error)
		return error;
	begin(space, addr, end);
	error = seal_step(space, addr, first);
	if (!error && first < pages)
		error = seal_on(space, addr + first * PAGE_SIZE, end);
	if (error != ERR_GONE)
		finish(space, addr, end, error ? REGION_WHOLE : REGION_SEALED);
	return error;
}
