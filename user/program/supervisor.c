/* SPDX-License-Identifier: MIT */
/*
 * supervisor.c: the program that the kernel starts first: it starts the console driver and the shell, gives each the handles that
 * it needs and no others, and starts again whichever dies. Their endpoints are its own, so a message to one that has just died waits
 * for the next. For the shell it keeps the commands of run=: who is started again goes on behind the one that killed it. For the
 * console it keeps memory, with what was typed.
 *   supervisor [COMMANDS]
 */
#include "supervisor.h"

#include "console.h"
#include "time.h"

#define SERVICE_HANDLES 7
#define SOON_US         1000000 /* who dies so soon after its start is started again later and later … */
#define DELAY_FIRST_US  125000
#define FAILURES_MAX    8       /* … until that is enough */

struct service {
	const char *words[2]; /* its name; NULL */
	uint64_t priority;    /* above what the shell starts: it can still be reached when one of those runs wild */
	handle_t handles[SERVICE_HANDLES];
	uint64_t rights[SERVICE_HANDLES];
	unsigned handle_count;
	struct child child;
	bool is_alive;
	bool has_advanced; /* since its start: it doesn't die for ever */
	unsigned failures; /* in a row: dead soon after its start, or not started at all */
	uint64_t started_us, due_us, delay_us;
};

static struct service services[] = {
	{ .words = { "console" }, .priority = PRIORITY_DEFAULT + 4 },
	{ .words = { "sh" }, .priority = PRIORITY_DEFAULT + 2 },
};
static handle_t ended, console_endpoint, console_memory, own_endpoint;
static const char *commands = "";

/* --- what each may do ------------------------------------------------------------------------------------------------ */

/* The next one in its table. What isn't there leaves its place to a handle that allows nothing. (An endpoint of our own may have
 * got a number that the kernel left free.) */
static void grant(struct service *service, handle_t handle, enum object_type expected, uint64_t rights)
{
	uint64_t type, all, badge;
	bool exists = !sys_handle_info(handle, &type, &all, &badge) && type == expected;

	service->handles[service->handle_count] = exists ? handle : own_endpoint;
	service->rights[service->handle_count++] = exists ? all & rights : 0;
}

/* In the order of their numbers in supervisor.h, from HANDLE_GIVEN on. */
static void grant_all(void)
{
	struct service *console = &services[0], *shell = &services[1];

	grant(console, console_endpoint, OBJECT_ENDPOINT, RIGHT_RECEIVE | RIGHT_SEND | RIGHT_GRANT);
	grant(console, HANDLE_UART, OBJECT_MEMORY, RIGHTS_ALL);
	grant(console, HANDLE_UART_IRQ, OBJECT_IRQ, RIGHTS_ALL);
	grant(console, HANDLE_SYSTEM, OBJECT_SYSTEM, RIGHT_SEND | RIGHT_RECEIVE);
	grant(console, HANDLE_KEYBOARD, OBJECT_MEMORY, RIGHTS_ALL);
	grant(console, HANDLE_KEYBOARD_IRQ, OBJECT_IRQ, RIGHTS_ALL);
	grant(console, console_memory, OBJECT_MEMORY, RIGHT_READ | RIGHT_WRITE | RIGHT_MAP);
	grant(shell, HANDLE_LAB, OBJECT_LAB, RIGHT_READ | RIGHT_WRITE);
	grant(shell, console_endpoint, OBJECT_ENDPOINT, RIGHT_SEND | RIGHT_GRANT); /* for what it starts */
	grant(shell, own_endpoint, OBJECT_ENDPOINT, RIGHT_SEND);
	grant(shell, HANDLE_SYSTEM, OBJECT_SYSTEM, RIGHT_READ | RIGHT_SEND | RIGHT_CONTROL);
}

/* --- starting, and starting again ------------------------------------------------------------------------------------- */

static enum error try_to_start(struct service *service, uint64_t bit)
{
	const struct spawn what = { .words = service->words, .handles = service->handles, .rights = service->rights,
		                    .handle_count = service->handle_count };
	enum error error = spawn_stopped(&what, &service->child);

	if (error)
		return error;
	error = sys_thread_watch(service->child.thread, ended, bit);
	if (!error)
		error = sys_thread_set(service->child.thread, service->priority, 0xff);
	if (!error)
		error = sys_thread_start(service->child.thread);
	service->is_alive = true; /* if it doesn't run: the end of its thread comes by the same way */
	if (error)
		(void)!sys_space_kill(service->child.space);
	return OK;
}

/* When it is to be started (again): at once if it lived for a while, else later each time. Without one of them nobody can type: if
 * it can't be helped, that is the end, which the kernel takes for a failure of this boot. */
static void plan(struct service *service, const char *what, const char *why)
{
	uint64_t now = time_us();

	if (now - service->started_us >= SOON_US || service->has_advanced)
		service->failures = 0;
	else
		service->failures++;
	if (service->failures == FAILURES_MAX) {
		printf("'%s' %s (%s) %u times in a row: the end", service->words[0], what, why, FAILURES_MAX);
		(void)!sys_space_kill(HANDLE_SPACE); /* with the thread that serves */
	}
	service->delay_us = service->failures ? DELAY_FIRST_US << (service->failures - 1) : 0;
	service->due_us = now + service->delay_us;
	if (service->delay_us)
		printf("'%s' %s (%s); started again in %zu ms", service->words[0], what, why, (size_t)service->delay_us / 1000);
	else
		printf("'%s' %s (%s); started again", service->words[0], what, why);
}

