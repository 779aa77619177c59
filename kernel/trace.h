/* SPDX-License-Identifier: MIT */
/*
 * kernel/trace.h: the system calls of traced spaces as lines on the log: one line a call, printed when it is over, because only
 * then the results are known. What such a thread has a part in never takes the fast path. Big lock held.
 */
#ifndef AMBER_TRACE_H
#define AMBER_TRACE_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

struct space;
struct thread;
struct trap_frame;

#define TRACE_ARGUMENTS 7

/* Part of struct thread: a call that isn't over. */
struct traced_call {
	bool is_open;
	uint32_t number;
	uint64_t arguments[TRACE_ARGUMENTS]; /* results take their registers */
};

void trace_space(struct space *space, bool on);
void trace_begin(struct thread *thread, const struct trap_frame *frame, uint64_t number);
/* Its results are in its frame. */
void trace_end(struct thread *thread);
/* The current one's, in its own context; as at a preemption point, everything looked up before is stale. */
void trace_end_here(void);
/* It ends, perhaps in the middle of a call. */
void trace_thread_ends(struct thread *thread);

#endif
