/* SPDX-License-Identifier: MIT */
/*
 * kernel/mapping.c: map, unmap, protect and map_seal for ranges of a space that were checked to lie in its user half. Short
 * ranges are done at once; long ones in steps, between which others run: a region that is half done is marked, and whoever works
 * on it finds it again by its address. Big lock held, process context.
 */
#include "region.h"

#include <amber/panic.h>

#include "frame.h"
#include "sched.h"

#define STEP_RUNS       12 /* calls of the gate in one step: frames need not be consecutive */

_Static_assert(MAP_READ == PERM_R && MAP_WRITE == PERM_W && MAP_EXECUTE == PERM_X, "they are used as each other");

static __noinline enum error map_with_tables(struct space *space, vaddr_t addr, paddr_t first, uint32_t pages, uint32_t perms)
{
	enum error error = address_space_prepare(&space->memory, addr, pages);

	return error ? error : address_space_map(&space->memory, addr, first, pages, perms);
}

/* Tables are there nearly always: they are made when the first page in their reach is mapped. */
static inline enum error map_pages(struct space *space, vaddr_t addr, paddr_t first, uint32_t pages, uint32_t perms)
{
	enum error error = address_space_map(&space->memory, addr, first, pages, perms);

	return error == ERR_NOT_MAPPED ? map_with_tables(space, addr, first, pages, perms) : error;
}

static uint32_t machine_perms(const struct memory *memory, uint32_t perms)
{
	return memory->is_device ? perms | PERM_DEVICE : perms;
}

/* As many of the next pages as have consecutive frames and lie in one table, so that all or none get mapped. */
static enum error map_run(struct region *region, uint32_t perms, uint32_t most)
{
	struct memory *memory = region->memory;
	uint32_t page = region->offset_pages + region->mapped, count = 1;
	vaddr_t addr = region->start + (vaddr_t)region->mapped * PAGE_SIZE;
	paddr_t first = memory_frame(memory, page);
	enum error error;

	most = MIN(most, MIN(region->pages - region->mapped, 512 - pagetable_index(addr, 1)));
	while (count < most && memory_frame(memory, page + count) == first + (paddr_t)count * PAGE_SIZE)
		count++;
	error = map_pages(region->space, addr, first, count, machine_perms(memory, perms));
	if (error)
		return error;
	region->mapped += count;
	region->space->mapped_pages += count;
	return OK;
}

static enum error fill_step(struct region *region, uint32_t perms)
{
	uint32_t target = MIN(region->pages, region->mapped + REGION_STEP_PAGES);
	enum error error = OK;

	if (region->memory->sealings)
		return ERR_BUSY;
	for (unsigned i = 0; i < STEP_RUNS && region->mapped < target && !error; i++)
		error = map_run(region, perms, target - region->mapped);
	return error;
}

/* After a preemption point: the region that the current thread makes there; NULL: it was removed meanwhile. */
static struct region *own_region(struct space *space, vaddr_t addr)
{
	struct link *at = region_first_behind(space, addr);

	if (at == &space->regions || region_of(at)->start != addr || region_of(at)->filler != thread_current())
		return NULL;
	return region_of(at);
}

static void undo_fill(struct space *space, struct region *region)
{
	vaddr_t addr = region->start;

	while (region && !region_remove_step(region)) {
		sched_preemption_point();
		region = own_region(space, addr);
	}
}

static void finish_filling(struct region *region)
{
	region->filler = NULL;
	region->state = REGION_WHOLE;
}

/* The rest of a long mapping: all of it, or none. */
static enum error fill_on(struct space *space, struct region *region, uint32_t perms)
{
	vaddr_t addr = region->start;
	enum error error = OK;

	space_hold(space);
	while (!error && region->mapped < region->pages) {
		sched_preemption_point();
		region = own_region(space, addr);
		if (!region || region->state != REGION_FILLING) { /* revoked, or the space ends */
			space_let_go(space);
			return ERR_GONE;
		}
		commit_begin();
		error = fill_step(region, perms);
		commit_end();
	}
	if (error)
		undo_fill(space, region);
	else
		finish_filling(region);
	space_let_go(space);
	return error;
}

static enum error map_region(struct space *space, const struct map_request *request, struct link *at)
{
	struct region *region = NULL;
	enum error error;

