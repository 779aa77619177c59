/* SPDX-License-Identifier: MIT */
/*
 * kernel/endpoint.c: the lives of endpoints, notifications and kept replies, and signalling. Whoever waits at something that dies
 * hears ERR_GONE. Big lock held.
 */
#include "ipc.h"

#include <amber/panic.h>

#include <arch.h>

#include "console.h"
#include "sched.h"

#define FAILS_AT_ONCE 16 /* waiting threads per step */

/* True: nobody waits there any more. */
static bool fail_some(struct link *queue)
{
	bool has_line = false;

	for (unsigned i = 0; i < FAILS_AT_ONCE && !has_line && !list_is_empty(queue); i++) {
		struct thread *thread = LINK_OWNER(queue->next, struct thread, queue);

		has_line = thread_wakes_with_a_line(thread);
		ipc_fail(thread, ERR_GONE);
	}
	return list_is_empty(queue);
}

static bool waits_with(const struct thread *thread, const struct handle *handle)
{
	return !thread->is_fault && &thread->space->handles == handle->table &&
	       arch_syscall_argument(thread->frame, 0) == handle->value;
}

/* At most all threads that there are (mm/stack.c) are looked at. */
bool ipc_fail_users_step(const struct handle *handle)
{
	struct object *object = handle->object;
	struct link *queue, *next;
	unsigned left = FAILS_AT_ONCE;

	if (object->type == OBJECT_ENDPOINT)
		queue = &((struct endpoint *)object)->queue;
	else if (object->type == OBJECT_NOTIFICATION)
		queue = &((struct notification *)object)->queue;
	else
		return true;
	for (struct link *link = queue->next; link != queue; link = next) {
		struct thread *thread = LINK_OWNER(link, struct thread, queue);
		bool has_line = thread_wakes_with_a_line(thread);

		next = link->next;
		if (!waits_with(thread, handle))
			continue;
		ipc_fail(thread, ERR_GONE);
		if (!--left || has_line)
			return false;
	}
	return true;
}

bool endpoint_destroy_step(struct object *object)
{
	struct endpoint *endpoint = (struct endpoint *)object;

	ASSERT(!endpoint->receivers);
	return fail_some(&endpoint->queue);
}

bool notification_destroy_step(struct object *object)
{
	struct notification *notification = (struct notification *)object;

	console_forget(notification);
	return fail_some(&notification->queue);
}

bool reply_destroy_step(struct object *object)
{
	struct reply *reply = (struct reply *)object;
	struct thread *caller = reply->caller;

	reply->caller = NULL;
	if (caller) {
		caller->reply = NULL;
		ipc_fail(caller, ERR_GONE);
	}
	return true;
}

void endpoint_receiver_added(struct endpoint *endpoint)
{
	endpoint->receivers++;
}

/* Nobody can receive any more: who waits to send would wait for ever. The first of them hear it now, the others in steps. */
void endpoint_receiver_gone(struct endpoint *endpoint)
{
	if (--endpoint->receivers)
		return;
	endpoint->is_abandoned = true;
	if (!fail_some(&endpoint->queue))
		object_has_work(&endpoint->object);
}

void notification_signal(struct notification *notification, uint64_t bits)
{
	struct thread *waiter;

	if (list_is_empty(&notification->queue)) {
		notification->bits |= bits;
		return;
	}
	/* Whoever waits found no bit set: what comes now is all there is. */
	waiter = LINK_OWNER(notification->queue.next, struct thread, queue);
	list_remove(&waiter->queue);
	arch_syscall_set_result(waiter->frame, 0, OK);
	arch_syscall_set_result(waiter->frame, 1, bits);
	thread_make_ready(waiter);
}
