/* SPDX-License-Identifier: MIT */
/*
 * kernel/ipc.c: synchronous messages, the general way: whoever comes second does the transfer, into the frame of the one who
 * waits. A transfer is checked as a whole before anything moves. Big lock held; the fast way is in kernel/ipc_fast.c.
 */
#include "ipc.h"

#include <amber/string.h>

#include <arch.h>

#include "sched.h"
#include "space.h"
#include "user_trap.h"

#define FAILURES_AT_ONCE 16 /* senders whose message can't be sent */

/* The handles that travel along, looked up: in the sender's table at the moment of transfer. */
struct luggage {
	unsigned count;
	struct handle *handles[MESSAGE_HANDLES_MAX];
	uint32_t rights[MESSAGE_HANDLES_MAX];
};

void ipc_finish(struct thread *thread, enum error error)
{
	arch_syscall_set_result(thread->frame, 0, error);
	thread_make_ready(thread);
}

/* A waiting thread's operation fails. A fault that nobody can handle ends its thread. */
void ipc_fail(struct thread *thread, enum error error)
{
	list_remove(&thread->queue);
	if (thread->is_fault)
		user_fault_unhandled(thread, "its pager is gone");
	else
		ipc_finish(thread, error);
}

/* Each word of the message page is read once: other threads of the sender may write it. */
static enum error pack(struct thread *from, struct thread *to, uint64_t info, struct luggage *luggage)
{
	luggage->count = from->is_fault ? 0 : MESSAGE_HANDLES(info);
	if (!luggage->count)
		return OK;
	for (unsigned i = 0; i < luggage->count; i++) {
		uint64_t number = __atomic_load_n(&from->message->handles[i], __ATOMIC_RELAXED);
		uint64_t rights = __atomic_load_n(&from->message->rights[i], __ATOMIC_RELAXED);
		enum error error = handle_look_up(&from->space->handles, number, OBJECT_NONE, RIGHT_GRANT, &luggage->handles[i]);

		if (error)
			return error;
		if (handle_is_dead(luggage->handles[i]))
			return ERR_HANDLE;
		if (rights & ~(uint64_t)luggage->handles[i]->rights)
			return ERR_RIGHTS;
		luggage->rights[i] = (uint32_t)rights;
	}
	return handle_prepare(&to->space->handles, luggage->count);
}

static void unpack(struct thread *to, const struct luggage *luggage)
{
	for (unsigned i = 0; i < luggage->count; i++) {
		struct handle *from = luggage->handles[i];

		to->message->handles[i] =
			handle_insert(&to->space->handles, from->object, luggage->rights[i], from->badge, from)->value;
		to->message->rights[i] = luggage->rights[i];
	}
}

static void transfer_words(struct thread *from, struct thread *to, uint64_t info)
{
	unsigned words = MESSAGE_WORDS(info);

	for (unsigned i = 0; i < MESSAGE_REGISTER_WORDS; i++)
		arch_syscall_set_result(to->frame, 2 + i, arch_syscall_argument(from->frame, 2 + i));
	if (words > MESSAGE_REGISTER_WORDS)
		arch_copy_words(&to->message->words[MESSAGE_REGISTER_WORDS], &from->message->words[MESSAGE_REGISTER_WORDS],
		                words - MESSAGE_REGISTER_WORDS);
}

/* The message of `from` becomes the results of `to`. `flags` are added to its info. An error: nothing moved. */
static enum error transfer(struct thread *from, struct thread *to, uint64_t badge, uint64_t flags)
{
	uint64_t info = from->is_fault ? from->fault_label << 16 | 4 : arch_syscall_argument(from->frame, 1);
	struct luggage luggage;
	enum error error = pack(from, to, info, &luggage);

	if (error)
		return error;
	if (from->is_fault) {
		flags |= MESSAGE_FROM_KERNEL;
		for (unsigned i = 0; i < 4; i++)
			arch_syscall_set_result(to->frame, 2 + i, from->fault_words[i]);
	} else {
		transfer_words(from, to, info);
	}
	unpack(to, &luggage);
	arch_syscall_set_result(to->frame, 0, OK);
	arch_syscall_set_result(to->frame, 1, info | flags);
	arch_syscall_set_result(to->frame, 6, badge);
	return OK;
}

enum error ipc_check_info(uint64_t info)
{
	if (info & ~MESSAGE_INFO_MASK)
		return ERR_INVALID;
	return MESSAGE_WORDS(info) > MESSAGE_WORDS_MAX || MESSAGE_HANDLES(info) > MESSAGE_HANDLES_MAX ? ERR_RANGE : OK;
}

/* It has what it waited for, and goes on next. */
void ipc_hand_over(struct thread *thread)
{
	timeout_cancel(thread);
	if (thread_goes_on(thread))
		sched_hand_over(thread);
}

static void tie(struct thread *caller, struct thread *server)
{
	caller->state = THREAD_CALLING;
	caller->server = server;
	server->caller = caller;
	server->caller_is_gone = false;
}

static struct thread *first_in(struct endpoint *endpoint, enum thread_state state)
{
	struct thread *thread;

