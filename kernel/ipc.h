/* SPDX-License-Identifier: MIT */
/*
 * kernel/ipc.h: endpoints, notifications, the right to reply. Whoever completes the other side's operation stores its results
 * into that thread's frame, so a waiting thread has nothing of the kernel under way. Big lock held.
 */
#ifndef AMBER_IPC_H
#define AMBER_IPC_H

#include "handle.h"
#include "thread.h"

/* What an operation that blocks returns: its result is stored by whoever wakes it; syscall_handle then calls sched_leave. */
#define SYSCALL_BLOCKED ERR_COUNT
#define RECEIVE_AGAIN   (ERR_COUNT + 1) /* ipc_receive: many senders have failed: again, behind a preemption point */

struct endpoint {
	struct object object;
	struct link queue;       /* threads SENDING or RECEIVING, one kind at a time, first come first served */
	uint32_t receivers;      /* handles with RIGHT_RECEIVE: 0 again = nobody will ever answer */
	bool is_abandoned;       /* … and it once had one: sends fail with ERR_GONE */
};

struct notification {
	struct object object;
	uint64_t bits;
	struct link queue;       /* threads WAITING */
};

/* A kept right to answer one call. */
struct reply {
	struct object object;
	struct thread *caller;   /* NULL: it died */
};

bool endpoint_destroy_step(struct object *object);
bool notification_destroy_step(struct object *object);
bool reply_destroy_step(struct object *object);
void endpoint_receiver_added(struct endpoint *endpoint);  /* a handle with RIGHT_RECEIVE: kernel/handle.c */
void endpoint_receiver_gone(struct endpoint *endpoint);

/* Some of those who wait at an endpoint or a notification with this handle hear ERR_GONE; true = nobody does any more. */
bool ipc_fail_users_step(const struct handle *handle) __must_check;

void notification_signal(struct notification *notification, uint64_t bits);
/* What a waiting thread waited for is over: result 0, ready. / It fails; it may be in a queue. */
void ipc_finish(struct thread *thread, enum error error);
void ipc_fail(struct thread *thread, enum error error);
/* A partner has what it waited for, and goes on next. */
void ipc_hand_over(struct thread *thread);
enum error ipc_check_info(uint64_t info) __must_check;
/* The current thread's operation. SYSCALL_BLOCKED: it waits now; else the result; RECEIVE_AGAIN. */
enum error ipc_send(struct thread *sender, struct endpoint *endpoint, uint64_t badge, bool wants_reply,
                    uint64_t timeout) __must_check;
enum error ipc_receive(struct thread *receiver, struct endpoint *endpoint, uint64_t timeout) __must_check;
enum error ipc_reply(struct thread *server) __must_check;
enum error ipc_reply_kept(struct thread *server, struct reply *reply) __must_check;
void ipc_drop_caller(struct thread *server); /* who waits for its answer gets ERR_GONE */
/* It waits for nothing any more. Whoever waits for its answer still does: ipc_thread_ends, in its own context. (Told here, a
 * caller whose call is a fault would be killed here, and its caller, and so on.) */
void ipc_wait_ends(struct thread *thread);
/* Everything that this thread waits for or owes to others in IPC is undone; partners get ERR_GONE. */
void ipc_thread_ends(struct thread *thread);
/* A time-out: the operation fails with ERR_TIMEOUT; kernel/timeout.c. The thread is made ready. */
void ipc_timed_out(struct thread *thread);
/* The current thread faulted: its fault goes to the pager as a call. Returns the frame to go on with. */
struct trap_frame *ipc_send_fault(struct endpoint *pager, uint64_t badge) __must_check;

/* The fast path: may this call be done by it? Then do it, which can't fail. Else it is done slowly. */
typedef struct trap_frame *ipc_path(struct percpu *cpu, struct thread *current, struct trap_frame *frame);
struct trap_frame *ipc_fast_call(struct percpu *cpu, struct thread *current, struct trap_frame *frame, ipc_path *slowly);
struct trap_frame *ipc_fast_reply_recv(struct percpu *cpu, struct thread *current, struct trap_frame *frame, ipc_path *slowly);
struct trap_frame *ipc_fast_fault(struct endpoint *pager, uint64_t badge); /* the current thread's fault */

#endif
