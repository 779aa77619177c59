/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_ipc.c: the system calls for messages, notifications and time: arguments are checked here, the work is
 * kernel/ipc.c's. Current thread's kernel stack, big lock held.
 */
#include "syscall.h"

#include "ipc.h"
#include "sched.h"

#define TIMEOUT_ARGUMENT 6

static enum error do_send(struct trap_frame *frame, bool wants_reply)
{
	uint64_t info = arch_syscall_argument(frame, 1);
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_ENDPOINT, RIGHT_SEND, &handle);

	if (!error)
		error = ipc_check_info(info);
	if (!error && wants_reply && arch_syscall_argument(frame, TIMEOUT_ARGUMENT) == TIMEOUT_NOW)
		error = ERR_RANGE; /* no answer comes at once */
	if (error)
		return error;
	commit_begin();
	error = ipc_send(thread_current(), (struct endpoint *)handle->object, handle->badge, wants_reply,
	                 arch_syscall_argument(frame, TIMEOUT_ARGUMENT));
	commit_end();
	return error;
}

enum error sys_call(struct trap_frame *frame)
{
	return do_send(frame, true);
}

enum error sys_send(struct trap_frame *frame)
{
	return do_send(frame, false);
}

static enum error receive_once(struct trap_frame *frame, struct handle *handle)
{
	enum error error;

	commit_begin();
	error = ipc_receive(thread_current(), (struct endpoint *)handle->object, arch_syscall_argument(frame, TIMEOUT_ARGUMENT));
	commit_end();
	return error;
}

static enum error do_receive(struct trap_frame *frame, struct handle *handle)
{
	enum error error;

	while ((error = receive_once(frame, handle)) == RECEIVE_AGAIN) {
		sched_preemption_point();
		if (thread_current()->is_killed)
			return ERR_GONE; /* it must not wait: nobody would wake it */
		error = argument_object(frame, 0, OBJECT_ENDPOINT, RIGHT_RECEIVE, &handle);
		if (error)
			return error;
	}
	return error;
}

enum error sys_receive(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_ENDPOINT, RIGHT_RECEIVE, &handle);

	for (unsigned i = 1; i < TIMEOUT_ARGUMENT && !error; i++)
		error = arch_syscall_argument(frame, i) ? ERR_RANGE : OK;
	return error ? error : do_receive(frame, handle);
}

enum error sys_reply_recv(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_ENDPOINT, RIGHT_RECEIVE, &handle);

	if (!error)
		error = ipc_check_info(arch_syscall_argument(frame, 1));
	if (error)
		return error;
	commit_begin();
	error = ipc_reply(thread_current());
	commit_end();
	return error ? error : do_receive(frame, handle);
}

/* One shot. With many copies that is long: others may run, and may close it, meanwhile. */
static void close_used_up(const struct trap_frame *frame, struct handle *handle)
{
	for (;;) {
		bool is_done;

		commit_begin();
		is_done = handle_close_step(handle);
		commit_end();
		if (is_done)
			return;
		sched_preemption_point();
		if (argument_object(frame, 0, OBJECT_REPLY, 0, &handle))
			return;
	}
}

enum error sys_reply(struct trap_frame *frame)
{
	enum error error = ipc_check_info(arch_syscall_argument(frame, 1));
	struct handle *handle = NULL;

	if (arch_syscall_argument(frame, 0)) {
		enum error of_handle = argument_object(frame, 0, OBJECT_REPLY, RIGHT_SEND, &handle);

		error = of_handle ? of_handle : error;
	}
	if (error)
		return error;
	commit_begin();
	error = handle ? ipc_reply_kept(thread_current(), (struct reply *)handle->object) : ipc_reply(thread_current());
	commit_end();
	if (handle && (!error || error == ERR_GONE))
		close_used_up(frame, handle);
	object_reap();
	return error;
}

enum error sys_reply_keep(struct trap_frame *frame)
{
	struct thread *current = thread_current();
	struct reply *reply;
	enum error error;

