/* SPDX-License-Identifier: MIT */
/*
 * fuzz.h: what the parts of `fuzz` share. main.c: the first program, which starts workers and counts; partners.c: its threads that
 * answer, send and call; worker.c: a worker's life; world.c: what a worker has; valid.c: calls that should succeed; wild.c: arguments
 * of all kinds.
 */
#ifndef AMBER_USER_FUZZ_H
#define AMBER_USER_FUZZ_H

#include "../any_call.h"
#include "../random.h"
#include "memory.h"
#include "program.h"
#include "thread.h"

/* --- What a worker is given: the numbers that spawn gives them ------------------------------------------------------- */

#define GIVEN_PROGRESS (HANDLE_GIVEN + 0) /* memory with struct progress */
#define GIVEN_SERVED   (HANDLE_GIVEN + 1) /* an endpoint where partners answer */
#define GIVEN_ASKED    (HANDLE_GIVEN + 2) /* one where partners send and call */
#define GIVEN_OTHERS   (HANDLE_GIVEN + 3) /* from here on: the kernel, the serial line, its interrupt, if there are any */
#define GIVEN_MAX      6

struct progress {
	uint64_t calls;
	uint32_t good[CALLS], bad[CALLS]; /* of each system call: how many succeeded, and didn't */
	uint64_t unlisted;                /* call << 8 | error: one that syscalls.def doesn't mention; 0: none */
};

static inline void may_fail(enum error error)
{
	(void)error;
}

/* --- partners.c ---------------------------------------------------------------------------------------------------- */

void partners_start(handle_t served, handle_t asked);
void partners_end(void);

/* --- worker.c ------------------------------------------------------------------------------------------------------ */

int work(uint64_t seed, uint64_t calls);
void few_calls(void *seed); /* a thread's whole life */

/* --- world.c ------------------------------------------------------------------------------------------------------- */

#define HOME        0x2000000000ull /* where it maps what it makes */
#define PLACE_PAGES 16              /* for a mapping: places are never used twice in valid calls */
#define PROGRESS    (HOME - PAGE_SIZE)
#define KNOWN       6               /* handles of each type that it remembers */
#define MAPPINGS    12
#define CHILDREN    4

struct mapping {
	handle_t space, memory;
	uint64_t address, pages; /* 0 pages: none */
};

extern struct world {
	handle_t known[OBJECT_TYPES][KNOWN];
	struct mapping mappings[MAPPINGS];
	handle_t children[CHILDREN]; /* spaces with a program, perhaps ended */
	uint64_t places;             /* used up */
	bool is_child;               /* of a worker: it waits for nothing without end */
} world;
extern char text[PAGE_SIZE], scratch[PAGE_SIZE]; /* a program's name; what the kernel may write to */

void world_make(void);
void remember(handle_t handle);
/* A handle to such an object with these rights; made if there is none. HANDLE_NONE: that failed. OBJECT_NONE: to any. */
handle_t known_handle(enum object_type type, uint32_t rights);
/* The same, newly made. */
handle_t new_handle(enum object_type type);
uint32_t rights_of(handle_t handle); /* 0: it is none */
uint64_t new_place(void);
struct mapping *new_mapping(bool is_own, uint64_t pages); /* mapped readable and writable; NULL: that failed */
struct mapping *known_mapping(void);                      /* one that can be changed; NULL: there is none */
uint64_t new_stack(void);                                 /* its top; 0: that failed */
handle_t new_thread(void);                                /* stopped, in its own space */
void new_child(void);                                     /* it runs */

/* --- valid.c, wild.c ------------------------------------------------------------------------------------------------ */

/* Makes a situation in which that call should succeed, and its arguments. */
void valid_arguments(uint64_t call, uint64_t a[ARGUMENTS_MAX]);
uint64_t wild_argument(const struct call_argument *argument);
void fill_message_page(void);

#endif
