/* SPDX-License-Identifier: MIT */
/*
 * kernel/sched.h: who runs: a queue per CPU and priority, round robin within one, pre-emption of user threads at the timer's
 * tick and when a higher priority wakes. Big lock held, interrupts masked.
 */
#ifndef AMBER_SCHED_H
#define AMBER_SCHED_H

#include "address_space.h"
#include "big_lock.h"
#include "space.h"
#include "thread.h"

extern uint32_t sched_ready[MAX_CPUS];    /* bit p: that CPU's queue of priority p is not empty */
struct run_queues {
	uint32_t count;
	bool should_reschedule;           /* a higher priority woke, or the time slice is over */
	struct thread *idle;              /* runs when there is nothing else */
	struct link queue[PRIORITIES];
};
extern struct run_queues run_queues[MAX_CPUS];

void sched_init(void);

/* Into the queue of the best CPU that it may run on (its last one if that is as good); asks that CPU to look. */
void sched_enqueue(struct thread *thread);
/* A partner of the current one: it is next here, before its equals, if it may run here and nobody more important is ready. */
void sched_hand_over(struct thread *thread);
void sched_dequeue(struct thread *thread);
void sched_enqueue_here(struct thread *thread); /* the current one, behind its equals */
/* The one to run here next, off its queue; the idle thread if there is none. */
struct thread *sched_pick(void);
/* The current thread does not go on now (its state says why; READY: it was put into a queue). Returns the user frame of the
 * next one; or switches away to one that is inside the kernel, and comes back here only if this one has sp != 0 by then. With
 * the current one at its edge to user mode: sp = 0 before. */
struct trap_frame *sched_leave(void) __must_check;
/* The same for a thread that is in the middle of something in the kernel and comes back here. */
void sched_block(void);
/* A kernel thread gives way to others that are ready. */
void sched_yield(void);
/* The current thread never comes back; the big lock goes with the switch. */
__noreturn void sched_leave_for_good(void);
/* In a long operation: drops the lock, takes interrupts, lets others run; then holds the lock again. Everything looked up
 * before is stale. */
void sched_preemption_point(void);
/* At the edge to user mode: ends it if it was killed, lets a more important one run; returns the frame to go on with. */
struct trap_frame *sched_edge(struct trap_frame *frame) __must_check;
void sched_tick(void);                    /* timer interrupt: time slices, CPU time */
void sched_set(struct thread *thread, uint8_t priority, uint8_t cpus); /* takes effect at once */

/* Half of it: all but the space. cpu = this_cpu(). */
static inline void sched_make_current(struct percpu *cpu, struct thread *next)
{
	struct cpu_state *state = cpu->state;

	next->state = THREAD_RUNNING;
	next->cpu = (uint8_t)cpu->id;
	next->runs++;
	state->current = next;
	state->kernel_sp = next->stack_top;
}

/* Makes `next` current on this CPU: stack for entries, space. */
static inline void sched_become(struct thread *next)
{
	struct percpu *cpu = this_cpu();

	sched_make_current(cpu, next);
	address_space_load_on(cpu, next->space ? &next->space->memory : NULL);
}

/* Is nobody who is ready on that CPU more important than a thread of that priority? */
static inline bool sched_is_most_important(unsigned cpu, uint8_t priority)
{
	return !(sched_ready[cpu] >> priority >> 1);
}

/* --- kernel/timeout.c: threads that wait for a time ----------------------------------------------------------------- */
void timeout_start(struct thread *thread, uint64_t microseconds);
void timeout_stop(struct thread *thread);

static inline void timeout_set(struct thread *thread, uint64_t microseconds) /* TIMEOUT_FOREVER: none */
{
	if (microseconds != TIMEOUT_FOREVER)
		timeout_start(thread, microseconds);
}

static inline void timeout_cancel(struct thread *thread)
{
	if (thread->wakes_at_us != UINT64_MAX)
		timeout_stop(thread);
}

/* What it waited for is over. False: it was killed, and is on its way to its end. */
static inline bool thread_goes_on(struct thread *thread)
{
	if (!thread->attention)
		return true;
	if (thread->traced.is_open)
		trace_end(thread);
	return !thread->is_killed;
}

/* The end of its wait is a line on the log, which takes as long as dozens of others: enough for a step. */
static inline bool thread_wakes_with_a_line(const struct thread *thread)
{
	return thread->traced.is_open || thread->is_fault;
}

/* From STOPPED or any waiting state, off its queue already. */
static inline void thread_make_ready(struct thread *thread)
{
	timeout_cancel(thread);
	if (thread_goes_on(thread))
		sched_enqueue(thread);
}

void timeout_tick(void); /* wakes those whose time has come: sched's timer interrupt */

#endif
