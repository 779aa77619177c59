/* SPDX-License-Identifier: MIT */
/*
 * user/program/console/main.c: the console driver: what is typed on the serial line and on a PS/2 keyboard becomes lines for whoever
 * reads (user/services/console.h); what its clients write is printed by the kernel. The first thread waits for interrupts and sends
 * them to the second, which does everything else and so needs no lock.
 */
#include "console.h"
#include "server.h"
#include "supervisor.h"

#define CPUS_ALL     255
#define CALL_TIMEOUT 1000000 /* then it looks whether the second thread still lives */

static handle_t notification;

static void serve_thread(void *argument)
{
	(void)argument;
	serve(HANDLE_CONSOLE_ENDPOINT, notification);
}

/* As important as this one: whoever started the driver has decided it. */
static enum error set_priority(const struct thread *server)
{
	uint64_t state, priority, cpu, exit_code, runs;
	enum error error = sys_thread_info(HANDLE_THREAD, &state, &priority, &cpu, &exit_code, &runs);

	return error ? error : sys_thread_set(server->handle, priority, CPUS_ALL);
}

static enum error start(struct thread *server)
{
	enum error error = sys_notification_create(&notification);

	if (!error)
		error = sys_console_watch(HANDLE_SYSTEM, notification, EVENT_LINES);
	if (!error)
		error = thread_make(serve_thread, NULL, server);
	if (!error)
		error = sys_thread_watch(server->handle, notification, EVENT_END);
	if (!error)
		error = set_priority(server);
	return error ? error : sys_thread_start(server->handle);
}

/* Without the other thread this one is of no use; the supervisor looks at this one only. */
static enum error forward(uint64_t bits)
{
	struct message message;
	uint64_t more;
	enum error error;

	for (;;) {
		if (bits & EVENT_END)
			return ERR_GONE;
		message = (struct message){ MESSAGE_INFO(CONSOLE_EVENT, 1, 0), { bits }, 0 };
		error = ipc_call(HANDLE_CONSOLE_ENDPOINT, &message, CALL_TIMEOUT);
		if (error != ERR_TIMEOUT)
			return error;
		if (!sys_wait(notification, TIMEOUT_NOW, &more))
			bits |= more;
	}
}

int main(int count, char **words)
{
	struct thread server;
	uint64_t bits;
	enum error error = start(&server);

	(void)count, (void)words;
	if (error)
		fail("it can't drive the console", error);
	do {
		error = sys_wait(notification, TIMEOUT_FOREVER, &bits);
		if (!error)
			error = forward(bits);
	} while (!error);
	fail("its server has ended", error);
}
