/* SPDX-License-Identifier: MIT */
/*
 * kernel/space.h: spaces (address space, handles, threads), memory objects, and the regions that map one in the other. Big lock
 * held.
 */
#ifndef AMBER_SPACE_H
#define AMBER_SPACE_H

#include "address_space.h"
#include "handle.h"
#include "object.h"
#include "thread.h"

#define PROGRAM_NAME_MAX 32

struct space {
	struct object object;
	struct address_space memory;
	struct handle_table handles;
	struct link threads;          /* struct thread.of_space */
	uint32_t thread_count;
	uint32_t to_kill;             /* threads that its destruction has to kill yet */
	uint32_t started_count;       /* of them: those that were started */
	bool is_started;              /* one of them was */
	bool is_loading;              /* space_load is under way */
	union {
		struct {
			bool is_dying;        /* its threads are killed */
			bool is_ending;       /* there are none any more, and what it had goes */
		};
		uint16_t is_closed;           /* any of the two: nothing may be added any more: threads, handles, mappings */
	};
	bool is_traced;               /* its calls are printed: kernel/trace.c */
	bool is_ended;                /* … and all that it had is gone; only its struct is left */
	struct endpoint *pager;       /* NULL: a fault kills */
	uint64_t pager_badge;
	struct link regions;          /* struct region.of_space, by address */
	struct link *hint;            /* one of them or the list's head: where the last search ended */
	uint32_t region_count;
	uint64_t mapped_pages;        /* by regions */
	uint64_t exit_code;           /* of the last thread that ran */
	struct thread *waiter;        /* a kernel thread that waits for its end: thread_wait_for_space */
	struct link all;              /* in all_spaces */
	uint64_t number;              /* no other space of this boot has it */
	char name[PROGRAM_NAME_MAX];
};
extern struct link all_spaces;        /* kernel/space.c */

/* Frames of a memory object: pages of 512 addresses. */
struct memory {
	struct object object;
	bool is_device;               /* its one page is that of … */
	uint8_t device;               /* … this one: enum user_device */
	uint32_t pages;
	uint32_t filled;              /* frames that there are: all of them once it is made */
	uint32_t sealings;            /* regions of it that are being sealed: no other mapping may be made */
	uint64_t *frames[64];         /* frames[i][j]: page 512 i + j */
	struct link regions;          /* struct region.of_memory */
};

enum region_state {
	REGION_WHOLE,   /* all of it is mapped, and it may be changed */
	REGION_FILLING, /* by its filler, step by step */
	REGION_GOING,   /* being removed */
	REGION_SEALING, /* page by page; it may yet be refused, and then it is WHOLE again */
	REGION_SEALED,  /* all of it: sealing a part splits the region */
};

/* A run of pages of one memory object in one space. */
struct region {
	struct link of_space, of_memory, of_handle;
	struct space *space;
	struct memory *memory;        /* held by a reference */
	struct handle *handle;        /* made with it, or its ancestor once that was closed; NULL: nobody can revoke it */
	vaddr_t start;
	uint32_t offset_pages, pages;
	uint32_t mapped;              /* pages that are, from the first on: fewer while it is filled or removed */
	uint8_t rights;               /* MAP_… that the handle allowed */
	uint8_t state;                /* enum region_state */
	bool is_revoked;              /* SEALING: it goes if it can't be sealed */
	struct thread *filler;        /* who maps it while it is FILLING */
};

/* What a mapping is made of: rights are MAP_…, of the handle that it is made with (NULL: none; the kernel's own). */
struct map_request {
	struct memory *memory;
	struct handle *handle;
	uint32_t rights, perms;
	vaddr_t addr;
	uint32_t offset_pages, pages;
};

enum error space_new(struct endpoint *pager, uint64_t pager_badge, struct space **space) __must_check;
/* A reference that keeps the struct through preemption points. Afterwards: is it ending? */
void space_hold(struct space *space);
void space_let_go(struct space *space);
bool space_destroy_step(struct object *object);
/* All its threads are killed, some at a time; no new ones can come. True = done. */
bool space_kill_threads_step(struct space *space) __must_check;
/* The same; without any it ends here, else with the last one. True = done. */
bool space_kill_step(struct space *space) __must_check;
/* Its last thread is gone (or its last handle): handles closed, regions unmapped, tables freed; true = done. Bounded step. */
bool space_end_step(struct space *space) __must_check;

/* Cleared; with preemption points if it is large: ERR_GONE, the current thread was killed meanwhile. */
enum error memory_new(uint32_t pages, struct memory **memory) __must_check;
void memory_discard(struct memory *memory); /* nobody got a handle to it; object_reap takes it apart */
/* A device's registers: made when first asked for, for good. NULL: there is no such device, or no memory. */
struct memory *memory_of_device(enum user_device device);
bool memory_destroy_step(struct object *object);
static inline paddr_t memory_frame(const struct memory *memory, uint32_t page)
{
	return memory->frames[page / 512][page % 512];
}

/* map, unmap, protect, map_seal; addresses are page aligned, in range and within the user half. With preemption points where
 * many pages are asked for: the space may be ending, and any handle closed, afterwards. */
enum error space_map(struct space *space, struct handle *memory, vaddr_t addr, uint32_t offset_pages, uint32_t pages,
                     uint32_t perms) __must_check;
enum error space_map_request(struct space *space, const struct map_request *request) __must_check;
enum error space_unmap(struct space *space, vaddr_t addr, uint32_t pages) __must_check;
enum error space_protect(struct space *space, vaddr_t addr, uint32_t pages, uint32_t perms) __must_check;
enum error space_seal(struct space *space, vaddr_t addr, uint32_t pages) __must_check;

/* Copies to or from the current thread's space; the range is checked. ERR_NOT_MAPPED: not all of it is accessible. */
enum error user_copy_in(void *to, uint64_t user, uint64_t bytes) __must_check;
enum error user_copy_out(uint64_t user, const void *from, uint64_t bytes) __must_check;

#endif
