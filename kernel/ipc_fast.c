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

/* 0 … 64 words, no handles, no other bits than the label's. */
static inline bool is_plain(uint64_t info)
{
	return !(info & ~MESSAGE_INFO_MASK) && (info & 0xffff) <= MESSAGE_WORDS_MAX;
}

/* May it run here at once, and does nobody who is ready go first? */
static inline bool may_run_here(const struct percpu *cpu, const struct thread *thread)
{
	return (thread->cpus >> cpu->id & 1) && sched_is_most_important(cpu->id, thread->priority);
}

/* The thread that waits to receive there, if this CPU can go on with it; NULL: not this way. */
static inline struct thread *receiver_at(const struct percpu *cpu, const struct endpoint *endpoint)
{
	struct thread *thread = LINK_OWNER(endpoint->queue.next, struct thread, queue);

	if (list_is_empty(&endpoint->queue) || thread->state != THREAD_RECEIVING || thread->wakes_at_us != UINT64_MAX)
		return NULL;
	return may_run_here(cpu, thread) ? thread : NULL;
}

static inline void tie(struct thread *caller, struct thread *server)
{
	caller->state = THREAD_CALLING;
	caller->server = server;
	server->caller = caller;
	server->caller_is_gone = false;
}

static inline void deliver(const struct thread *from, const struct trap_frame *source, const struct thread *to, uint64_t flags,
                           uint64_t badge)
{
	uint64_t info = arch_syscall_argument(source, 1), wrong = is_broken(BROKEN_FASTPATH) ? 1 : 0;
	uint64_t a = arch_syscall_argument(source, 2), b = arch_syscall_argument(source, 3);
	uint64_t c = arch_syscall_argument(source, 4), d = arch_syscall_argument(source, 5);
	struct trap_frame *target = to->frame;

	arch_syscall_set_result(target, 0, OK);
	arch_syscall_set_result(target, 1, info | flags);
	arch_syscall_set_result(target, 2, a);
	arch_syscall_set_result(target, 3, b);
	arch_syscall_set_result(target, 4, c ^ wrong);
	arch_syscall_set_result(target, 5, d);
	arch_syscall_set_result(target, 6, badge);
	if (MESSAGE_WORDS(info) > MESSAGE_REGISTER_WORDS)
		arch_copy_words(&to->message->words[MESSAGE_REGISTER_WORDS], &from->message->words[MESSAGE_REGISTER_WORDS],
		                MESSAGE_WORDS(info) - MESSAGE_REGISTER_WORDS);
}

/* A user thread in the place of another: sched_become, where the space is known to be there. */
static inline struct trap_frame *run(struct percpu *cpu, struct thread *next)
{
	sched_make_current(cpu, next);
	address_space_enter(cpu, &next->space->memory);
	return next->frame;
}

/* Nothing fails here. A function of its own, so that the predicate needs no register that would have to be saved. */
static __noinline struct trap_frame *commit_call(struct percpu *cpu, struct thread *current, struct trap_frame *frame,
                                                 struct thread *receiver, uint64_t badge)
{
	current->commit_depth++;
	list_remove(&receiver->queue);
	deliver(current, frame, receiver, MESSAGE_IS_CALL, badge);
	tie(current, receiver);
	current->commit_depth--;
	return run(cpu, receiver);
}

struct trap_frame *ipc_fast_call(struct percpu *cpu, struct thread *current, struct trap_frame *frame, ipc_path *slowly)
{
	struct handle *handle;
	struct thread *receiver;

	if (!is_plain(arch_syscall_argument(frame, 1)) || arch_syscall_argument(frame, 6) != TIMEOUT_FOREVER)
		return slowly(cpu, current, frame);
	if (handle_look_up(&current->space->handles, arch_syscall_argument(frame, 0), OBJECT_ENDPOINT, RIGHT_SEND, &handle))
		return slowly(cpu, current, frame);
	receiver = receiver_at(cpu, (const struct endpoint *)handle->object);
	if (!receiver || current->attention | receiver->attention)
		return slowly(cpu, current, frame);
	return commit_call(cpu, current, frame, receiver, handle->badge);
}

/* The message is in fault_words; the answer comes by reply_recv. */
struct trap_frame *ipc_fast_fault(struct endpoint *pager, uint64_t badge)
{
	struct percpu *cpu = this_cpu();
	struct thread *current = cpu->state->current, *receiver = receiver_at(cpu, pager);
	struct trap_frame *target;

	if (!receiver || receiver->attention)
		return NULL;
	current->commit_depth++;
	list_remove(&receiver->queue);
	target = receiver->frame;
	arch_syscall_set_result(target, 0, OK);
	arch_syscall_set_result(target, 1, current->fault_label << 16 | MESSAGE_FROM_KERNEL | MESSAGE_IS_CALL | 4);
	for (unsigned i = 0; i < 4; i++)
		arch_syscall_set_result(target, 2 + i, current->fault_words[i]);
	arch_syscall_set_result(target, 6, badge);
	current->is_fault = true;
	tie(current, receiver);
	current->commit_depth--;
	return run(cpu, receiver);
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

/* Whom the current thread answers, and where it waits then; NULL: not this way. */
static inline struct thread *reply_predicate(const struct percpu *cpu, const struct thread *current,
                                             const struct trap_frame *frame, struct endpoint **endpoint)
{
	struct thread *caller = current->caller;
	struct handle *handle;
	struct link *first;

	if (!is_plain(arch_syscall_argument(frame, 1)) || arch_syscall_argument(frame, 6) != TIMEOUT_FOREVER)
		return NULL;
	if (!caller || !may_run_here(cpu, caller) || caller->wakes_at_us != UINT64_MAX)
		return NULL;
	if (caller->is_fault && !is_resumption(frame))
		return NULL;
	if (handle_look_up(&current->space->handles, arch_syscall_argument(frame, 0), OBJECT_ENDPOINT, RIGHT_RECEIVE, &handle))
		return NULL;
	*endpoint = (struct endpoint *)handle->object;
	first = (*endpoint)->queue.next;
	if (first != &(*endpoint)->queue && LINK_OWNER(first, struct thread, queue)->state == THREAD_SENDING)
		return NULL;
	return current->attention | caller->attention ? NULL : caller;
}

/* Nothing fails here. */
static __noinline struct trap_frame *commit_reply(struct percpu *cpu, struct thread *current, struct trap_frame *frame,
                                                  struct thread *caller, struct endpoint *endpoint)
{
	current->commit_depth++;
	if (caller->is_fault)
		resume_faulter(caller, frame);
	else
		deliver(current, frame, caller, 0, 0);
	caller->server = NULL;
	current->caller = NULL;
	current->state = THREAD_RECEIVING;
	current->endpoint = endpoint;
	list_append(&endpoint->queue, &current->queue);
	current->commit_depth--;
	return run(cpu, caller);
}

struct trap_frame *ipc_fast_reply_recv(struct percpu *cpu, struct thread *current, struct trap_frame *frame, ipc_path *slowly)
{
	struct endpoint *endpoint;
	struct thread *caller = reply_predicate(cpu, current, frame, &endpoint);

	return caller ? commit_reply(cpu, current, frame, caller, endpoint) : slowly(cpu, current, frame);
}
