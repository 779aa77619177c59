/* SPDX-License-Identifier: MIT */
/* revoked.c: threads that wait with a handle while it is revoked. */
#include "siege.h"

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
		must(sys_sleep(SECOND / 5), "sleep");
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
