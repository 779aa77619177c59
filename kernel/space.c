/* SPDX-License-Identifier: MIT */
/*
 * kernel/space.c: spaces from their making to their end. A space ends with its last thread (those that were never started
 * don't count): handles, mappings and tables go, step by step; its struct goes with its last handle, which kills what still runs
 * in it. Big lock held, process context.
 */
#include "space.h"

#include <amber/panic.h>
#include <amber/string.h>

#include "ipc.h"
#include "region.h"

#define KILLS_AT_ONCE   8
#define HANDLES_AT_ONCE 16
#define TABLES_AT_ONCE  2

struct link all_spaces = { &all_spaces, &all_spaces };
static uint64_t last_number;

enum error space_new(struct endpoint *pager, uint64_t pager_badge, struct space **result)
{
	struct space *space = object_new(OBJECT_SPACE);
	enum error error;

	if (!space)
		return ERR_NO_MEMORY;
	error = address_space_create(&space->memory);
	if (error) {
		object_discard(&space->object);
		return error;
	}
	list_init(&space->threads);
	list_init(&space->regions);
	space->hint = &space->regions;
	space->pager = pager;
	space->pager_badge = pager_badge;
	if (pager)
		object_hold(&pager->object);
	copy_text(space->name, sizeof(space->name), "space");
	list_append(&all_spaces, &space->all);
	space->number = ++last_number;
	*result = space;
	return OK;
}

void space_hold(struct space *space)
{
	object_hold(&space->object);
}

/* If it died meanwhile, its destruction waits for this. */
void space_let_go(struct space *space)
{
	object_let_go(&space->object);
	object_requeue(&space->object);
}

/* No CPU can load it from here on. */
static void begin_to_end(struct space *space)
{
	space->is_ending = true;
	address_space_kill(&space->memory);
}

bool space_end_step(struct space *space)
{
	if (space->is_ended)
		return true;
	if (!space->is_ending)
		begin_to_end(space);
	if (space->handles.pages_made && !handle_table_destroy_step(&space->handles, HANDLES_AT_ONCE))
		return false;
	if (!list_is_empty(&space->regions)) {
		bool is_gone = region_remove_step(region_of(space->regions.next));

		(void)is_gone; /* the next step finds out */
		return false;
	}
	if (!address_space_free_step(&space->memory, TABLES_AT_ONCE))
		return false;
	if (space->pager)
		object_let_go(&space->pager->object);
	space->pager = NULL;
	trace_space(space, false);
	space->is_ended = true;
	return true;
}

/* True: all of its threads are killed. The list is turned once; new ones can't come any more. */
static bool kill_some(struct space *space, enum exit_reason reason)
{
	if (!space->is_dying)
		space->to_kill = space->thread_count;
	space->is_dying = true;
	for (unsigned i = 0; i < KILLS_AT_ONCE && space->to_kill && !list_is_empty(&space->threads); i++, space->to_kill--) {
		struct thread *thread = LINK_OWNER(space->threads.next, struct thread, of_space);

		list_remove(&thread->of_space);
		list_append(&space->threads, &thread->of_space);
		thread_kill(thread, reason);
	}
	return !space->to_kill || list_is_empty(&space->threads);
}

bool space_kill_threads_step(struct space *space)
{
	return kill_some(space, EXIT_REASON_NO_HANDLE);
}

bool space_kill_step(struct space *space)
{
	if (!kill_some(space, EXIT_REASON_KILLED))
		return false;
	return space->thread_count || space_end_step(space);
}

bool space_destroy_step(struct object *object)
{
	struct space *space = (struct space *)object;

	if (!kill_some(space, EXIT_REASON_NO_HANDLE))
		return false;
	if (space->thread_count || object->refs) { /* the last to leave requeues it */
		object->is_waiting = true;
		return true;
	}
	if (!space_end_step(space))
		return false;
	list_remove(&space->all);
	return true;
}
