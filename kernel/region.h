/* SPDX-License-Identifier: MIT */
/*
 * kernel/region.h: the book-keeping of mappings (struct region in kernel/space.h): by address in their space, by memory object,
 * by the handle that can revoke them. For handles, spaces and what kernel/mapping.c and kernel/map_seal.c do. Big lock held.
 */
#ifndef AMBER_REGION_H
#define AMBER_REGION_H

#include "space.h"

#define REGIONS_MAX       1024 /* in one space: a search among them is bounded */
#define REGION_STEP_PAGES 64   /* that are mapped or unmapped in one go */
#define REGION_LOOKS      64   /* regions that are looked at in one go */

static inline struct region *region_of(struct link *of_space)
{
	return LINK_OWNER(of_space, struct region, of_space);
}

static inline vaddr_t region_end(const struct region *region)
{
	return region->start + (vaddr_t)region->pages * PAGE_SIZE;
}

struct link *region_search(struct space *space, vaddr_t addr); /* the slow half of the next */

/* The first region that ends behind addr, or the list's head. Most calls go on where the one before was. */
static inline struct link *region_first_behind(struct space *space, vaddr_t addr)
{
	struct link *head = &space->regions, *at = space->hint;

	if ((at == head || region_end(region_of(at)) > addr) && (at->previous == head || region_end(region_of(at->previous)) <= addr))
		return at;
	return region_search(space, addr);
}

/* A region with no page mapped yet, FILLING, before `at` in the space's list. ERR_FULL, ERR_NO_MEMORY. */
enum error region_new(struct space *space, const struct map_request *request, struct link *at,
                      struct region **region) __must_check;
/* Are there regions over all of [*from, end), which allow perms and may be changed? Looks at up to REGION_LOOKS of them; *from is
 * how far. ERR_NOT_MAPPED, ERR_SEALED, ERR_BUSY, ERR_RIGHTS; ERR_GONE: the space is ending. */
enum error region_check_some(struct space *space, vaddr_t *from, vaddr_t end, uint32_t perms) __must_check;
/* The same for a range of at most REGION_LOOKS pages. */
enum error region_check(struct space *space, vaddr_t addr, uint64_t bytes, uint32_t perms) __must_check;
/* Splits what lies across the ends of the range. ERR_FULL, ERR_NO_MEMORY; ERR_SEALED, ERR_BUSY: it may not be split. */
enum error region_isolate(struct space *space, vaddr_t addr, uint64_t bytes) __must_check;
void region_set_handle(struct region *region, struct handle *handle); /* who can revoke it from now on; NULL: nobody */
/* Unmaps up to REGION_STEP_PAGES pages, the last first, and frees the region with the first one; true = it is gone. */
bool region_remove_step(struct region *region) __must_check;
/* A bounded part of what is GOING in [*from, end); *from moves along; true = nothing of that is left. */
bool region_remove_some(struct space *space, vaddr_t *from, vaddr_t end) __must_check;
/* A step of the removal where a handle is revoked; a sealed one is only let go, one that is being sealed goes if that fails. */
void region_revoke(struct region *region);
uint64_t region_pool_pages(void); /* for leak checks */

#endif