	if (list_is_empty(&endpoint->queue))
		return NULL;
	thread = LINK_OWNER(endpoint->queue.next, struct thread, queue);
	return thread->state == state ? thread : NULL;
}

enum error ipc_send(struct thread *sender, struct endpoint *endpoint, uint64_t badge, bool wants_reply, uint64_t timeout)
{
	struct thread *receiver = first_in(endpoint, THREAD_RECEIVING);
	enum error error;

	if (endpoint->is_abandoned)
		return ERR_GONE;
	if (!receiver) {
		if (timeout == TIMEOUT_NOW)
			return ERR_TIMEOUT;
		sender->state = THREAD_SENDING;
		sender->endpoint = endpoint;
		sender->badge = badge;
		sender->wants_reply = wants_reply;
		list_append(&endpoint->queue, &sender->queue);
		timeout_set(sender, timeout);
		return SYSCALL_BLOCKED;
	}
	error = transfer(sender, receiver, badge, wants_reply ? MESSAGE_IS_CALL : 0);
	if (error)
		return error;
	list_remove(&receiver->queue);
	ipc_hand_over(receiver);
	if (!wants_reply)
		return OK;
	tie(sender, receiver);
	timeout_set(sender, timeout);
	return SYSCALL_BLOCKED;
}

void ipc_drop_caller(struct thread *server)
{
	struct thread *caller = server->caller;

	server->caller = NULL;
	server->caller_is_gone = false;
	if (!caller)
		return;
	caller->server = NULL;
	ipc_fail(caller, ERR_GONE);
}

enum error ipc_receive(struct thread *receiver, struct endpoint *endpoint, uint64_t timeout)
{
	struct thread *sender;
	unsigned failures = 0;

	ipc_drop_caller(receiver);
	while ((sender = first_in(endpoint, THREAD_SENDING))) {
		enum error error = transfer(sender, receiver, sender->badge, sender->wants_reply ? MESSAGE_IS_CALL : 0);

		if (error) { /* it is the sender's: its handles, or the receiver has no room for them */
			bool has_line = thread_wakes_with_a_line(sender);

			ipc_fail(sender, error);
			if (has_line || ++failures == FAILURES_AT_ONCE)
				return RECEIVE_AGAIN;
			continue;
		}
		list_remove(&sender->queue);
		if (sender->wants_reply)
			tie(sender, receiver);
		else
			ipc_finish(sender, OK);
		return OK;
	}
	if (timeout == TIMEOUT_NOW)
		return ERR_TIMEOUT;
	receiver->state = THREAD_RECEIVING;
	receiver->endpoint = endpoint;
	list_append(&endpoint->queue, &receiver->queue);
	timeout_set(receiver, timeout);
	return SYSCALL_BLOCKED;
}

/* An answer to `caller`, who is tied to nobody any more if it is OK. */
static enum error answer(struct thread *server, struct thread *caller)
{
	enum error error;

	if (caller->is_fault)
		return user_fault_answered(caller, server->frame);
	error = transfer(server, caller, 0, 0);
	if (!error)
		ipc_hand_over(caller);
	return error;
}

enum error ipc_reply(struct thread *server)
{
	struct thread *caller = server->caller;
	enum error error;

	if (!caller) {
		error = server->caller_is_gone ? ERR_GONE : ERR_NOT_FOUND;
		server->caller_is_gone = false;
		return error;
	}
	error = answer(server, caller);
	if (error)
		return error;
	caller->server = NULL;
	server->caller = NULL;
	return OK;
}

enum error ipc_reply_kept(struct thread *server, struct reply *reply)
{
	struct thread *caller = reply->caller;
	enum error error;

	if (!caller)
		return ERR_GONE;
	error = answer(server, caller);
	if (error)
		return error;
	caller->reply = NULL;
	reply->caller = NULL;
	return OK;
}

/* A caller waits no more: whoever may answer it finds nobody. */
static void untie(struct thread *caller)
{
	if (caller->server) {
		caller->server->caller = NULL;
		caller->server->caller_is_gone = true;
		caller->server = NULL;
	}
	if (caller->reply)
		caller->reply->caller = NULL;
	caller->reply = NULL;
}

void ipc_wait_ends(struct thread *thread)
{
	list_remove(&thread->queue);
	timeout_cancel(thread);
	untie(thread);
}

void ipc_thread_ends(struct thread *thread)
{
	ipc_wait_ends(thread);
	ipc_drop_caller(thread);
}

void ipc_timed_out(struct thread *thread)
{
	enum error error = thread->state == THREAD_SLEEPING ? OK : ERR_TIMEOUT;

	if (thread->state == THREAD_CALLING)
		untie(thread);
	list_remove(&thread->queue);
	ipc_finish(thread, error);
}

struct trap_frame *ipc_send_fault(struct endpoint *pager, uint64_t badge)
{
	struct thread *thread = thread_current();

	thread->is_fault = true;
	if (ipc_send(thread, pager, badge, true, TIMEOUT_FOREVER) == SYSCALL_BLOCKED)
		return sched_leave();
	user_fault_unhandled(thread, "its pager is gone");
	return sched_edge(thread->frame);
}
