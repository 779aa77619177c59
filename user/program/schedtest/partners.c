/* SPDX-License-Identifier: MIT */
/*
 * partners.c: schedtest: the other side of a message dies, gives up or is never there; replies are used once; threads are killed
 * in every state. The main thread is the more important one: when it naps, the others get as far as they can.
 */
#include "schedtest.h"

#include "ipc.h"
#include "time.h"

#define QUEUE   40 /* more than the kernel tells in one step */
#define TIMEOUT 20000000

struct caller {
	struct thread thread;
	handle_t endpoint;
	enum error heard;
};

static void call(void *argument)
{
	struct caller *caller = argument;
	struct message message = { 0 };

	caller->heard = ipc_call(caller->endpoint, &message, TIMEOUT);
}

static void start_caller(struct caller *caller, handle_t endpoint)
{
	caller->endpoint = endpoint;
	caller->heard = ERR_COUNT;
	must(thread_run(call, caller, &caller->thread), "thread");
}

static enum error heard_by(struct caller *caller)
{
	uint64_t code;

	must(thread_join(&caller->thread, &code), "join");
	return caller->heard;
}

static handle_t new_endpoint(void)
{
	handle_t endpoint;

	must(sys_endpoint_create(&endpoint), "endpoint");
	return endpoint;
}

static handle_t only_to_send(handle_t endpoint)
{
	handle_t copy;

	must(sys_handle_duplicate(endpoint, RIGHT_SEND | RIGHT_GRANT, 0, &copy), "duplicate");
	return copy;
}

static void receive_and_sleep(void *argument)
{
	struct message message;

	must(ipc_receive(*(handle_t *)argument, &message, TIMEOUT), "receive");
	nap(20000);
}

static void server_dies(void)
{
	handle_t endpoint = new_endpoint();
	struct thread server;
	struct caller caller;

	must(thread_run(receive_and_sleep, &endpoint, &server), "thread");
	start_caller(&caller, endpoint);
	nap(30);
	check(caller.heard == ERR_COUNT, "a caller waits for its answer");
	end(&server);
	gives(heard_by(&caller), ERR_GONE, "the server that owes the answer dies: the caller's call");
	must(sys_handle_close(endpoint), "close");
}

static void nobody_receives(void)
{
	static struct caller callers[QUEUE];
	handle_t endpoint = new_endpoint(), copy = only_to_send(endpoint);
	struct message message = { 0 };
	unsigned gone = 0;

	for (unsigned i = 0; i < QUEUE; i++)
		start_caller(&callers[i], copy);
	nap(100);
	must(sys_handle_close(endpoint), "close");
	for (unsigned i = 0; i < QUEUE; i++)
		gone += heard_by(&callers[i]) == ERR_GONE;
	check(gone == QUEUE, "the last handle to receive goes: all who are queued get ERR_GONE");
	gives(ipc_call(copy, &message, TIMEOUT), ERR_GONE, "a call where nobody can receive any more");
	gives(ipc_send(copy, &message, TIMEOUT), ERR_GONE, "a send there");
	must(sys_handle_close(copy), "close");
}

void test_partners(void)
{
	server_dies();
	nobody_receives();
}

/* --- a server and its client on a CPU each ------------------------------------------------------------------------------- */

static struct thread pinned_server, pinned_client;
static unsigned strays;

static void serve_pinned(void *argument)
{
	handle_t endpoint = *(handle_t *)argument;
	struct message message;
	enum error error = ipc_receive(endpoint, &message, TIMEOUT);

	for (; !error; error = ipc_reply_recv(endpoint, &message, TIMEOUT_FOREVER)) {
		message.info = MESSAGE_INFO(0, 0, 0);
		strays += info_of(pinned_server.handle).cpu != 1;
	}
	fail("the pinned server", error);
}

/* Without a time-out, so that nothing but the CPUs keeps it from the fast path. */
static void call_pinned(void *argument)
{
	handle_t endpoint = *(handle_t *)argument;

	for (unsigned i = 0; i < 50; i++) {
		struct message message = { 0 };

		must(ipc_call(endpoint, &message, TIMEOUT_FOREVER), "call");
		strays += info_of(pinned_client.handle).cpu != 0;
	}
}

