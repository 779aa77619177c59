/* SPDX-License-Identifier: MIT */
/*
 * kernel/map_seal.c: making a range of a space immutable until it ends. First the regions are claimed, so that nobody changes
 * them or makes another mapping of their memory; then all pages are looked at; then they are sealed. Big lock held, process
 * context.
 */
#include "region.h"

#include <amber/panic.h>

#include "frame.h"
#include "sched.h"

#define STEP_PAGES 32 /* that are sealed in one go */
#define LOOK_PAGES 128

/* Nobody changes them from here on, nor makes another mapping of their memory. */
static enum error claim_some(struct space *space, vaddr_t *from, vaddr_t end)
{
	vaddr_t addr = *from, until = addr;
	enum error error = region_check_some(space, &until, end, 0);
	struct link *at;

	if (!error)
		error = region_isolate(space, addr, until - addr);
	if (error)
		return error;
	for (at = region_first_behind(space, addr); at != &space->regions && region_of(at)->start < until; at = at->next) {
		region_of(at)->state = REGION_SEALING;
		region_of(at)->memory->sealings++;
	}
	*from = until;
	return OK;
}

/* No frame has any mapping but this one: mappings that are read-only now could be made writable. */
static enum error check_some(struct space *space, vaddr_t *from, vaddr_t end)
{
	const struct region *region = region_of(region_first_behind(space, *from));

	if (region->memory->is_device)
		return ERR_DENIED;
	end = MIN(MIN(end, region_end(region)), *from + LOOK_PAGES * PAGE_SIZE);
	for (; *from < end; *from += PAGE_SIZE) {
		uint32_t page = (uint32_t)((*from - region->start) >> PAGE_SHIFT);
		const struct frame *frame = frame_at(memory_frame(region->memory, region->offset_pages + page));

		if (!frame || frame->type != FRAME_USER || frame->level != 1)
			return ERR_DENIED;
	}
	return OK;
}

static enum error seal_some(struct space *space, vaddr_t *from, vaddr_t end)
{
	uint64_t pages = MIN((end - *from) >> PAGE_SHIFT, (uint64_t)STEP_PAGES);
	enum error error;

	commit_begin();
	error = address_space_seal(&space->memory, *from, pages);
	commit_end();
	*from += pages * PAGE_SIZE;
	return error;
}

/* All that was claimed is sealed; or it may be changed again, but for what was revoked meanwhile. */
static enum error release_some(struct space *space, vaddr_t *from, vaddr_t end, bool is_sealed)
{
	struct link *at = region_first_behind(space, *from);

	for (unsigned i = 0; i < REGION_LOOKS && *from < end; i++, at = at->next) {
		struct region *region = region_of(at);

		region->state = is_sealed ? REGION_SEALED : region->is_revoked ? REGION_GOING : REGION_WHOLE;
		region->memory->sealings--;
		*from = region_end(region);
	}
	return OK;
}

static enum error release_sealed(struct space *space, vaddr_t *from, vaddr_t end)
{
	return release_some(space, from, end, true);
}

static enum error release_unsealed(struct space *space, vaddr_t *from, vaddr_t end)
{
	return release_some(space, from, end, false);
}

typedef enum error (*some)(struct space *space, vaddr_t *from, vaddr_t end);

/* All of the range, with preemption points. A space that ends meanwhile takes its regions with it: ERR_GONE. */
static enum error in_steps(struct space *space, vaddr_t *from, vaddr_t end, some step)
{
	for (;;) {
		enum error error = step(space, from, end);

		if (error || *from == end)
			return error;
		sched_preemption_point();
		if (space->is_ending)
			return ERR_GONE;
	}
}

/* The first page may still be refused by the gate, no other. */
static enum error seal_claimed(struct space *space, vaddr_t addr, vaddr_t end)
{
	vaddr_t checked = addr, sealed = addr;
	enum error error = in_steps(space, &checked, end, check_some);

	if (!error)
		error = in_steps(space, &sealed, end, seal_some);
	if (error && error != ERR_GONE && sealed > addr + STEP_PAGES * PAGE_SIZE)
		panic("map_seal: the gate refuses what was checked, before 0x%zx", (size_t)sealed);
	return error;
}

/* Back to what it was; what others wanted removed meanwhile goes now. */
static void undo(struct space *space, vaddr_t addr, vaddr_t claimed)
{
	vaddr_t released = addr;

	if (addr == claimed || in_steps(space, &released, claimed, release_unsealed))
		return;
	while (!region_remove_some(space, &addr, claimed))
		sched_preemption_point();
}

enum error space_seal(struct space *space, vaddr_t addr, uint32_t pages)
{
	vaddr_t end = addr + (vaddr_t)pages * PAGE_SIZE, claimed = addr, released = addr;
	enum error error;

	space_hold(space);
	error = in_steps(space, &claimed, end, claim_some);
	if (!error)
		error = seal_claimed(space, addr, end);
	if (!error)
		error = in_steps(space, &released, end, release_sealed);
	else if (error != ERR_GONE)
		undo(space, addr, claimed);
	space_let_go(space);
	return error;
}
