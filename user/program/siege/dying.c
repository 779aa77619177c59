/* SPDX-License-Identifier: MIT */
/* dying.c: what threads can still do in the name of a space that dies; reapers that don't go on. */
#include "siege.h"

#include "time.h"

#include <amber/system.h>

#define TRIGGER HANDLE_GIVEN       /* sending there ends when the last handle to this space is gone */
#define OTHER   (HANDLE_GIVEN + 1) /* a space with a table to put a handle into */
#define MEETING (HANDLE_GIVEN + 2)
#define MEMORY  (HANDLE_GIVEN + 3)
#define SHARED  0x3000000000ull

enum way { GIVE, SEND, REPLY, REPLY_KEPT, DUPLICATE, WAYS };

struct shared {
	volatile uint64_t is_up, has_tried, error; /* it may be gone before it can tell the error */
};

static struct message with_my_space(void)
{
	message_page()->handles[0] = HANDLE_SPACE;
	message_page()->rights[0] = RIGHT_CONTROL | RIGHT_GRANT;
	return (struct message){ .info = MESSAGE_INFO(0, 0, 1) };
}

static enum error pass_my_space_on(enum way way, handle_t reply)
{
	struct message message = with_my_space();
	uint64_t handle;

	switch (way) {
	case GIVE:
		return sys_space_give(OTHER, HANDLE_SPACE, RIGHT_CONTROL | RIGHT_GRANT, 0, &handle);
	case SEND:
		return ipc_send(MEETING, &message, TIMEOUT_FOREVER);
	case DUPLICATE:
		return sys_handle_duplicate(HANDLE_SPACE, RIGHT_CONTROL, 0, &handle);
	default:
		return ipc_reply(reply, &message);
	}
}

/* Nobody else has a handle to this space when it tries to pass its own one on. */
void revive_inside(uint64_t way)
{
	struct shared *shared = (struct shared *)SHARED;
	handle_t reply = HANDLE_NONE;
	struct message message;

	must(sys_thread_set(HANDLE_THREAD, 25, 1), "set");
	must(sys_map(HANDLE_SPACE, MEMORY, SHARED, 0, 1, MAP_READ | MAP_WRITE), "map");
	if (way == REPLY || way == REPLY_KEPT)
		must(ipc_receive(MEETING, &message, TIMEOUT_FOREVER), "receive");
	if (way == REPLY_KEPT)
		must(sys_reply_keep(&reply), "keep");
	shared->is_up = true;
	message = (struct message){ 0 };
	expect(ipc_send(TRIGGER, &message, TIMEOUT_FOREVER) == ERR_GONE, "a message was heard");
	shared->has_tried = true;
	shared->error = pass_my_space_on((enum way)way, reply);
}

static handle_t meeting;

static void partner(void *argument)
{
	enum way way = (enum way)(uintptr_t)argument;
	struct message message = { 0 };

	if (way == REPLY || way == REPLY_KEPT)
		expect(ipc_call(meeting, &message, TIMEOUT_FOREVER) == ERR_GONE, "an answer with a dead space came");
	else
		must(ipc_receive(meeting, &message, TIMEOUT_FOREVER), "receive");
	expect(MESSAGE_HANDLES(message.info) == 0, "a dead space came");
}

/* A space that has the last handle to the child's, and behind it in its table the last to receive what the child sends. */
static handle_t make_holder(const struct child *child, handle_t trigger)
{
	handle_t holder, given;

	must(sys_space_create(HANDLE_NONE, &holder), "space");
	must(sys_space_give(holder, child->space, RIGHT_CONTROL, 0, &given), "give");
	must(sys_space_give(holder, trigger, RIGHT_RECEIVE, 0, &given), "give");
	must(sys_handle_close(child->space), "close");
	must(sys_handle_close(child->thread), "close");
	must(sys_handle_close(trigger), "close");
	return holder;
}

