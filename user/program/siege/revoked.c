/* SPDX-License-Identifier: MIT */
/* revoked.c: threads that wait with a handle while it is revoked. */
#include "siege.h"

#include <amber/system.h>

#define THREADS 40

static handle_t endpoint, receiving, notification, waiting;

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

/* They hear it; a message or a signal that comes afterwards isn't theirs. */
void revoked(uint64_t rounds)
{
	const struct message message = { .info = MESSAGE_INFO(0, 1, 0) };
	struct thread threads[THREADS];
	uint64_t code;

	must(sys_endpoint_create(&endpoint), "endpoint");
	must(sys_notification_create(&notification), "notification");
	for (uint64_t round = 0; round < rounds; round++) {
		must(sys_handle_duplicate(endpoint, RIGHT_RECEIVE, 0, &receiving), "duplicate");
		must(sys_handle_duplicate(notification, RIGHT_RECEIVE, 0, &waiting), "duplicate");
		for (unsigned i = 0; i < THREADS; i++)
			must(thread_run(i % 2 ? hear : wait, NULL, &threads[i]), "thread");
		for (unsigned i = 0; i < THREADS; i++)
			wait_for_state(threads[i].handle, i % 2 ? SYSTEM_RECEIVING : SYSTEM_WAITING);
		must(sys_handle_revoke(endpoint), "revoke");
		must(sys_handle_revoke(notification), "revoke");
		expect(ipc_send(endpoint, &message, TIMEOUT_NOW) == ERR_TIMEOUT, "heard with a revoked handle");
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
