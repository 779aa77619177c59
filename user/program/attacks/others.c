/* SPDX-License-Identifier: MIT */
/* others.c: threads that wait in a call while the main thread does something to them; what they got is noted. Main thread. */
#include "provoke.h"

#include "ipc.h"

#include <amber/system.h>

void provoke(uint64_t call, enum error expected, const uint64_t a[ARGUMENTS_MAX])
{
	uint64_t registers[ARGUMENTS_MAX], error;

	memcpy(registers, a, sizeof(registers));
	error = noted_call(call, registers);
	if (error != expected)
		went_wrong(call, "a situation", 0, "error", expected, error);
}

static void call(void *argument)
{
	struct other *other = argument;
	struct message message = { .info = MESSAGE_INFO(0, 0, 0) };

	other->error = ipc_call(other->handle, &message, TIMEOUT_FOREVER);
}

static void receive(void *argument)
{
	struct other *other = argument;
	struct message message;

	other->error = ipc_receive(other->handle, &message, TIMEOUT_FOREVER);
}

static void wait(void *argument)
{
	struct other *other = argument;
	uint64_t bits;

	other->error = sys_wait(other->handle, TIMEOUT_FOREVER, &bits);
}

static void begin(struct other *other, void (*fn)(void *), handle_t handle, uint64_t until)
{
	uint64_t state, priority, cpu, code, runs;

	other->handle = handle;
	need(thread_run(fn, other, &other->thread), "another thread");
	do {
		(void)sys_yield();
		need(sys_thread_info(other->thread.handle, &state, &priority, &cpu, &code, &runs), "thread_info");
	} while (state != until);
}

void other_receives(struct other *other, handle_t endpoint)
{
	begin(other, receive, endpoint, SYSTEM_RECEIVING);
}

void other_waits(struct other *other, handle_t notification)
{
	begin(other, wait, notification, SYSTEM_WAITING);
}

/* It has called, and this thread has to answer. */
void other_calls(struct other *other, handle_t endpoint)
{
	struct message message;

	begin(other, call, endpoint, SYSTEM_SENDING);
	need(ipc_receive(endpoint, &message, TIMEOUT_FOREVER), "receive");
}

/* It ends by itself. */
void other_ends(struct other *other)
{
	uint64_t code;

	need(thread_join(&other->thread, &code), "join");
}

void other_is_killed(struct other *other)
{
	(void)sys_thread_kill(other->thread.handle);
	other_ends(other);
}
