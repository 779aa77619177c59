/* SPDX-License-Identifier: MIT */
/*
 * kernel/region.c: the regions of a space: finding, making, splitting, removing them. A search begins where the last one ended.
 * Big lock held.
 */
#include "region.h"

#include <amber/panic.h>

#include "pool.h"

#define PAGES_PER_REGION 16 /* that could be unmapped instead of what each region costs */

static struct pool pool = POOL_INIT(pool, sizeof(struct region));

struct link *region_search(struct space *space, vaddr_t addr)
{
	struct link *head = &space->regions, *at = space->hint;

	while (at->previous != head && region_end(region_of(at->previous)) > addr)
		at = at->previous;
	while (at != head && region_end(region_of(at)) <= addr)
		at = at->next;
	space->hint = at;
	return at;
}

/* Into all its lists; holds the memory. */
static void insert(struct region *region, struct link *at)
{
	list_insert_before(at, &region->of_space);
	list_append(&region->memory->regions, &region->of_memory);
	list_init(&region->of_handle);
	if (region->handle)
		list_append(&region->handle->regions, &region->of_handle);
	object_hold(&region->memory->object);
	region->space->region_count++;
}

enum error region_new(struct space *space, const struct map_request *request, struct link *at, struct region **result)
{
	struct region *region;

	if (space->region_count >= REGIONS_MAX)
		return ERR_FULL;
	region = pool_alloc(&pool);
	if (!region)
		return ERR_NO_MEMORY;
	region->space = space;
	region->memory = request->memory;
	region->handle = request->handle;
	region->start = request->addr;
	region->offset_pages = request->offset_pages;
	region->pages = request->pages;
	region->rights = (uint8_t)request->rights;
	region->state = REGION_FILLING;
	region->filler = thread_current();
	insert(region, at);
	*result = region;
	return OK;
}

static void free_region(struct region *region)
{
	struct space *space = region->space;

	if (space->hint == &region->of_space)
		space->hint = region->of_space.next;
	list_remove(&region->of_space);
	list_remove(&region->of_memory);
	list_remove(&region->of_handle);
	space->region_count--;
	object_let_go(&region->memory->object);
	pool_free(&pool, region);
}

static enum error check_one(const struct region *region, uint32_t perms)
{
	if (region->state != REGION_WHOLE)
		return region->state == REGION_SEALED ? ERR_SEALED : ERR_BUSY;
	return perms & ~(uint32_t)region->rights ? ERR_RIGHTS : OK;
}

__noinline enum error region_check_some(struct space *space, vaddr_t *from, vaddr_t end, uint32_t perms)
{
	struct link *at = region_first_behind(space, *from);
	vaddr_t addr = *from;

	if (space->is_ending)
		return ERR_GONE;
	for (unsigned i = 0; i < REGION_LOOKS && addr < end; i++, at = at->next) {
		enum error error;

		if (at == &space->regions || region_of(at)->start > addr)
			return ERR_NOT_MAPPED;
		error = check_one(region_of(at), perms);
		if (error)
			return error;
		addr = region_end(region_of(at));
	}
	*from = MIN(addr, end);
	return OK;
}

enum error region_check(struct space *space, vaddr_t addr, uint64_t bytes, uint32_t perms)
{
	const struct link *at = region_first_behind(space, addr);
	const struct region *region = LINK_OWNER(at, const struct region, of_space);

	if (at != &space->regions && region->start <= addr && region_end(region) >= addr + bytes && !space->is_ending)
		return check_one(region, perms);
	return region_check_some(space, &addr, addr + bytes, perms);
}

/* The pages from `keep` on become the fresh one's. It is whole. */
static void split(struct region *region, uint32_t keep, struct region *fresh)
{
	*fresh = *region;
	fresh->start += (vaddr_t)keep * PAGE_SIZE;
	fresh->offset_pages += keep;
	fresh->pages = fresh->mapped = region->pages - keep;
	region->pages = region->mapped = keep;
	insert(fresh, region->of_space.next);
}

static enum error cut(struct space *space, vaddr_t addr)
{
	struct link *at = region_first_behind(space, addr);
	struct region *region = region_of(at), *fresh;
	enum error error;

	if (at == &space->regions || region->start >= addr)
		return OK;
	error = check_one(region, 0);
	if (!error && space->region_count >= REGIONS_MAX)
		error = ERR_FULL;
	if (error)
		return error;
	fresh = pool_alloc(&pool);
	if (!fresh)
		return ERR_NO_MEMORY;
	split(region, (uint32_t)((addr - region->start) >> PAGE_SHIFT), fresh);
	return OK;
}

/* If the second cut fails, the first one does no harm. */
enum error region_isolate(struct space *space, vaddr_t addr, uint64_t bytes)
{
	enum error error = cut(space, addr + bytes);

	return error ? error : cut(space, addr);
}

void region_set_handle(struct region *region, struct handle *handle)
{
	list_remove(&region->of_handle);
	region->handle = handle;
	if (handle)
		list_append(&handle->regions, &region->of_handle);
}

bool region_remove_step(struct region *region)
{
	struct space *space = region->space;
	uint32_t count = MIN(region->mapped, (uint32_t)REGION_STEP_PAGES);

	if (region->state == REGION_SEALING)
		region->memory->sealings--;
	region->state = REGION_GOING;
	region->mapped -= count;
	if (count && address_space_unmap(&space->memory, region->start + (vaddr_t)region->mapped * PAGE_SIZE, count))
		panic("space '%s': what is mapped at 0x%zx can't be removed", space->name, (size_t)region->start);
	space->mapped_pages -= count;
	if (region->mapped)
		return false;
	free_region(region);
	return true;
}

/* The next region in the range that is to be removed; NULL: none. Where one has gone another may have been mapped since. */
static struct region *going_region(struct space *space, vaddr_t from, vaddr_t end)
{
	struct link *at = region_first_behind(space, from);

	while (at != &space->regions && region_of(at)->start < end && region_of(at)->state != REGION_GOING)
		at = at->next;
	return at != &space->regions && region_of(at)->start < end ? region_of(at) : NULL;
}

bool region_remove_some(struct space *space, vaddr_t *from, vaddr_t end)
{
	uint32_t pages = 0;

	while (pages < REGION_STEP_PAGES) {
		struct region *region = going_region(space, *from, end);

		if (!region)
			return true;
		*from = region->start;
		pages += region->mapped + PAGES_PER_REGION;
		if (!region_remove_step(region))
			return false;
	}
	return !going_region(space, *from, end);
}

void region_revoke(struct region *region)
{
	if (region->state >= REGION_SEALING) {
		region->is_revoked = true;
		region_set_handle(region, NULL);
	} else {
		bool is_gone = region_remove_step(region);

		(void)is_gone; /* the caller looks for the next one anyhow */
	}
}

uint64_t region_pool_pages(void)
{
	return pool.pages;
}
