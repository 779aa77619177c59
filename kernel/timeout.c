/* SPDX-License-Identifier: MIT */
/*
 * kernel/timeout.c: threads that wait for a time, in the order of their times. Looked at in each timer tick, so a wait ends up
 * to a tick late. Big lock held.
 */
#include "sched.h"

#include "ipc.h"

#define WAKES_AT_ONCE 8 /* per tick: the rest in the next one, so that interrupts are not masked for long */

static struct link waiting = { &waiting, &waiting };

void timeout_start(struct thread *thread, uint64_t microseconds)
{
	uint64_t now = arch_time_us();
	struct link *at;

	if (microseconds >= UINT64_MAX - now)
		return;
	thread->wakes_at_us = now + microseconds;
	/* From the end: later ones mostly come later. */
	for (at = &waiting; at->previous != &waiting; at = at->previous)
		if (LINK_OWNER(at->previous, struct thread, timeout)->wakes_at_us <= thread->wakes_at_us)
			break;
	list_insert_before(at, &thread->timeout);
}

void timeout_stop(struct thread *thread)
{
	thread->wakes_at_us = UINT64_MAX;
	list_remove(&thread->timeout);
}

void timeout_tick(void)
{
	uint64_t now = arch_time_us();
	bool has_line = false;

	for (unsigned i = 0; i < WAKES_AT_ONCE && !has_line && !list_is_empty(&waiting); i++) {
		struct thread *thread = LINK_OWNER(waiting.next, struct thread, timeout);

		if (thread->wakes_at_us > now)
			return;
		has_line = thread_wakes_with_a_line(thread);
		timeout_stop(thread);
		ipc_timed_out(thread);
	}
}
