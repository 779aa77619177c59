/* SPDX-License-Identifier: MIT */
/*
 * kernel/object.h: what all kernel objects have in common: a type, how many handles and other objects hold them, and how they
 * die. An object dies with its last handle (a mapping holds its memory, too): it goes onto the dying list, and object_reap
 * takes it apart in bounded steps. Big lock held everywhere.
 */
#ifndef AMBER_OBJECT_H
#define AMBER_OBJECT_H

#include <amber/abi.h>
#include <amber/annotate.h>
#include <amber/error.h>

#include "list.h"

struct object {
	uint8_t type;      /* enum object_type */
	bool is_dead;      /* the last handle and reference are gone */
	bool is_waiting;   /* set by destroy_step with `true`: not finished, object_requeue continues */
	bool has_work;     /* alive and on the dying list: object_has_work */
	uint32_t handles;  /* in tables */
	uint32_t refs;     /* from other objects that need it alive: a region its memory, a space its pager */
	uint32_t found;    /* kernel/objects_check.c: handles that a walk found */
	struct link dying; /* on the dying list */
};

/* How a type of object lives; one row per type, in kernel/object.c. */
struct object_kind {
	const char *name;
	uint16_t bytes;
	/* One bounded step of taking it apart (at most a few thousand instructions); true = nothing is left to do, or nothing
	 * before object_requeue (is_waiting). */
	bool (*destroy_step)(struct object *object);
};

/* Cleared memory for an object of that type: handles 0, refs 0. NULL: out of memory. */
void *object_new(enum object_type type);
/* A new object that nobody got a handle to: freed at once. */
void object_discard(struct object *object);

static inline void object_hold(struct object *object)
{
	object->refs++;
}
static inline void object_handle_added(struct object *object)
{
	object->handles++;
}
/* The last of both: onto the dying list. */
void object_let_go(struct object *object);
void object_handle_gone(struct object *object);
void object_requeue(struct object *object);        /* a dead one that waited goes on dying */
/* A living one has to do what destroy_step does, and stays: object_reap does it in steps. */
void object_has_work(struct object *object);
/* Takes dying objects apart until none is left, with preemption points in between (kernel/sched.h); whoever made objects die
 * calls it at the end of its work, and the idle loop. What the caller looked up before is stale afterwards. */
void object_reap(void);
bool object_reap_is_due(void);
uint64_t object_count(enum object_type type);       /* that exist, dying ones included */
uint64_t object_pool_pages(void);
const char *object_type_text(enum object_type type);

#endif