/* True: the child tried. */
static bool try_to_revive(enum way way, struct shared *shared, handle_t memory)
{
	const struct message nothing = { 0 };
	handle_t handles[] = { HANDLE_NONE, HANDLE_SPACE, meeting, memory }, trigger, holder;
	struct thread thread;
	struct child child;
	uint64_t code;

	*shared = (struct shared){ .error = way == GIVE || way == DUPLICATE ? ERR_GONE : ERR_HANDLE };
	must(sys_endpoint_create(&trigger), "endpoint");
	must(sys_handle_duplicate(trigger, RIGHT_SEND | RIGHT_GRANT, 0, &handles[0]), "duplicate");
	must(thread_run(partner, (void *)(uintptr_t)way, &thread), "thread");
	spawn_part("revive-inside", way, handles, ARRAY_SIZE(handles), HANDLE_NONE, &child);
	while (!shared->is_up)
		must(sys_sleep(1000), "sleep");
	wait_for_state(child.thread, SYSTEM_SENDING);
	must(sys_handle_close(handles[0]), "close");
	holder = make_holder(&child, trigger);
	must(sys_space_kill(holder), "kill");
	must(sys_handle_close(holder), "close");
	must(sys_sleep(SECOND / 50), "sleep");
	expect(shared->error == (way == GIVE || way == DUPLICATE ? ERR_GONE : ERR_HANDLE), "a dead space's handle was passed on");
	if (way != REPLY && way != REPLY_KEPT)
		must(ipc_send(meeting, &nothing, TIMEOUT_FOREVER), "send");
	must(thread_join(&thread, &code), "join");
	expect(code == 0, "what came");
	return shared->has_tried;
}

/* It comes to it nearly each time: the holder's end wakes the child, which is more important on the same CPU, between two steps.
 * Unless another CPU takes its space apart just then. */
void revive(uint64_t rounds)
{
	unsigned done = 0;
	handle_t memory;
	void *shared;

	must(sys_thread_set(HANDLE_THREAD, 16, 1), "set");
	must(memory_make(1, &shared, &memory), "memory");
	must(sys_endpoint_create(&meeting), "endpoint");
	for (uint64_t i = 0; i < rounds || (done <= rounds / 2 && i < 20 * rounds); i++)
		done += try_to_revive((enum way)(i % WAYS), shared, memory);
	expect(done > rounds / 2, "it died too early");
}

#define WAITERS 60
#define AT_ONCE 16 /* of them hear it in one step */

static volatile uint32_t told;
static volatile bool is_over;

static void wait_to_send(void *spins)
{
	const struct message message = { 0 };

	expect(ipc_send(meeting, &message, TIMEOUT_FOREVER) == ERR_GONE, "a message was heard");
	__atomic_add_fetch(&told, 1, __ATOMIC_RELAXED);
	while (spins && !is_over)
		;
}

static void close_it(void *endpoint)
{
	must(sys_handle_close((uintptr_t)endpoint), "close");
}

static void run_as(void (*fn)(void *), void *argument, uint64_t priority, struct thread *thread)
{
	must(thread_make(fn, argument, thread), "thread");
	must(sys_thread_set(thread->handle, priority, 1), "set");
	must(sys_thread_start(thread->handle), "start");
}

/* In the step in which the second AT_ONCE of those who wait hear that their endpoint is gone, one of them becomes ready that is
 * more important than the thread that takes the endpoint apart, and spins. The others must hear it all the same. */
static void stop_the_reaper(void)
{
	static struct thread waiters[WAITERS];
	struct thread closer;
	handle_t endpoint, other;
	uint64_t code;

	told = 0;
	is_over = false;
	must(sys_endpoint_create(&endpoint), "endpoint");
	must(sys_handle_duplicate(endpoint, RIGHT_SEND, 0, &meeting), "duplicate");
	for (unsigned i = 0; i < WAITERS; i++) {
		run_as(wait_to_send, i == AT_ONCE ? &waiters[i] : NULL, i < AT_ONCE ? 2 : i == AT_ONCE ? 20 : 25, &waiters[i]);
		wait_for_state(waiters[i].handle, SYSTEM_SENDING); /* they wait in this order; the first ones don't run when they hear it */
	}
	run_as(close_it, (void *)(uintptr_t)endpoint, 5, &closer);
	must(sys_sleep(SECOND / 10), "sleep");
	must(sys_notification_create(&other), "notification");
	must(sys_handle_close(other), "close"); /* who makes something die takes apart what there is */
	for (unsigned i = 0; i < 300 && told != WAITERS - AT_ONCE; i++) /* with two CPUs it may take long: QEMU's thread sleeps */
		must(sys_sleep(SECOND / 10), "sleep");
	is_over = true;
	expect(told == WAITERS - AT_ONCE, "who takes something apart doesn't run, and nobody else goes on");
	for (unsigned i = 0; i < WAITERS; i++)
		must(thread_join(&waiters[i], &code), "join");
	must(thread_join(&closer, &code), "join");
	must(sys_handle_close(meeting), "close");
}

