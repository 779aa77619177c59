/* SPDX-License-Identifier: MIT */
/*
 * kernel/user_trap.c: what user mode is interrupted by: faults, which the space's pager handles or which end the thread, and
 * interrupts, after which another thread may run. On the thread's kernel stack, interrupts masked; returns the frame to go on
 * with, with the big lock held.
 */
#include "user_trap.h"

#include <amber/log.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "big_lock.h"
#include "ipc.h"
#include "region.h"
#include "sched.h"
#include "space.h"

static const char *const fault_texts[] = {
	[FAULT_READ] = "read", [FAULT_WRITE] = "write", [FAULT_EXECUTE] = "execute", [FAULT_EXCEPTION] = "exception",
};

static uint64_t fault_label(const struct fault *fault)
{
	if (!fault->is_memory)
		return FAULT_EXCEPTION;
	return fault->is_exec ? FAULT_EXECUTE : fault->is_write ? FAULT_WRITE : FAULT_READ;
}

/* As its memory is now: a pager may have sealed it since. */
static bool is_write_to_sealed(const struct thread *thread)
{
	struct space *space = thread->space;
	struct link *at = region_first_behind(space, thread->fault_words[0]);

	return thread->fault_label == FAULT_WRITE && at != &space->regions && region_of(at)->start <= thread->fault_words[0] &&
	       region_of(at)->state >= REGION_SEALING;
}

void user_fault_unhandled(struct thread *thread, const char *why)
{
	const uint64_t *words = thread->fault_words;

	log_warn("user", "thread '%s' is killed: %s%s 0x%zx, pc 0x%zx: %s", thread->name, fault_texts[thread->fault_label],
	         is_write_to_sealed(thread) ? " to sealed memory" : "", (size_t)words[0], (size_t)words[1], why);
	thread->is_fault = false;
	thread_kill(thread, EXIT_REASON_FAULT);
}

enum error user_fault_answered(struct thread *thread, struct trap_frame *answer)
{
	uint64_t info = arch_syscall_argument(answer, 1), pc = arch_syscall_argument(answer, 2);

	if (MESSAGE_LABEL(info) > FAULT_KILL)
		return ERR_INVALID;
	if (MESSAGE_LABEL(info) == FAULT_KILL) {
		thread->server = NULL; /* its end must not look like the pager's caller's */
		thread->reply = NULL;
		user_fault_unhandled(thread, "by its pager");
		return OK;
	}
	if (MESSAGE_WORDS(info) && (pc < USER_START || pc >= USER_END))
		return ERR_RANGE;
	if (MESSAGE_WORDS(info))
		arch_frame_set_pc(thread->frame, pc);
	thread->is_fault = false;
	ipc_hand_over(thread);
	return OK;
}

struct trap_frame *user_fault(struct trap_frame *frame, const struct fault *fault)
{
	struct thread *thread = thread_current();
	struct endpoint *pager;
	struct trap_frame *next;

	big_lock_take();
	if (thread->is_killed)
		return sched_edge(frame);
	pager = thread->space->pager;
	thread->fault_label = fault_label(fault);
	thread->fault_words[0] = fault->is_memory ? fault->addr : 0;
	thread->fault_words[1] = arch_frame_pc(frame);
	thread->fault_words[2] = thread->serial;
	thread->fault_words[3] = fault->code;
	if (!pager) {
		user_fault_unhandled(thread, fault->name);
		return sched_edge(frame);
	}
	next = ipc_fast_fault(pager, thread->space->pager_badge);
	return next ? next : ipc_send_fault(pager, thread->space->pager_badge);
}

struct trap_frame *user_interrupted(struct trap_frame *frame)
{
	big_lock_take();
	return sched_edge(frame);
}
