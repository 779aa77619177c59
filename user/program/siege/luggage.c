/* SPDX-License-Identifier: MIT */
/* luggage.c: messages with handles while their owners close, revoke, pass on and kill what the handles stand for. */
#include "siege.h"

#define MEETING HANDLE_GIVEN
#define KNOWN   48 /* handles that a thread remembers, valid or not any more */
#define PLAYERS 3

struct player {
	uint64_t state;
	handle_t known[KNOWN];
};

static uint64_t random_below(struct player *player, uint64_t limit)
{
	uint64_t x = player->state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	player->state = x;
	return (x >> 11) % limit;
}

static handle_t any(struct player *player)
{
	return player->known[random_below(player, KNOWN)];
}

/* In the place of another one, which is closed most often, else forgotten. */
static void remember(struct player *player, handle_t handle)
{
	handle_t *at = &player->known[random_below(player, KNOWN)];

	if (*at > HANDLE_GIVEN && random_below(player, 16))
		may_fail(sys_handle_close(*at));
	*at = handle;
}

static uint64_t some_time(struct player *player)
{
	static const uint64_t times[] = { 1, 500, 3000, 10000, UINT64_MAX - 1, UINT64_MAX - 20000000, 1ull << 63 };

	/* For ever only where others come and go: mostly not. */
	return times[random_below(player, random_below(player, 8) ? 4 : ARRAY_SIZE(times))];
}

static struct message packed(struct player *player)
{
	unsigned count = (unsigned)random_below(player, MESSAGE_HANDLES_MAX + 1);
	handle_t same = any(player);
	bool is_same = random_below(player, 4) == 0;

	for (unsigned i = 0; i < count; i++) {
		handle_t handle = is_same ? same : any(player);
		uint64_t type, rights = 0, badge;

		if (sys_handle_info(handle, &type, &rights, &badge))
			rights = RIGHT_GRANT;
		message_page()->handles[i] = handle;
		message_page()->rights[i] = random_below(player, 4) ? rights : random_below(player, RIGHTS_ALL + 1);
	}
	return (struct message){ .info = MESSAGE_INFO(1, random_below(player, 6), count) };
}

/* A copy that arrived may do no more than what it was sent with. */
static void unpack(struct player *player, const struct message *message)
{
	for (unsigned i = 0; i < MESSAGE_HANDLES(message->info); i++) {
		uint64_t type, rights, badge;
		handle_t handle = message_page()->handles[i];

		if (!sys_handle_info(handle, &type, &rights, &badge))
			expect(rights == message_page()->rights[i], "a handle has other rights than it was sent with");
		remember(player, handle);
	}
}

static void serve(struct player *player)
{
	struct message message, answer;
	handle_t reply = HANDLE_NONE;

	if (ipc_receive(MEETING, &message, some_time(player)))
		return;
	unpack(player, &message);
	switch (random_below(player, 4)) {
	case 0:
		return; /* the next receive drops it */
	case 1:
		if (!sys_reply_keep(&reply))
			remember(player, reply);
		return;
	case 2:
		if (sys_reply_keep(&reply))
			return;
		remember(player, reply);
		answer = packed(player);
		message_page()->handles[0] = reply; /* the right to answer goes along with its last use */
		message_page()->rights[0] = RIGHT_SEND;
		may_fail(ipc_reply(reply, &answer));
		return;
	default:
		answer = packed(player);
		may_fail(ipc_reply(HANDLE_NONE, &answer));
	}
}

static void make(struct player *player)
{
	handle_t handle = HANDLE_NONE;

	switch (random_below(player, 5)) {
	case 0:
		may_fail(sys_endpoint_create(&handle));
		break;
	case 1:
		may_fail(sys_notification_create(&handle));
		break;
	case 2:
		may_fail(sys_memory_create(1, &handle));
		break;
	case 3:
		may_fail(sys_space_create(random_below(player, 2) ? MEETING : HANDLE_NONE, &handle));
		break;
	default:
		may_fail(sys_handle_duplicate(any(player), RIGHT_SEND | RIGHT_GRANT, 0, &handle));
	}
	if (handle)
		remember(player, handle);
}

static void step(struct player *player)
{
	struct message message;
	uint64_t bits;

	switch (random_below(player, 16)) {
	case 0 ... 3:
		message = packed(player);
		if (!ipc_call(MEETING, &message, some_time(player)))
			unpack(player, &message);
		break;
	case 4 ... 7:
		serve(player);
		break;
	case 8:
		message = packed(player);
		may_fail(ipc_send(any(player), &message, some_time(player) % 20000));
		break;
	case 9:
		message = packed(player);
		may_fail(ipc_reply(any(player), &message));
		break;
	case 10:
		may_fail(sys_handle_revoke(any(player)));
		break;
	case 11:
		may_fail(sys_handle_close(any(player)));
		break;
	case 12:
		if (random_below(player, 20) == 0)
			may_fail(sys_space_kill(any(player)));
		else
			may_fail(sys_thread_kill(any(player)));
		break;
	case 13:
		may_fail(sys_wait(any(player), some_time(player) % 20000, &bits));
		break;
	default:
		make(player);
	}
}

static void play(void *argument)
{
	struct player player = { .state = (uintptr_t)argument, .known = { HANDLE_SPACE, HANDLE_THREAD, MEETING } };

	for (;;)
		step(&player);
}

void luggage_inside(uint64_t seed)
{
	struct thread thread;

	must(thread_run(play, (void *)(seed * 2654435761u + 1), &thread), "thread");
	play((void *)(seed * 40503u + 7));
}

/* Players live for some milliseconds. What each leaves must be gone at the end: the kernel counts. */
void luggage(uint64_t rounds)
{
	struct child children[PLAYERS] = { 0 };
	handle_t meeting, given;

	must(sys_endpoint_create(&meeting), "endpoint");
	must(sys_handle_duplicate(meeting, RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT, 5, &given), "duplicate");
	for (uint64_t i = 0; i < rounds; i++) {
		struct child *child = &children[i % PLAYERS];

		if (child->space) {
			must(sys_space_kill(child->space), "kill");
			must(sys_handle_close(child->thread), "close");
			must(sys_handle_close(child->space), "close");
		}
		spawn_part("luggage-inside", i + rounds, &given, 1, HANDLE_NONE, child);
		must(sys_sleep(1000 + (i * 7919) % 20000), "sleep");
	}
	for (unsigned i = 0; i < PLAYERS; i++)
		if (children[i].space)
			must(sys_space_kill(children[i].space), "kill");
}