	commit_begin();
	error = region_new(space, request, at, &region);
	if (!error)
		error = fill_step(region, request->perms);
	if (error && region && !region_remove_step(region)) /* it undoes as much as a step does */
		panic("map: the first step can't be undone");
	if (!error && region->mapped == region->pages)
		finish_filling(region);
	commit_end();
	return error || region->state == REGION_WHOLE ? error : fill_on(space, region, request->perms);
}

static bool is_alike(const struct region *region, const struct map_request *request)
{
	return region->memory == request->memory && region->handle == request->handle && region->rights == request->rights &&
	       region->state == REGION_WHOLE;
}

/* The region that ends where one page is to be mapped, or begins behind it, if that page is its memory's next one: it grows, so
 * that a space which is filled page by page has few regions. NULL: none. */
static struct region *neighbour(struct space *space, struct link *at, const struct map_request *request)
{
	struct region *below = region_of(at->previous), *above = region_of(at);

	if (at->previous != &space->regions && region_end(below) == request->addr &&
	    below->offset_pages + below->pages == request->offset_pages && is_alike(below, request))
		return below;
	if (at != &space->regions && above->start == request->addr + PAGE_SIZE && above->offset_pages == request->offset_pages + 1 &&
	    is_alike(above, request))
		return above;
	return NULL;
}

/* By the page at addr, right behind it or right before it. */
static inline enum error grow(struct region *region, vaddr_t addr, uint32_t offset_pages, uint32_t perms)
{
	enum error error;

	commit_begin();
	error = map_pages(region->space, addr, memory_frame(region->memory, offset_pages), 1, perms);
	if (!error) {
		region->pages++;
		region->mapped++;
		region->space->mapped_pages++;
		if (region->start > addr) {
			region->start = addr;
			region->offset_pages = offset_pages;
		}
	}
	commit_end();
	return error;
}

static enum error check_request(const struct space *space, const struct map_request *request)
{
	const struct memory *memory = request->memory;

	if (space->is_closed)
		return ERR_GONE;
	if (request->offset_pages >= memory->pages || request->pages > memory->pages - request->offset_pages)
		return ERR_RANGE;
	if (request->perms & ~request->rights)
		return ERR_RIGHTS;
	if (memory->is_device && !arch_user_devices[memory->device].page)
		return ERR_UNSUPPORTED;
	return memory->sealings ? ERR_BUSY : OK;
}

enum error space_map_request(struct space *space, const struct map_request *request)
{
	enum error error = check_request(space, request);
	struct region *region;
	struct link *at;

	if (error)
		return error;
	at = region_first_behind(space, request->addr);
	if (at != &space->regions && region_of(at)->start < request->addr + (vaddr_t)request->pages * PAGE_SIZE)
		return ERR_DENIED;
	region = request->pages == 1 ? neighbour(space, at, request) : NULL;
	if (region) /* the device has one page only, so it isn't here */
		return grow(region, request->addr, request->offset_pages, request->perms);
	return map_region(space, request, at);
}

_Static_assert(MAP_READ == RIGHT_READ && MAP_WRITE == RIGHT_WRITE, "they are used as each other");

static __noinline enum error map_with(struct space *space, struct handle *handle, vaddr_t addr, uint32_t offset_pages,
                                      uint32_t pages, uint32_t perms)
{
	struct memory *memory = (struct memory *)handle->object;
	struct map_request request = {
		.memory = memory,
		.handle = handle,
		.rights = handle->rights & (MAP_READ | MAP_WRITE),
		.perms = perms,
		.addr = addr,
		.offset_pages = offset_pages,
		.pages = pages,
	};

	if ((request.rights & MAP_READ) && !memory->is_device)
		request.rights |= MAP_EXECUTE;
	return space_map_request(space, &request);
}

/* The commonest case, a pager's: one page more where the last search ended. Whatever isn't as it should be goes the long way. */
static inline bool is_next(const struct space *space, const struct region *below, const struct handle *handle, vaddr_t addr,
                           uint32_t offset_pages, uint32_t perms)
{
	const struct memory *memory = below->memory;
	const struct link *at = space->hint;

	return region_end(below) == addr && below->handle == handle &&
	       below->offset_pages + below->pages == offset_pages && offset_pages < memory->pages &&
	       (at == &space->regions || LINK_OWNER(at, struct region, of_space)->start > addr) && !(perms & ~(uint32_t)below->rights) &&
	       (below->rights & (MAP_READ | MAP_WRITE)) == (handle->rights & (MAP_READ | MAP_WRITE)) &&
	       below->state == REGION_WHOLE && !memory->sealings && !space->is_closed;
}

