/* SPDX-License-Identifier: MIT */
/* revoked.c: threads that wait with a handle while it is revoked, or closed and what it was made from revoked afterwards. */
#include "siege.h"

#include <amber/system.h>

#define THREADS 60

static handle_t endpoint, receiving, notification, waiting, inbox, sending;

static void hear(void *argument)
{
	struct message message;

	(void)argument;
	exit((uint32_t)ipc_receive(receiving, &message, TIMEOUT_FOREVER));
}

static void wait(void *argument)
{
	uint64_t bits;

	(void)argument;
	exit((uint32_t)sys_wait(waiting, TIMEOUT_FOREVER, &bits));
}

static void say(void *argument)
{
	const struct message message = { .info = MESSAGE_INFO(0, 0, 0) };

	(void)argument;
	exit((uint32_t)ipc_send(sending, &message, TIMEOUT_FOREVER));
}

static void make_copies(void)
{
	must(sys_handle_duplicate(endpoint, RIGHT_RECEIVE, 0, &receiving), "duplicate");
	must(sys_handle_duplicate(notification, RIGHT_RECEIVE, 0, &waiting), "duplicate");
	must(sys_handle_duplicate(inbox, RIGHT_SEND, 7, &sending), "duplicate");
}

/* Who waits with them needs no handle to go on waiting: that must not be a way around being revoked. */
static void close_copies(void)
{
	must(sys_handle_close(receiving), "close");
	must(sys_handle_close(waiting), "close");
	must(sys_handle_close(sending), "close");
}

/* They hear it; a message or a signal that comes afterwards isn't theirs, and theirs doesn't come. */
void revoked(uint64_t rounds)
{
	static void (*const functions[])(void *) = { wait, hear, say };
	static const uint64_t states[] = { SYSTEM_WAITING, SYSTEM_RECEIVING, SYSTEM_SENDING };
	struct thread threads[THREADS];
	struct message message = { 0 };
	uint64_t code;

	must(sys_endpoint_create(&endpoint), "endpoint");
	must(sys_endpoint_create(&inbox), "endpoint");
	must(sys_notification_create(&notification), "notification");
	for (uint64_t round = 0; round < rounds; round++) {
		make_copies();
		for (unsigned i = 0; i < THREADS; i++)
			must(thread_run(functions[i % ARRAY_SIZE(functions)], NULL, &threads[i]), "thread");
		for (unsigned i = 0; i < THREADS; i++)
			wait_for_state(threads[i].handle, states[i % ARRAY_SIZE(states)]);
		if (round % 2)
			close_copies();
		must(sys_handle_revoke(endpoint), "revoke");
		must(sys_handle_revoke(notification), "revoke");
		must(sys_handle_revoke(inbox), "revoke");
		expect(ipc_send(endpoint, &message, TIMEOUT_NOW) == ERR_TIMEOUT, "heard with a revoked handle");
		expect(ipc_receive(inbox, &message, TIMEOUT_NOW) == ERR_TIMEOUT, "sent with a revoked handle");
		must(sys_signal(notification, 1), "signal");
		must(sys_wait(notification, TIMEOUT_NOW, &code), "a signal heard with a revoked handle");
		for (unsigned i = 0; i < THREADS; i++) {
			must(thread_join(&threads[i], &code), "join");
			expect(code == ERR_GONE || code == ERR_HANDLE, "the end of a wait");
		}
	}
}

#define LARGE_PAGES 4096
#define MAPPINGS    12
#define LARGE_AT(i) (0x2c00000000ull + (uint64_t)(i) * (LARGE_PAGES + 16) * PAGE_SIZE)

static void revoke(void *handle)
{
	exit((uint32_t)sys_handle_revoke((uintptr_t)handle));
}

/* True: the handle was closed before revoking it was done. */
static bool close_while_it_is_revoked(void)
{
	struct thread thread;
	handle_t memory;
	uint64_t code;

	must(sys_memory_create(LARGE_PAGES, &memory), "memory");
	for (unsigned i = 0; i < MAPPINGS; i++)
		must(sys_map(HANDLE_SPACE, memory, LARGE_AT(i), 0, LARGE_PAGES, MAP_READ | MAP_WRITE), "map");
	must(thread_make(revoke, (void *)(uintptr_t)memory, &thread), "thread");
	must(sys_thread_set(thread.handle, 10, 1), "set");
	must(sys_thread_start(thread.handle), "start");
	must(sys_sleep(1), "sleep"); /* a tick */
	must(sys_handle_close(memory), "close");
	must(thread_join(&thread, &code), "join");
	for (unsigned i = 0; i < MAPPINGS; i++) {
		enum error error = sys_unmap(HANDLE_SPACE, LARGE_AT(i), LARGE_PAGES);

		expect(error == OK || error == ERR_NOT_MAPPED, "a mapping can't be removed for ever");
	}
	return code == ERR_HANDLE;
}

void closed_while_revoked(uint64_t rounds)
{
	unsigned hits = 0;

	must(sys_thread_set(HANDLE_THREAD, 16, 1), "set");
	for (uint64_t i = 0; i < rounds; i++)
		hits += close_while_it_is_revoked();
	expect(hits, "revoking was done each time");
}
