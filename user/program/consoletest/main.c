/* SPDX-License-Identifier: MIT */
/*
 * user/program/consoletest/main.c: a client of the console driver, for tests: `init=consoletest` starts the driver, reads lines and
 * says what it has read. Some lines make it do something else meanwhile: see `commands`.
 */
#include "console.h"
#include "memory.h"
#include "supervisor.h"
#include "time.h"

#define DELAY_US 200000
#define INTERRUPT_BIT 4

static handle_t endpoint, memory, notification;
static struct child driver;

/* The handle with fewer rights; one without any if there is no such thing. */
static handle_t grant(handle_t handle, uint64_t rights)
{
	handle_t granted;

	if (!sys_handle_duplicate(handle, rights, 0, &granted))
		return granted;
	must(sys_handle_duplicate(endpoint, RIGHT_GRANT, 0, &granted), "grant");
	return granted;
}

static void start_driver(void)
{
	const char *words[] = { "console", NULL };
	handle_t handles[] = {
		endpoint, grant(HANDLE_UART, RIGHT_READ | RIGHT_WRITE | RIGHT_MAP | RIGHT_GRANT),
		grant(HANDLE_UART_IRQ, RIGHT_RECEIVE | RIGHT_GRANT), grant(HANDLE_SYSTEM, RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT),
		grant(HANDLE_KEYBOARD, RIGHT_READ | RIGHT_GRANT), grant(HANDLE_KEYBOARD_IRQ, RIGHT_RECEIVE | RIGHT_GRANT),
		grant(memory, RIGHT_READ | RIGHT_WRITE | RIGHT_MAP | RIGHT_GRANT),
	};

	must(spawn(&(struct spawn){ .words = words, .handles = handles, .handle_count = ARRAY_SIZE(handles) }, &driver), "console");
	for (unsigned i = 1; i < ARRAY_SIZE(handles); i++)
		must(sys_handle_close(handles[i]), "close");
}

static void stop_driver(void)
{
	must(sys_space_kill(driver.space), "space_kill");
	must(sys_handle_close(driver.space), "close");
	must(sys_handle_close(driver.thread), "close");
}

/* --- What happens while the line is being read ------------------------------------------------------------------- */
static void log_lines(void *argument)
{
	(void)argument;
	must(sys_sleep(DELAY_US), "sleep");
	for (unsigned i = 0; i < 3; i++)
		printf("kernel line %u", i);
}

static void write_lines(void *argument)
{
	(void)argument;
	must(sys_sleep(DELAY_US), "sleep");
	for (unsigned i = 0; i < 3; i++)
		console_printf(endpoint, "client line %u\n", i);
}

static void restart_driver(void *argument)
{
	(void)argument;
	must(sys_sleep(DELAY_US), "sleep");
	stop_driver();
	printf("the driver has died");
	start_driver();
}

static void read_for_ever(void *argument)
{
	struct console_line line = { 0 };
	enum console_answer answer;

	(void)argument;
	(void)!console_read_line(endpoint, "dying> ", &line, &answer);
	exit(0);
}

static void die_reading(void *argument)
{
	struct thread thread;

	(void)argument;
	must(thread_run(read_for_ever, NULL, &thread), "thread");
	must(sys_sleep(DELAY_US), "sleep");
	must(sys_thread_kill(thread.handle), "kill");
	must(sys_handle_close(thread.handle), "close");
}

/* Nobody reads for a while. */
static void wait(void *argument)
{
	uint64_t bits = 0;

	(void)argument;
	must(console_interrupts(endpoint, notification, INTERRUPT_BIT), "interrupts");
	console_printf(endpoint, "waiting\n");
	if (!sys_wait(notification, 20 * DELAY_US, &bits))
		console_printf(endpoint, "interrupted: %u\n", (unsigned)bits);
}

static void write_part(void *argument)
{
	(void)argument;
	console_printf(endpoint, "no line end, odd: \x07 \x1b[31m \x1b]0;x \xff");
}

/* More than one message, and more than the kernel takes at once. */
static void write_much(void *argument)
{
	char text[1500];

	(void)argument;
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 60 == 59 ? '\n' : 'a' + i / 60 % 26);
	must(console_write(endpoint, text, sizeof(text)), "write");
}

static const struct command {
	const char *name;
	void (*fn)(void *);
	bool apart; /* in a thread of its own, while the next line is read */
} commands[] = {
	{ "log", log_lines, true }, { "write", write_lines, true }, { "restart", restart_driver, true },
	{ "die", die_reading, false }, { "wait", wait, false }, { "part", write_part, false }, { "much", write_much, false },
};

static void run(const char *text)
{
	struct thread thread;

	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(text, commands[i].name))
			continue;
		if (!commands[i].apart) {
			commands[i].fn(NULL);
			return;
		}
		must(thread_run(commands[i].fn, NULL, &thread), "thread"); /* it lives as long as its handle: to the end */
	}
}

/* Tab: the line as it was, with an x at its end. */
static void complete(struct console_line *line)
{
	console_printf(endpoint, "complete '%s' at %u\n", line->text, (unsigned)line->cursor);
	if (line->bytes < CONSOLE_LINE_MAX)
		line->text[line->bytes++] = 'x';
	line->cursor = line->bytes;
}

/* False: that was the last line. */
static bool take(struct console_line *line, enum console_answer answer)
{
	if (answer == CONSOLE_COMPLETE) {
		complete(line);
		return true;
	}
	if (answer == CONSOLE_LINE)
		console_printf(endpoint, "read %u: '%s'\n", (unsigned)line->bytes, line->text);
	else
		console_printf(endpoint, answer == CONSOLE_INTERRUPTED ? "interrupted\n" : "too long\n");
	if (answer == CONSOLE_LINE && !strcmp(line->text, "quit"))
		return false;
	if (answer == CONSOLE_LINE)
		run(line->text);
	line->bytes = line->cursor = 0;
	return true;
}

int main(int count, char **words)
{
	struct console_line line = { 0 };
	enum console_answer answer = CONSOLE_LINE;

	(void)count, (void)words;
	must(sys_endpoint_create(&endpoint), "endpoint");
	must(sys_notification_create(&notification), "notification");
	must(sys_memory_create(CONSOLE_MEMORY_PAGES, &memory), "memory");
	start_driver();
	do
		must(console_read_line(endpoint, "test> ", &line, &answer), "read");
	while (take(&line, answer));
	stop_driver();
	return 0;
}
