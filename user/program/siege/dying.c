/* SPDX-License-Identifier: MIT */
/* dying.c: what threads can still do in the name of a space that dies; reapers that don't go on. */
#include "siege.h"

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
	must(sys_sleep(1000), "sleep"); /* it waits */
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
	for (uint64_t i = 0; i < rounds; i++)
			done += try_to_revive((enum way)(i % WAYS), shared, memory);
	expect(done > rounds / 2, "it died too early");
}