	if (!current->caller)
		return current->caller_is_gone ? ERR_GONE : ERR_NOT_FOUND;
	error = handle_prepare(own_handles(), 1);
	if (error)
		return error;
	reply = object_new(OBJECT_REPLY);
	if (!reply)
		return ERR_NO_MEMORY;
	commit_begin();
	reply->caller = current->caller;
	reply->caller->reply = reply;
	reply->caller->server = NULL;
	current->caller = NULL;
	arch_syscall_set_result(frame, 1, handle_insert(own_handles(), &reply->object, RIGHT_SEND | RIGHT_GRANT, 0, NULL)->value);
	commit_end();
	return OK;
}

enum error sys_endpoint_create(struct trap_frame *frame)
{
	struct endpoint *endpoint;
	enum error error = handle_prepare(own_handles(), 1);

	if (error)
		return error;
	endpoint = object_new(OBJECT_ENDPOINT);
	if (!endpoint)
		return ERR_NO_MEMORY;
	commit_begin();
	list_init(&endpoint->queue);
	arch_syscall_set_result(frame, 1, handle_insert(own_handles(), &endpoint->object,
	                                                RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_CONTROL, 0, NULL)->value);
	commit_end();
	return OK;
}

enum error sys_notification_create(struct trap_frame *frame)
{
	struct notification *notification;
	enum error error = handle_prepare(own_handles(), 1);

	if (error)
		return error;
	notification = object_new(OBJECT_NOTIFICATION);
	if (!notification)
		return ERR_NO_MEMORY;
	commit_begin();
	list_init(&notification->queue);
	arch_syscall_set_result(frame, 1, handle_insert(own_handles(), &notification->object,
	                                                RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_CONTROL, 0, NULL)->value);
	commit_end();
	return OK;
}

enum error sys_signal(struct trap_frame *frame)
{
	uint64_t bits = arch_syscall_argument(frame, 1);
	struct thread *current = thread_current();
	struct handle *handle;
	enum error error = argument_object_of(current, frame, 0, OBJECT_NOTIFICATION, RIGHT_SEND, &handle);

	if (error)
		return error;
	if (!bits)
		return ERR_RANGE;
	commit_begin_of(current);
	notification_signal((struct notification *)handle->object, bits);
	commit_end_of(current);
	return OK;
}

enum error sys_wait(struct trap_frame *frame)
{
	struct thread *current = thread_current();
	struct notification *notification;
	struct handle *handle;
	enum error error = argument_object_of(current, frame, 0, OBJECT_NOTIFICATION, RIGHT_RECEIVE, &handle);
	uint64_t timeout = arch_syscall_argument(frame, 1);

	if (error)
		return error;
	notification = (struct notification *)handle->object;
	commit_begin_of(current);
	if (notification->bits) {
		arch_syscall_set_result(frame, 1, notification->bits);
		notification->bits = 0;
	} else if (timeout == TIMEOUT_NOW) {
		error = ERR_TIMEOUT;
	} else {
		current->state = THREAD_WAITING;
		list_append(&notification->queue, &current->queue);
		timeout_set(current, timeout);
		error = SYSCALL_BLOCKED;
	}
	commit_end_of(current);
	return error;
}

enum error sys_yield(struct trap_frame *frame)
{
	struct thread *current = thread_current();

	arch_syscall_set_result(frame, 0, OK);
	if (current->traced.is_open) /* it waits for nothing that would end the call */
		trace_end_here();
	if (current->is_killed || !(sched_ready[this_cpu()->id] >> current->priority))
		return OK;
	commit_begin();
	sched_enqueue_here(current);
	commit_end();
	return SYSCALL_BLOCKED;
}

enum error sys_sleep(struct trap_frame *frame)
{
	struct thread *current = thread_current();
	uint64_t microseconds = arch_syscall_argument(frame, 0);

	if (microseconds > 3600000000)
		return ERR_RANGE;
	if (!microseconds)
		return sys_yield(frame);
	commit_begin();
	current->state = THREAD_SLEEPING;
	timeout_set(current, microseconds);
	commit_end();
	return SYSCALL_BLOCKED;
}
