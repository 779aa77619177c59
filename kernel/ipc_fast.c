/* SPDX-License-Identifier: MIT */
/*
 * kernel/ipc_fast.c: the fast path of `call` and `reply_recv`: a predicate that changes nothing, then a commit that can't fail.
 * It does what kernel/ipc.c would do for the commonest case: the partner waits already, no handles, no time-out, and nobody more
 * important is ready. kernel/selftest compares the two. Big lock held, at the edge to user mode.
 */
#include "ipc.h"

#include <amber/broken.h>

#include <arch.h>

#include "sched.h"
#include "space.h"
#include "syscall.h"

uint64_t ipc_fast_taken, ipc_slow_taken;
bool ipc_fast_is_off;

/* 0 … 64 words, no handles, no other bits than the label's. */
static inline bool is_plain(uint64_t info)
{
	return !(info & ~MESSAGE_INFO_MASK) && (info & 0xffff) <= MESSAGE_WORDS_MAX;
}

/* May it run here at once, and does nobody who is ready go first? */
static inline bool may_run_here(const struct thread *thread)
{
	return (thread->cpus >> this_cpu()->id & 1) && sched_is_most_important(thread->priority);
}

static inline bool is_waiting_here(const struct thread *thread)
{
	return thread->state == THREAD_RECEIVING && thread->wakes_at_us == UINT64_MAX && may_run_here(thread);
}

static inline void tie(struct thread *caller, struct thread *server)
{
	caller->state = THREAD_CALLING;
	caller->server = server;
	server->caller = caller;
	server->caller_is_gone = false;
}

static inline void copy_page_words(const struct thread *from, struct thread *to, unsigned words)
{
	const uint64_t *source = from->message->words;
	uint64_t *target = to->message->words;
	unsigned i = MESSAGE_REGISTER_WORDS;

	for (; i + 4 <= words; i += 4) {
		target[i] = source[i];
		target[i + 1] = source[i + 1];
		target[i + 2] = source[i + 2];
		target[i + 3] = source[i + 3];
	}
	for (; i < words; i++)
		target[i] = source[i];
}

static inline void deliver(const struct thread *from, struct trap_frame *frame, struct thread *to, uint64_t info, uint64_t flags,
                           uint64_t badge)
{
	unsigned words = MESSAGE_WORDS(info);
	uint64_t wrong = is_broken(BROKEN_FASTPATH) ? 1 : 0;

	arch_syscall_set_result(to->frame, 0, OK);
	arch_syscall_set_result(to->frame, 1, info | flags);
	arch_syscall_set_result(to->frame, 2, arch_syscall_argument(frame, 2));
	arch_syscall_set_result(to->frame, 3, arch_syscall_argument(frame, 3));
	arch_syscall_set_result(to->frame, 4, arch_syscall_argument(frame, 4) ^ wrong);
	arch_syscall_set_result(to->frame, 5, arch_syscall_argument(frame, 5));
	arch_syscall_set_result(to->frame, 6, badge);
	if (words > MESSAGE_REGISTER_WORDS)
		copy_page_words(from, to, words);
}

static struct trap_frame *run(struct thread *next)
{
	ipc_fast_taken++;
	sched_become(next);
	return next->frame;
}

/* The one who waits to receive there and could answer at once; NULL: not this way. */
static struct thread *call_predicate(const struct trap_frame *frame, const struct thread *current, struct handle **handle)
{
	struct endpoint *endpoint;
	struct thread *receiver;

	if (!is_plain(arch_syscall_argument(frame, 1)) || arch_syscall_argument(frame, 6) != TIMEOUT_FOREVER)
		return NULL;
	if (handle_look_up(&current->space->handles, arch_syscall_argument(frame, 0), OBJECT_ENDPOINT, RIGHT_SEND, handle))
		return NULL;
	endpoint = (struct endpoint *)(*handle)->object;
	if (list_is_empty(&endpoint->queue))
		return NULL;
	receiver = LINK_OWNER(endpoint->queue.next, struct thread, queue);
	return !is_waiting_here(receiver) || current->is_killed || ipc_fast_is_off ? NULL : receiver;
}

