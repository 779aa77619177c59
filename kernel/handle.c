/* SPDX-License-Identifier: MIT */
/*
 * kernel/handle.c: tables of handles, and the tree that says which handle was made from which. An entry's number counts its
 * uses, so a stale number is refused. Nothing walks the tree downwards: whoever is closed hands its children to its parent.
 * Big lock held.
 */
#include "handle.h"

#include <amber/panic.h>
#include <amber/string.h>

#include "frame.h"
#include "ipc.h"
#include "phys.h"
#include "region.h"
#include "space.h"

#define REVOKE_COST 16 /* of a budget: all who wait at its object are looked at */
#define STEP_BUDGET 32 /* children that move up, or handles that are closed */

static uint64_t page_count;

static enum error add_page(struct handle_table *table)
{
	uint32_t first = table->pages_made * HANDLE_PAGE_ENTRIES;
	struct handle *page;
	paddr_t frame;

	if (table->pages_made == HANDLE_PAGES)
		return ERR_FULL;
	if (phys_alloc(1, &frame))
		return ERR_NO_MEMORY;
	page = phys_to_virt(frame);
	memset(page, 0, PAGE_SIZE);
	for (uint32_t i = 0; i < HANDLE_PAGE_ENTRIES; i++)
		page[i].value = first + i;
	table->taken[0] |= 1; /* number 0 is no handle */
	table->pages[table->pages_made++] = page;
	page_count++;
	return OK;
}

/* How many entries of the pages that there are can be used. */
static uint32_t room(const struct handle_table *table)
{
	uint32_t entries = MIN(table->pages_made * HANDLE_PAGE_ENTRIES, HANDLES_MAX);

	return entries ? entries - 1 - table->used : 0;
}

enum error handle_prepare(struct handle_table *table, unsigned count)
{
	while (room(table) < count) {
		enum error error = add_page(table);

		if (error)
			return error;
	}
	return OK;
}

/* Pages are made in order, so the lowest free entry has one as long as there is room. */
static struct handle *take_lowest(struct handle_table *table)
{
	uint32_t index;

	while (!~table->taken[table->low])
		table->low++;
	index = table->low * 64 + (uint32_t)__builtin_ctzll(~table->taken[table->low]);
	table->taken[table->low] |= 1ull << (index % 64);
	table->used++;
	return &table->pages[index / HANDLE_PAGE_ENTRIES][index % HANDLE_PAGE_ENTRIES];
}

static bool receives(const struct object *object, uint32_t rights)
{
	return object->type == OBJECT_ENDPOINT && (rights & RIGHT_RECEIVE);
}

bool handle_counts(const struct handle_table *table, const struct object *object)
{
	return (const char *)object != (const char *)table - offsetof(struct space, handles) + offsetof(struct space, object);
}

struct handle *handle_insert(struct handle_table *table, struct object *object, uint32_t rights, uint64_t badge,
                             struct handle *parent)
{
	struct handle *handle;

	ASSERT(room(table) && !object->is_dead);
	handle = take_lowest(table);
	handle->object = object;
	handle->rights = rights;
	handle->badge = badge;
	handle->table = table;
	handle->parent = parent;
	list_init(&handle->siblings);
	list_init(&handle->children);
	list_init(&handle->regions);
	if (parent)
		list_append(&parent->children, &handle->siblings);
	if (handle_counts(table, object))
		object_handle_added(object);
	if (receives(object, rights))
		endpoint_receiver_added((struct endpoint *)object);
	return handle;
}

/* Moves up to `budget` children and mappings to its heir (NULL: nobody); returns what is left of the budget. What is being
 * removed goes on going: it may be that this handle was being revoked, and nobody will finish that. */
static unsigned bequeath(struct handle *handle, struct handle *heir, unsigned budget)
{
	for (; budget && !list_is_empty(&handle->children); budget--) {
		struct handle *child = LINK_OWNER(handle->children.next, struct handle, siblings);

		list_remove(&child->siblings);
		child->parent = heir;
		if (heir)
			list_append(&heir->children, &child->siblings);
	}
	for (; budget && !list_is_empty(&handle->regions); budget--) {
		struct region *region = LINK_OWNER(handle->regions.next, struct region, of_handle);

		if (region->state == REGION_GOING) {
			region_revoke(region);
			return 0;
		}
		region_set_handle(region, heir);
	}
	return budget;
}

/* It has neither children nor mappings. */
static void close_childless(struct handle *handle)
{
	struct handle_table *table = handle->table;
	struct object *object = handle->object;
	uint32_t index = handle->value % HANDLES_MAX;

	list_remove(&handle->siblings);
	handle->object = NULL;
	handle->value += HANDLES_MAX;
	table->taken[index / 64] &= ~(1ull << (index % 64));
	table->low = MIN(table->low, index / 64);
	table->used--;
	if (receives(object, handle->rights))
		endpoint_receiver_gone((struct endpoint *)object);
	if (handle_counts(table, object))
		object_handle_gone(object);
}

/* Closed or revoked: nothing can be done with it from here on, and whoever waits with it doesn't any more. (Else he would hear
 * what comes when revoking finds the handle no more.) True = done. */
static bool disarm(struct handle *handle)
{
	bool received = receives(handle->object, handle->rights);

	handle->rights = 0;
	if (received)
		endpoint_receiver_gone((struct endpoint *)handle->object);
	return ipc_fail_users_step(handle);
}

bool handle_close_step(struct handle *handle)
{
	if (!bequeath(handle, handle->parent, STEP_BUDGET) || !disarm(handle))
		return false;
	close_childless(handle);
	return true;
}

void handle_close(struct handle *handle)
{
	while (!handle_close_step(handle))
		;
}

bool handle_revoke_step(struct handle *handle)
{
	unsigned budget = STEP_BUDGET;

	while (budget) {
		struct handle *child;

		if (!list_is_empty(&handle->regions)) {
			region_revoke(LINK_OWNER(handle->regions.next, struct region, of_handle));
			return true;
		}
		if (list_is_empty(&handle->children))
			return false;
		child = LINK_OWNER(handle->children.next, struct handle, siblings);
		budget = bequeath(child, handle, budget);
		if (budget) {
			if (!disarm(child))
				return true;
			close_childless(child);
			budget -= MIN(budget, REVOKE_COST);
		}
	}
	return true;
}

static struct handle *first_used(const struct handle_table *table)
{
	unsigned word = 0;
	uint64_t taken = table->taken[0] & ~1ull;
	uint32_t index;

	while (!taken)
		taken = table->taken[++word];
	index = word * 64 + (uint32_t)__builtin_ctzll(taken);
	return &table->pages[index / HANDLE_PAGE_ENTRIES][index % HANDLE_PAGE_ENTRIES];
}

bool handle_table_destroy_step(struct handle_table *table, unsigned budget)
{
	while (table->used && budget) {
		struct handle *handle = first_used(table);

		budget = bequeath(handle, handle->parent, budget);
		if (budget) {
			close_childless(handle);
			budget--;
		}
	}
	if (table->used)
		return false;
	for (; table->pages_made; page_count--)
		phys_free((vaddr_t)table->pages[--table->pages_made] - DIRECT_MAP_BASE, 1);
	*table = (struct handle_table){ 0 };
	return true;
}

uint64_t handle_pages(void)
{
	return page_count;
}