void reaper(uint64_t rounds)
{
	must(sys_thread_set(HANDLE_THREAD, 30, 1), "set");
	for (uint64_t i = 0; i < rounds; i++)
		stop_the_reaper();
}

static void spin(void *argument)
{
	(void)argument;
	for (;;)
		;
}

static void make_and_lose_memory(void *argument)
{
	handle_t memory;

	(void)argument;
	for (;;)
		if (!sys_memory_create(2048, &memory))
			may_fail(sys_handle_close(memory));
}

/* An unimportant thread is killed; then an important one spins on the only CPU where it may run. It must end all the same. */
static void kill_unimportant(void (*fn)(void *), uint64_t cpus)
{
	struct thread victim, spinner;
	handle_t notification;
	uint64_t bits, code;

	must(sys_notification_create(&notification), "notification");
	must(thread_make(fn, NULL, &victim), "thread");
	must(sys_thread_set(victim.handle, 0, cpus), "set");
	must(sys_thread_watch(victim.handle, notification, 1), "watch");
	must(sys_thread_start(victim.handle), "start");
	must(thread_make(spin, NULL, &spinner), "thread");
	must(sys_thread_set(spinner.handle, 10, cpus), "set");
	must(sys_sleep(SECOND / 50), "sleep");
	must(sys_thread_kill(victim.handle), "kill");
	must(sys_thread_start(spinner.handle), "start");
	expect(sys_thread_set(victim.handle, 0, cpus) == ERR_GONE, "a killed thread's priority was changed");
	must(sys_wait(notification, 30 * SECOND, &bits), "the end of one who was killed");
	must(thread_join(&victim, &code), "join");
	must(sys_thread_kill(spinner.handle), "kill");
	must(thread_join(&spinner, &code), "join");
	must(sys_handle_close(notification), "close");
}

void hurry(uint64_t cpus)
{
	must(sys_thread_set(HANDLE_THREAD, 16, 1), "set");
	for (unsigned i = 0; i < 10; i++) {
		kill_unimportant(spin, 1);
		kill_unimportant(make_and_lose_memory, cpus == 1 ? 1 : 2);
	}
}

#define LARGE   24576     /* pages: 96 MiB */
#define LONGEST (SECOND / 60) /* a tick and a half: that long takes no sleep, under -icount */

static volatile uint64_t longest;

static void sleep_briefly(void *argument)
{
	(void)argument;
	while (!is_over) {
		uint64_t begin = time_us(), took;

		must(sys_sleep(1), "sleep");
		took = time_us() - begin;
		longest = took > longest ? took : longest;
	}
}

/* While one CPU gives back much memory, the other one, idle, helps: but not when a thread becomes ready there. */
void idle_helps(uint64_t rounds)
{
	struct thread sleeper;
	handle_t memory;
	uint64_t code;

	must(sys_thread_set(HANDLE_THREAD, 16, 1), "set");
	must(thread_make(sleep_briefly, NULL, &sleeper), "thread");
	must(sys_thread_set(sleeper.handle, 16, 2), "set");
	must(sys_thread_start(sleeper.handle), "start");
	for (uint64_t i = 0; i < rounds; i++) {
		must(sys_memory_create(LARGE, &memory), "memory");
		must(sys_sleep(SECOND / 20), "sleep");
		must(sys_handle_close(memory), "close");
	}
	is_over = true;
	must(thread_join(&sleeper, &code), "join");
	expect(longest < LONGEST, "the idle thread goes on while another one is ready");
}