struct trap_frame *ipc_fast_call(struct trap_frame *frame)
{
	struct thread *current = thread_current();
	struct handle *handle;
	struct thread *receiver = call_predicate(frame, current, &handle);

	if (!receiver)
		return NULL;
	commit_begin();
	list_remove(&receiver->queue);
	deliver(current, frame, receiver, arch_syscall_argument(frame, 1), MESSAGE_IS_CALL, handle->badge);
	tie(current, receiver);
	commit_end();
	return run(receiver);
}

/* Its message is in fault_words; the answer comes by reply_recv. */
struct trap_frame *ipc_fast_fault(struct endpoint *pager, uint64_t badge)
{
	struct thread *current = thread_current(), *receiver;

	if (list_is_empty(&pager->queue))
		return NULL;
	receiver = LINK_OWNER(pager->queue.next, struct thread, queue);
	if (!is_waiting_here(receiver) || ipc_fast_is_off)
		return NULL;
	commit_begin();
	list_remove(&receiver->queue);
	arch_syscall_set_result(receiver->frame, 0, OK);
	arch_syscall_set_result(receiver->frame, 1, current->fault_label << 16 | MESSAGE_FROM_KERNEL | MESSAGE_IS_CALL | 4);
	for (unsigned i = 0; i < 4; i++)
		arch_syscall_set_result(receiver->frame, 2 + i, current->fault_words[i]);
	arch_syscall_set_result(receiver->frame, 6, badge);
	current->is_fault = true;
	tie(current, receiver);
	commit_end();
	return run(receiver);
}

/* The answer to a fault: go on, perhaps at another place. */
static inline bool is_resumption(const struct trap_frame *frame)
{
	uint64_t info = arch_syscall_argument(frame, 1), pc = arch_syscall_argument(frame, 2);

	return !info || (info == MESSAGE_INFO(FAULT_RESUME, 1, 0) && pc >= USER_START && pc < USER_END);
}

static inline void resume_faulter(struct thread *thread, const struct trap_frame *frame)
{
	if (arch_syscall_argument(frame, 1))
		arch_frame_set_pc(thread->frame, arch_syscall_argument(frame, 2));
	thread->is_fault = false;
}

static struct thread *reply_predicate(const struct trap_frame *frame, const struct thread *current, struct endpoint **endpoint)
{
	struct thread *caller = current->caller;
	struct handle *handle;

	if (!is_plain(arch_syscall_argument(frame, 1)) || arch_syscall_argument(frame, 6) != TIMEOUT_FOREVER)
		return NULL;
	if (!caller || !may_run_here(caller) || caller->wakes_at_us != UINT64_MAX)
		return NULL;
	if (caller->is_fault && !is_resumption(frame))
		return NULL;
	if (handle_look_up(&current->space->handles, arch_syscall_argument(frame, 0), OBJECT_ENDPOINT, RIGHT_RECEIVE, &handle))
		return NULL;
	*endpoint = (struct endpoint *)handle->object;
	if (!list_is_empty(&(*endpoint)->queue) &&
	    LINK_OWNER((*endpoint)->queue.next, struct thread, queue)->state == THREAD_SENDING)
		return NULL;
	return current->is_killed || ipc_fast_is_off ? NULL : caller;
}

struct trap_frame *ipc_fast_reply_recv(struct trap_frame *frame)
{
	struct thread *current = thread_current();
	struct endpoint *endpoint;
	struct thread *caller = reply_predicate(frame, current, &endpoint);

	if (!caller)
		return NULL;
	commit_begin();
	if (caller->is_fault)
		resume_faulter(caller, frame);
	else
		deliver(current, frame, caller, arch_syscall_argument(frame, 1), 0, 0);
	caller->server = NULL;
	current->caller = NULL;
	current->state = THREAD_RECEIVING;
	current->endpoint = endpoint;
	list_append(&endpoint->queue, &current->queue);
	commit_end();
	return run(caller);
}
