/* SPDX-License-Identifier: MIT */
/* times.c: schedtest: nobody wakes before its time, and nobody much later. */
#include "schedtest.h"

#include "ipc.h"
#include "time.h"

#define WAIT_US 30000

static uint64_t began, late_enough_us;

static void in_time(enum error error, enum error wanted, const char *what)
{
	uint64_t took = time_us() - began;

	gives(error, wanted, what);
	if (took < WAIT_US || took > WAIT_US + late_enough_us)
		printf("it took %zu us instead of %u", (size_t)took, WAIT_US);
	check(took >= WAIT_US, "… not before its time");
	check(took <= WAIT_US + late_enough_us, "… and not much later");
}

void test_times(uint64_t late_us)
{
	struct message message = { 0 };
	handle_t endpoint, notification;
	uint64_t bits;

	late_enough_us = late_us;
	must(sys_endpoint_create(&endpoint), "endpoint");
	must(sys_notification_create(&notification), "notification");
	began = time_us();
	in_time(sys_sleep(WAIT_US), OK, "sleep ends");
	began = time_us();
	in_time(sys_wait(notification, WAIT_US, &bits), ERR_TIMEOUT, "wait ends without a signal");
	began = time_us();
	in_time(ipc_receive(endpoint, &message, WAIT_US), ERR_TIMEOUT, "receive ends without a message");
	began = time_us();
	in_time(ipc_send(endpoint, &message, WAIT_US), ERR_TIMEOUT, "send ends without a receiver");
	began = time_us();
	in_time(ipc_call(endpoint, &message, WAIT_US), ERR_TIMEOUT, "call ends without a receiver");
	gives(ipc_receive(endpoint, &message, TIMEOUT_NOW), ERR_TIMEOUT, "who timed out has left the queue");
	must(sys_signal(notification, 5), "signal");
	check(sys_wait(notification, TIMEOUT_NOW, &bits) == OK && bits == 5, "what was signalled before is there at once");
	gives(sys_wait(notification, TIMEOUT_NOW, &bits), ERR_TIMEOUT, "… and only once");
	must(sys_handle_close(notification), "close");
	must(sys_handle_close(endpoint), "close");
}
