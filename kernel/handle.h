/* SPDX-License-Identifier: MIT */
/*
 * kernel/handle.h: a space's table of handles. A handle is a reference to an object with rights and a badge; it knows which
 * handle it was made from, so that revoking finds all descendants. Big lock held.
 */
#ifndef AMBER_HANDLE_H
#define AMBER_HANDLE_H

#include <amber/abi.h>
#include <amber/annotate.h>
#include <amber/error.h>

#include "object.h"

struct handle {
	struct object *object;   /* NULL = free entry */
	uint64_t value;          /* what user mode calls it: uses << HANDLE_INDEX_BITS | index; of the next use while free */
	uint64_t badge;
	uint32_t rights;
	struct handle *parent;   /* made from that one, NULL = first */
	struct link siblings;    /* in the parent's children */
	struct link children;
	struct link regions;     /* mappings made with it, or with one made from it that was closed (space.h: region.of_handle) */
	struct handle_table *table;
};

#define HANDLE_PAGE_ENTRIES 32 /* a power of two: every call divides by it */
#define HANDLE_PAGES        (HANDLES_MAX / HANDLE_PAGE_ENTRIES)

/* All 0: an empty one. */
struct handle_table {
	struct handle *pages[HANDLE_PAGES]; /* made when needed, from the first on */
	uint32_t pages_made;
	uint32_t used;
	uint32_t low;                       /* no entry is free in the words of `taken` below this one */
	uint64_t taken[HANDLES_MAX / 64];   /* a bit for each entry */
};

/* The entry behind a number from user mode; the error says what is wrong. type OBJECT_NONE: any. Inline: every call does it. */
static inline enum error handle_look_up(struct handle_table *table, uint64_t number, enum object_type type, uint32_t rights,
                                        struct handle **result)
{
	uint32_t index = number & (HANDLES_MAX - 1);
	struct handle *page = table->pages[index / HANDLE_PAGE_ENTRIES], *handle;

	if (__builtin_expect(!page, 0))
		return ERR_HANDLE;
	handle = &page[index % HANDLE_PAGE_ENTRIES];
	if (__builtin_expect(handle->value != number || !handle->object, 0))
		return ERR_HANDLE;
	if (__builtin_expect(type != OBJECT_NONE && handle->object->type != type, 0))
		return ERR_TYPE;
	if (__builtin_expect((handle->rights & rights) != rights, 0))
		return ERR_RIGHTS;
	*result = handle;
	return OK;
}

/* A space's handle to itself doesn't keep it alive: nobody could ever close that one. */
bool handle_counts(const struct handle_table *table, const struct object *object);
/* It can't be copied any more: a space's handle to itself, with which its last threads still run when nobody else has one. */
static inline bool handle_is_dead(const struct handle *handle)
{
	return handle->object->is_dead;
}
/* Makes sure that the next `count` (at most 8) handle_insert calls on this table succeed. ERR_FULL, ERR_NO_MEMORY. */
enum error handle_prepare(struct handle_table *table, unsigned count) __must_check;
/* Cannot fail after handle_prepare: the lowest free index. parent: the handle it is made from, or NULL. */
struct handle *handle_insert(struct handle_table *table, struct object *object, uint32_t rights, uint64_t badge,
                             struct handle *parent);
/* One entry; its children and the mappings made with it become its parent's; who waits with it hears ERR_GONE. The object may
 * start dying. As long as it has children; where there may be many: handle_close_step, true = it is closed. */
void handle_close(struct handle *handle);
bool handle_close_step(struct handle *handle) __must_check;
/* Closes some descendants of `handle` and unmaps what was mapped with them and with itself, but for what is sealed; false =
 * nothing of that is left. Bounded; the children of what is closed come up one level, so the tree's depth costs nothing. */
bool handle_revoke_step(struct handle *handle) __must_check;
/* Closes up to `budget` handles of a table; true = it is empty and its pages are freed. Nothing may be inserted any more, and
 * nobody waits with one of them: no thread is left. */
bool handle_table_destroy_step(struct handle_table *table, unsigned budget) __must_check;
uint64_t handle_pages(void); /* pages of all tables, for leak checks */

#endif