static void start(struct service *service, uint64_t bit)
{
	enum error error;

	service->started_us = time_us();
	service->has_advanced = false;
	error = try_to_start(service, bit);
	if (error)
		plan(service, "can't be started", error_text(error));
}

/* Its first thread has ended: so do the others, and the handles that it held. */
static void bury(struct service *service, uint64_t bit)
{
	uint64_t state, priority, cpu, code = 0, runs;
	char text[48];

	(void)!sys_thread_info(service->child.thread, &state, &priority, &cpu, &code, &runs);
	(void)!sys_space_kill(service->child.space);
	(void)sys_handle_close(service->child.thread);
	(void)sys_handle_close(service->child.space);
	service->is_alive = false;
	exit_code_text(code, text, sizeof(text));
	plan(service, "has died", text);
	if (!service->delay_us)
		start(service, bit);
}

static uint64_t time_to_wait(void)
{
	uint64_t now = time_us(), wait = TIMEOUT_FOREVER;

	for (unsigned i = 0; i < ARRAY_SIZE(services); i++)
		if (!services[i].is_alive)
			wait = MIN(wait, services[i].due_us > now ? services[i].due_us - now : TIMEOUT_NOW);
	return wait;
}

static __noreturn void watch_over_all(void)
{
	for (;;) {
		uint64_t bits = 0;
		enum error error = sys_wait(ended, time_to_wait(), &bits);

		if (error && error != ERR_TIMEOUT)
			fail("wait", error);
		for (unsigned i = 0; i < ARRAY_SIZE(services); i++) {
			struct service *service = &services[i];

			if (service->is_alive && !error && bits >> i & 1)
				bury(service, 1ull << i);
			else if (!service->is_alive && service->due_us <= time_us())
				start(service, 1ull << i);
		}
	}
}

/* --- run= --------------------------------------------------------------------------------------------------------------- */

/* The text up to the next semicolon that isn't quoted. Backslashes count as they do in the shell (user/program/sh/words.c). */
static size_t command_bytes(const char *text)
{
	char quote = '\0';
	size_t i;

	for (i = 0; text[i] && (quote || text[i] != ';'); i++) {
		if (text[i] == '\\' && text[i + 1] && strchr("\"'\\", text[i + 1]))
			i++;
		else if (quote ? text[i] == quote : text[i] == '"' || text[i] == '\'')
			quote = quote ? '\0' : text[i];
	}
	return i;
}

/* The next one, without blanks around it; empty ones don't count. */
static size_t next_command(const char **text)
{
	size_t bytes = 0;

	while (*commands && !bytes) {
		size_t end = command_bytes(commands);

		*text = commands;
		for (bytes = end; bytes && **text == ' '; bytes--)
			++*text;
		while (bytes && (*text)[bytes - 1] == ' ')
			bytes--;
		commands += commands[end] ? end + 1 : end;
	}
	return bytes;
}

static void serve(void *argument)
{
	struct message message;
	enum error error = ipc_receive(own_endpoint, &message, TIMEOUT_FOREVER);

	(void)argument;
	for (;;) {
		const char *text = NULL;
		size_t bytes, shown;

		if (error && error != ERR_GONE && error != ERR_NOT_FOUND)
			fail("the shell's questions", error);
		if (error || !(message.info & MESSAGE_IS_CALL)) {
			error = ipc_receive(own_endpoint, &message, TIMEOUT_FOREVER);
			continue;
		}
		bytes = MESSAGE_LABEL(message.info) == SUPERVISOR_NEXT ? next_command(&text) : 0;
		if (bytes)
			services[1].has_advanced = true; /* each of them may kill it: there is an end to them */
		shown = MIN(bytes, (size_t)SUPERVISOR_TEXT_MAX);
		message.info = MESSAGE_INFO(0, MESSAGE_TEXT_WORDS(1, shown), 0);
		message.words[0] = bytes ? 1 + bytes : 0;
		message_put_text(&message, 1, 0, text, shown);
		error = ipc_reply_recv(own_endpoint, &message, TIMEOUT_FOREVER);
	}
}

int main(int count, char **words)
{
	struct thread thread;

	if (count > 2) {
		printf("usage supervisor [COMMANDS]");
		return 2;
	}
	if (count == 2)
		commands = words[1];
	must(sys_notification_create(&ended), "notification");
	must(sys_endpoint_create(&console_endpoint), "endpoint");
	must(sys_endpoint_create(&own_endpoint), "endpoint");
	must(sys_memory_create(CONSOLE_MEMORY_PAGES, &console_memory), "memory");
	must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT + 6, 0xff), "priority");
	must(thread_run(serve, NULL, &thread), "thread");
	must(sys_thread_set(thread.handle, PRIORITY_DEFAULT + 6, 0xff), "priority");
	grant_all();
	watch_over_all();
}
