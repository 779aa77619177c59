/* SPDX-License-Identifier: MIT */
/*
 * kernel/system.h: the kernel itself as an object: who holds a handle may look (system_read), print (console_write) or order
 * (system_control). Big lock held.
 */
#ifndef AMBER_SYSTEM_OBJECT_H
#define AMBER_SYSTEM_OBJECT_H

#include <amber/panic.h>
#include <amber/system.h>

#include "object.h"

struct thread;

struct system {
	struct object object;
};

struct system *system_new(void); /* NULL: no memory */
bool system_destroy_step(struct object *object);

/* Something of this boot has failed: whatever happens, it doesn't end with the status ok. */
void system_note_failure(void);
enum exit_status system_exit_status(void); /* of a power-off by order */

/* --- system_read: one record ---------------------------------------------------------------------------------------
 * A reader looks at `cursor` and behind it, and says where to go on. It takes at most 20,000 instructions; what needs more is
 * done in steps: has_record = false with a `next`, between which others run. */
struct system_reading {
	uint64_t of, cursor; /* cursor 0: at the beginning */
	uint64_t next;       /* 0 before; 0 behind: that was all */
	bool has_record;     /* false before */
	void *record;        /* cleared; the caller's record where the kind takes one (SYSTEM_SYMBOL) */
	uint64_t kept[6];    /* the reader's own, from step to step of one record; 0 at first */
};
typedef enum error (*system_reader)(struct system_reading *reading);

enum error system_read_threads(struct system_reading *reading);    /* kernel/system_threads.c */
enum error system_read_counts(struct system_reading *reading);     /* kernel/system_counts.c */
enum error system_read_seal(struct system_reading *reading);       /* the same */
enum error system_read_sealed(struct system_reading *reading);     /* kernel/system_sealed.c */
enum error system_read_symbol(struct system_reading *reading);     /* the same */
enum error system_read_violations(struct system_reading *reading); /* kernel/system_violations.c */
enum error system_read_programs(struct system_reading *reading);   /* kernel/system_programs.c */

enum error system_read_roots(struct system_reading *reading);      /* kernel/system_maps.c, the next one too */
enum error system_read_mappings(struct system_reading *reading);   /* ERR_NOT_FOUND: `of` is no root */

/* kernel/system_threads.c: it is about to end; exit_code is set, it still has its space. */
void system_thread_ends(struct thread *thread);
struct thread *system_thread_by_id(uint64_t id); /* a living one, or NULL */
enum system_thread_state system_thread_state(const struct thread *thread);

#endif