void test_pinned_partners(void)
{
	handle_t endpoint = new_endpoint();
	uint64_t code;

	must(thread_make(serve_pinned, &endpoint, &pinned_server), "thread");
	must(thread_make(call_pinned, &endpoint, &pinned_client), "thread");
	must(sys_thread_set(pinned_server.handle, PRIORITY_DEFAULT, 2), "thread_set");
	must(sys_thread_set(pinned_client.handle, PRIORITY_DEFAULT, 1), "thread_set");
	must(sys_thread_start(pinned_server.handle), "start");
	nap(30); /* it receives by now */
	must(sys_thread_start(pinned_client.handle), "start");
	must(thread_join(&pinned_client, &code), "join");
	check(!code && !strays, "a message moves nobody to a CPU where he may not run");
	end(&pinned_server);
	must(sys_handle_close(endpoint), "close");
}

/* --- a receiver that is less important than its sender --------------------------------------------------------------- */

static volatile bool has_heard;

static void receive_once(void *argument)
{
	struct message message;

	must(ipc_receive((uintptr_t)argument, &message, TIMEOUT_FOREVER), "receive");
	has_heard = true;
}

/* It is handed over, on the sender's CPU, and the sender goes on. Another CPU has nothing to do. */
void test_receiver_left_behind(void)
{
	const struct message message = { 0 };
	handle_t endpoint = new_endpoint();
	struct thread thread;
	uint64_t begin, code;

	must(thread_run(receive_once, (void *)(uintptr_t)endpoint, &thread), "thread");
	nap(50);
	must(ipc_send(endpoint, &message, TIMEOUT_FOREVER), "send");
	for (begin = time_us(); !has_heard && time_us() < begin + 30000000;)
		;
	check(has_heard, "an idle CPU takes a receiver that is less important than its sender, which goes on");
	must(thread_join(&thread, &code), "join");
	must(sys_handle_close(endpoint), "close");
}

/* --- a server that is less important than a third thread ------------------------------------------------------------- */

static bool is_answered;

/* Without a time-out, else the call would take the slow path. */
static void serve_for_ever(void *argument)
{
	handle_t endpoint = *(handle_t *)argument;
	struct message message;
	enum error error = ipc_receive(endpoint, &message, TIMEOUT_FOREVER);

	for (; !error; error = ipc_reply_recv(endpoint, &message, TIMEOUT_FOREVER))
		message.info = MESSAGE_INFO(0, 0, 0);
	fail("the server", error);
}

static void call_once(void *argument)
{
	struct message message = { 0 };

	must(ipc_call(*(handle_t *)argument, &message, TIMEOUT_FOREVER), "call");
	__atomic_store_n(&is_answered, true, __ATOMIC_RELEASE);
}

static void start_here(void (*fn)(void *), void *argument, uint64_t priority, struct thread *thread)
{
	must(thread_make(fn, argument, thread), "thread");
	must(sys_thread_set(thread->handle, priority, 1), "thread_set");
	must(sys_thread_start(thread->handle), "start");
}

/* All on CPU 0. Nothing is inherited: docs/messages.md. */
void test_unimportant_server(void)
{
	struct thread server, busy, client;
	handle_t endpoint = new_endpoint();
	uint64_t spins = 0, code;

	must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT + 1, 1), "thread_set");
	start_here(serve_for_ever, &endpoint, PRIORITY_DEFAULT - 4, &server);
	nap(30); /* it receives by now */
	start_here(spin, &spins, PRIORITY_DEFAULT - 3, &busy);
	start_here(call_once, &endpoint, PRIORITY_DEFAULT - 2, &client);
	nap(50);
	check(eventually(__atomic_load_n(&spins, __ATOMIC_RELAXED)) && !__atomic_load_n(&is_answered, __ATOMIC_ACQUIRE),
	      "a call doesn't take a server past a more important thread");
	end(&busy);
	must(thread_join(&client, &code), "join");
	check(is_answered, "then it is answered");
	end(&server);
	must(sys_handle_close(endpoint), "close");
	must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT + 1, 0xff), "thread_set");
}

