/* SPDX-License-Identifier: MIT */
/*
 * thread.h: more threads in this space, and programs in spaces of their own. user/lib/thread.c, user/lib/spawn.c,
 * user/lib/start.c.
 */
#ifndef AMBER_USER_THREAD_H
#define AMBER_USER_THREAD_H

#include "program.h"

struct thread {
	handle_t handle;
	uintptr_t stack; /* its lowest address */
};

/* A thread that calls fn(argument) and ends, with exit code 0. It is made stopped if `is_stopped`. */
enum error thread_make(void (*fn)(void *argument), void *argument, struct thread *thread) __must_check;
enum error thread_run(void (*fn)(void *argument), void *argument, struct thread *thread) __must_check;
/* Waits for its end, and gives its stack and its handle back. */
enum error thread_join(struct thread *thread, uint64_t *exit_code) __must_check;

/* A program in a space of its own: it finds the space at HANDLE_SPACE, its first thread at HANDLE_THREAD, and what it is
 * given from HANDLE_GIVEN on, with the giver's rights or fewer. */
#define HANDLE_GIVEN 3
struct spawn {
	const char *const *words; /* name and arguments; NULL behind the last */
	const handle_t *handles;
	const uint64_t *rights;   /* NULL: the giver's */
	unsigned handle_count;
	handle_t pager;           /* HANDLE_NONE: its faults kill it */
};

struct child {
	handle_t space, thread;
};

enum error spawn(const struct spawn *what, struct child *child) __must_check;
/* As spawn, but its first thread isn't started. */
enum error spawn_stopped(const struct spawn *what, struct child *child) __must_check;
/* Waits for the end of its first thread, and closes both handles. */
enum error child_wait(struct child *child, uint64_t *exit_code) __must_check;
/* Waits for the end of any thread. */
enum error thread_wait_end(handle_t thread, uint64_t *exit_code) __must_check;
/* "exit code 3", "killed by a fault" */
void exit_code_text(uint64_t exit_code, char *text, size_t bytes);

#endif