enum error space_map(struct space *space, struct handle *handle, vaddr_t addr, uint32_t offset_pages, uint32_t pages,
                     uint32_t perms)
{
	struct link *below = space->hint->previous;

	if (pages == 1 && below != &space->regions && is_next(space, region_of(below), handle, addr, offset_pages, perms))
		return grow(region_of(below), addr, offset_pages, perms);
	return map_with(space, handle, addr, offset_pages, pages, perms);
}

/* Before the first change of a long range: so that nothing has changed if it can't be done. What others change meanwhile each
 * step finds again. */
static enum error check_long(struct space *space, vaddr_t addr, vaddr_t end, uint32_t perms)
{
	for (;;) {
		enum error error = region_check_some(space, &addr, end, perms);

		if (error || addr == end)
			return error;
		sched_preemption_point();
	}
}

/* As many regions as are looked at in one go. */
static enum error mark_some(struct space *space, vaddr_t *from, vaddr_t end)
{
	vaddr_t addr = *from, until = addr;
	enum error error = region_check_some(space, &until, end, 0);
	struct link *at;

	if (!error)
		error = region_isolate(space, addr, until - addr);
	if (error)
		return error;
	for (at = region_first_behind(space, addr); at != &space->regions && region_of(at)->start < until; at = at->next)
		region_of(at)->state = REGION_GOING;
	*from = until;
	return OK;
}

static __noinline enum error unmap_long(struct space *space, vaddr_t addr, vaddr_t end)
{
	vaddr_t marked = addr;
	enum error error;

	space_hold(space);
	error = check_long(space, addr, end, 0);
	if (!error)
		error = region_isolate(space, addr, end - addr);
	while (!error && marked < end) {
		error = mark_some(space, &marked, end);
		if (marked < end)
			sched_preemption_point();
	}
	while (!region_remove_some(space, &addr, marked))
		sched_preemption_point();
	space_let_go(space);
	return error;
}

enum error space_unmap(struct space *space, vaddr_t addr, uint32_t pages)
{
	vaddr_t end = addr + (vaddr_t)pages * PAGE_SIZE, marked = addr;
	bool is_done = false;
	enum error error;

	if (pages > REGION_LOOKS)
		return unmap_long(space, addr, end);
	commit_begin();
	error = mark_some(space, &marked, end);
	if (!error)
		is_done = region_remove_some(space, &addr, end);
	commit_end();
	if (error || is_done)
		return error;
	space_hold(space);
	do {
		sched_preemption_point();
	} while (!region_remove_some(space, &addr, end));
	space_let_go(space);
	return OK;
}

static inline enum error protect_step(struct space *space, vaddr_t addr, uint32_t pages, uint32_t perms)
{
	enum error error;

	commit_begin();
	error = address_space_protect(&space->memory, addr, pages, perms);
	commit_end();
	return error;
}

static __noinline enum error protect_long(struct space *space, vaddr_t addr, vaddr_t end, uint32_t perms)
{
	enum error error;

	space_hold(space);
	error = check_long(space, addr, end, perms);
	while (!error && addr < end) {
		uint32_t count = (uint32_t)MIN((end - addr) >> PAGE_SHIFT, (uint64_t)REGION_STEP_PAGES);

		error = region_check(space, addr, (uint64_t)count * PAGE_SIZE, perms);
		if (!error)
			error = protect_step(space, addr, count, perms);
		addr += (vaddr_t)count * PAGE_SIZE;
		sched_preemption_point();
	}
	space_let_go(space);
	return error;
}

enum error space_protect(struct space *space, vaddr_t addr, uint32_t pages, uint32_t perms)
{
	enum error error;

	if (pages > REGION_STEP_PAGES)
		return protect_long(space, addr, addr + (vaddr_t)pages * PAGE_SIZE, perms);
	error = region_check(space, addr, (uint64_t)pages * PAGE_SIZE, perms);
	return error ? error : protect_step(space, addr, pages, perms);
}