static unsigned woken;

static void receive_and_count(void *argument)
{
	struct message message;

	while (!ipc_receive(*(handle_t *)argument, &message, TIMEOUT))
		__atomic_add_fetch(&woken, 1, __ATOMIC_RELAXED);
}

static void wait_and_count(void *argument)
{
	uint64_t bits;

	while (!sys_wait(*(handle_t *)argument, TIMEOUT, &bits))
		__atomic_add_fetch(&woken, 1, __ATOMIC_RELAXED);
}

/* Each time, so that no tick can have done it. All on CPU 0. */
void test_waking_the_more_important(void)
{
	enum { ROUNDS = 20 };
	handle_t endpoint = new_endpoint(), bell;
	struct thread receiver, waiter;
	struct message message = { 0 };
	unsigned late = 0;

	must(sys_notification_create(&bell), "notification");
	must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT + 1, 1), "thread_set");
	start_here(receive_and_count, &endpoint, PRIORITY_DEFAULT + 2, &receiver);
	start_here(wait_and_count, &bell, PRIORITY_DEFAULT + 2, &waiter);
	for (unsigned i = 1; i <= ROUNDS; i++) {
		must(ipc_send(endpoint, &message, TIMEOUT), "send");
		late += __atomic_load_n(&woken, __ATOMIC_RELAXED) != 2 * i - 1;
		must(sys_signal(bell, 1), "signal");
		late += __atomic_load_n(&woken, __ATOMIC_RELAXED) != 2 * i;
	}
	check(!late, "a more important thread that is woken runs before the call returns");
	end(&receiver);
	end(&waiter);
	must(sys_handle_close(endpoint), "close");
	must(sys_handle_close(bell), "close");
	must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT + 1, 0xff), "thread_set");
}

/* Its caller waits for the answer that the main thread owes it. */
static void take_call(struct caller *caller, handle_t endpoint)
{
	struct message message;

	start_caller(caller, endpoint);
	must(ipc_receive(endpoint, &message, TIMEOUT), "receive");
}

static void of_the_last_call(handle_t endpoint)
{
	struct message message = { 0 };
	struct caller caller;

	gives(ipc_reply(HANDLE_NONE, &message), ERR_NOT_FOUND, "a reply that nobody waits for");
	take_call(&caller, endpoint);
	gives(ipc_reply(HANDLE_NONE, &message), OK, "a reply");
	gives(ipc_reply(HANDLE_NONE, &message), ERR_NOT_FOUND, "a second one to the same call");
	gives(heard_by(&caller), OK, "the caller's call");
	take_call(&caller, endpoint);
	end(&caller.thread);
	gives(ipc_reply(HANDLE_NONE, &message), ERR_GONE, "a reply to a caller that was killed");
	take_call(&caller, endpoint);
	gives(ipc_receive(endpoint, &message, TIMEOUT_NOW), ERR_TIMEOUT, "the server receives again without a reply");
	gives(heard_by(&caller), ERR_GONE, "the caller's call");
}

