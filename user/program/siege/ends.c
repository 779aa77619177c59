/* SPDX-License-Identifier: MIT */
/* ends.c: ends of threads and spaces: spaces that keep each other, a thread_create that fails, a child that watches itself. */
#include "siege.h"

#include <amber/system.h>

static void never_runs(void *argument)
{
	(void)argument;
	expect(false, "a thread ran that nobody has started");
}

/* Leaves a thread that only this space has a handle to, and that was never started. */
void orphans_inside(uint64_t number)
{
	struct thread thread;
	uint64_t bits;

	must(thread_make(never_runs, NULL, &thread), "thread");
	must(sys_wait(HANDLE_GIVEN, TIMEOUT_FOREVER, &bits), "wait");
	exit((uint32_t)number);
}

/* Pairs of programs with handles to each other's spaces. When both have ended nothing may be left: init= counts. */
void orphans(uint64_t pairs)
{
	for (uint64_t i = 0; i < pairs; i++) {
		struct child children[2];
		handle_t go[2];
		uint64_t code, given;

		for (unsigned k = 0; k < 2; k++) {
			must(sys_notification_create(&go[k]), "notification");
			spawn_part("orphans-inside", 20 + k, &go[k], 1, HANDLE_NONE, &children[k]);
		}
		for (unsigned k = 0; k < 2; k++)
			must(sys_space_give(children[k].space, children[!k].space, RIGHT_READ, 0, &given), "give");
		for (unsigned k = 0; k < 2; k++) {
			must(sys_signal(go[k], 1), "signal");
			must(child_wait(&children[k], &code), "the end");
			expect(code == 20 + k, "an orphan's exit code");
			must(sys_handle_close(go[k]), "close");
		}
	}
}

/* It leaves the space as it was: a program can be loaded. */
void failed_create(uint64_t number)
{
	handle_t space, thread;
	uint64_t entry;

	(void)number;
	must(sys_space_create(HANDLE_NONE, &space), "space");
	expect(sys_thread_create(space, USER_START, FIRST_STACK_TOP, FIRST_STACK_TOP, (const void *)NOWHERE, 8, &thread) == ERR_NOT_MAPPED,
	       "arguments from nowhere");
	must(sys_space_load(space, "hello", 5, &entry), "load");
	expect(sys_space_load(space, "hello", 5, &entry) == ERR_DENIED, "loaded twice");
	must(sys_handle_close(space), "close");
}

void thief_inside(uint64_t number)
{
	handle_t notification;

	must(sys_notification_create(&notification), "notification");
	must(sys_thread_watch(HANDLE_THREAD, notification, 1), "watch");
	must(sys_sleep(SECOND / 10), "sleep");
	exit((uint32_t)number);
}

/* A child that watches itself hides its end from nobody. */
void thief(uint64_t number)
{
	struct child child;
	uint64_t code;

	spawn_part("thief-inside", number, NULL, 0, HANDLE_NONE, &child);
	wait_for_state(child.thread, SYSTEM_SLEEPING);
	must(child_wait(&child, &code), "its end");
	expect(code == number, "the thief's exit code");
}
