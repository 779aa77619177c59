/* SPDX-License-Identifier: MIT */
/*
 * kernel/object.c: making kernel objects and taking them apart. Nothing recurses: what dies with an object goes onto the same
 * list, which is worked off step by step. Big lock held.
 */
#include "object.h"

#include <amber/panic.h>

#include "ipc.h"
#include "irq_object.h"
#include "lab_device.h"
#include "pool.h"
#include "sched.h"
#include "space.h"
#include "system.h"
#include "thread.h"

static const struct object_kind kinds[OBJECT_TYPES] = {
	[OBJECT_THREAD] = { "thread", sizeof(struct thread), thread_destroy_step },
	[OBJECT_SPACE] = { "space", sizeof(struct space), space_destroy_step },
	[OBJECT_ENDPOINT] = { "endpoint", sizeof(struct endpoint), endpoint_destroy_step },
	[OBJECT_NOTIFICATION] = { "notification", sizeof(struct notification), notification_destroy_step },
	[OBJECT_MEMORY] = { "memory", sizeof(struct memory), memory_destroy_step },
	[OBJECT_IRQ] = { "irq", sizeof(struct irq), irq_destroy_step },
	[OBJECT_REPLY] = { "reply", sizeof(struct reply), reply_destroy_step },
	[OBJECT_LAB] = { "lab", sizeof(struct lab_device), lab_destroy_step },
	[OBJECT_SYSTEM] = { "system", sizeof(struct system), system_destroy_step },
};

#define OBJECT_POOL(type, structure) [type] = POOL_INIT(pools[type], sizeof(structure))
static struct pool pools[OBJECT_TYPES] = {
	OBJECT_POOL(OBJECT_THREAD, struct thread),
	OBJECT_POOL(OBJECT_SPACE, struct space),
	OBJECT_POOL(OBJECT_ENDPOINT, struct endpoint),
	OBJECT_POOL(OBJECT_NOTIFICATION, struct notification),
	OBJECT_POOL(OBJECT_MEMORY, struct memory),
	OBJECT_POOL(OBJECT_IRQ, struct irq),
	OBJECT_POOL(OBJECT_REPLY, struct reply),
	OBJECT_POOL(OBJECT_LAB, struct lab_device),
	OBJECT_POOL(OBJECT_SYSTEM, struct system),
};
static struct link dying = { &dying, &dying };

const char *object_type_text(enum object_type type)
{
	return type > OBJECT_NONE && type < OBJECT_TYPES ? kinds[type].name : "none";
}

void *object_new(enum object_type type)
{
	struct object *object = pool_alloc(&pools[type]);

	if (!object)
		return NULL;
	object->type = type;
	list_init(&object->dying);
	return object;
}

void object_discard(struct object *object)
{
	ASSERT(!object->handles && !object->refs);
	pool_free(&pools[object->type], object);
}

static void die(struct object *object)
{
	object->is_dead = true;
	list_append(&dying, &object->dying);
}

void object_let_go(struct object *object)
{
	ASSERT(object->refs);
	if (--object->refs == 0 && object->handles == 0 && !object->is_dead)
		die(object);
}

void object_handle_gone(struct object *object)
{
	ASSERT(object->handles);
	if (--object->handles == 0 && object->refs == 0 && !object->is_dead)
		die(object);
}

void object_requeue(struct object *object)
{
	if (!object->is_dead || !object->is_waiting)
		return;
	object->is_waiting = false;
	list_append(&dying, &object->dying);
}

/* It is held, so it can't die meanwhile. */
void object_has_work(struct object *object)
{
	if (object->is_dead || object->has_work)
		return;
	object->has_work = true;
	object_hold(object);
	list_append(&dying, &object->dying);
}

bool object_reap_is_due(void)
{
	return !list_is_empty(&dying);
}

/* All its steps are done. */
static void finish(struct object *object)
{
	if (object->has_work) {
		object->has_work = false;
		object_let_go(object);
	} else if (!object->is_waiting) {
		object_discard(object);
	}
}

/* Between two steps it is on the list: should this thread not run for long, somebody else goes on. */
static void take_apart(struct object *object)
{
	list_remove(&object->dying);
	if (kinds[object->type].destroy_step(object))
		finish(object);
	else
		list_insert_before(dying.next, &object->dying);
}

/* The idle thread isn't preempted: it gives way by itself. */
static bool is_wanted(void)
{
	return !list_is_empty(&dying) && !(thread_current()->is_idle && sched_ready[this_cpu()->id]);
}

void object_reap(void)
{
	while (!list_is_empty(&dying)) {
		sched_preemption_point(); /* what made it die may have been long */
		if (!is_wanted())
			return;
		take_apart(LINK_OWNER(dying.next, struct object, dying));
	}
}

uint64_t object_count(enum object_type type)
{
	return pools[type].used;
}

uint64_t object_pool_pages(void)
{
	uint64_t pages = 0;

	for (unsigned type = 0; type < OBJECT_TYPES; type++)
		pages += pools[type].pages;
	return pages;
}