static void of_kept_ones(handle_t endpoint)
{
	struct message message = { 0 };
	struct caller caller;
	handle_t reply, copies[40];

	take_call(&caller, endpoint);
	must(sys_reply_keep(&reply), "reply_keep");
	gives(ipc_reply(HANDLE_NONE, &message), ERR_NOT_FOUND, "the last call's answer, once it is kept");
	for (unsigned i = 0; i < ARRAY_SIZE(copies); i++)
		must(sys_handle_duplicate(reply, RIGHT_SEND, 0, &copies[i]), "duplicate");
	gives(ipc_reply(reply, &message), OK, "a kept reply");
	gives(heard_by(&caller), OK, "the caller's call");
	gives(ipc_reply(reply, &message), ERR_HANDLE, "the kept reply a second time");
	gives(ipc_reply(copies[0], &message), ERR_GONE, "a copy of it");
	for (unsigned i = 1; i < ARRAY_SIZE(copies); i++)
		must(sys_handle_close(copies[i]), "close");
	take_call(&caller, endpoint);
	must(sys_reply_keep(&reply), "reply_keep");
	must(sys_handle_close(reply), "close");
	gives(heard_by(&caller), ERR_GONE, "a kept reply is closed: the caller's call");
	take_call(&caller, endpoint);
	must(sys_reply_keep(&reply), "reply_keep");
	end(&caller.thread);
	gives(ipc_reply(reply, &message), ERR_GONE, "a kept reply to a caller that was killed");
}

void test_replies(void)
{
	handle_t endpoint = new_endpoint();

	of_the_last_call(endpoint);
	of_kept_ones(endpoint);
	must(sys_handle_close(endpoint), "close");
}

/* --- killed in every state ----------------------------------------------------------------------------------------------- */

static handle_t somewhere, notification;
static uint64_t counter;

static void do_spin(void *argument)
{
	(void)argument;
	spin(&counter);
}

static void do_send(void *argument)
{
	struct message message = { 0 };

	(void)argument;
	must(ipc_send(somewhere, &message, TIMEOUT), "send");
}

static void do_receive(void *argument)
{
	struct message message;

	(void)argument;
	must(ipc_receive(somewhere, &message, TIMEOUT), "receive");
}

static void do_wait(void *argument)
{
	uint64_t bits;

	(void)argument;
	must(sys_wait(notification, TIMEOUT_FOREVER, &bits), "wait");
}

static void do_sleep(void *argument)
{
	(void)argument;
	nap(20000);
}

static void kill_it(void (*fn)(void *), bool is_started, const char *what)
{
	struct thread thread;
	uint64_t code;

	must(thread_make(fn, NULL, &thread), "thread");
	if (is_started) {
		must(sys_thread_start(thread.handle), "thread_start");
		nap(20);
	}
	must(sys_thread_kill(thread.handle), "kill");
	must(sys_thread_kill(thread.handle), "kill a second time");
	must(thread_join(&thread, &code), "join");
	check(code == (EXIT_KILLED | EXIT_REASON_KILLED), what);
}

/* Ready, behind one that is busy on the same CPU. */
static void kill_a_ready_one(void)
{
	struct thread busy, ready;
	uint64_t never = 0, code;

	must(thread_make(do_spin, NULL, &busy), "thread");
	must(thread_make(spin, &never, &ready), "thread");
	must(sys_thread_set(busy.handle, PRIORITY_DEFAULT, 1), "thread_set");
	must(sys_thread_set(ready.handle, PRIORITY_DEFAULT - 2, 1), "thread_set");
	must(sys_thread_start(busy.handle), "start");
	must(sys_thread_start(ready.handle), "start");
	nap(20);
	must(sys_thread_kill(ready.handle), "kill");
	end(&busy);
	must(thread_join(&ready, &code), "join");
	check(code == (EXIT_KILLED | EXIT_REASON_KILLED) && !never, "killed while it is ready and has never run");
}

void test_kills(void)
{
	struct message message;

	somewhere = new_endpoint();
	must(sys_notification_create(&notification), "notification");
	kill_it(do_spin, false, "killed before it was started");
	kill_it(do_spin, true, "killed while it runs");
	kill_it(do_send, true, "killed while it sends");
	gives(ipc_receive(somewhere, &message, TIMEOUT_NOW), ERR_TIMEOUT, "… and its message is gone");
	kill_it(do_receive, true, "killed while it receives");
	kill_it(do_wait, true, "killed while it waits for a signal");
	kill_it(do_sleep, true, "killed while it sleeps");
	kill_a_ready_one();
	must(sys_signal(notification, 1), "signal");
	check(sys_handle_close(notification) == OK && sys_handle_close(somewhere) == OK, "nothing of them is left in the queues");
}
