/* SPDX-License-Identifier: MIT */
/*
 * uart.c: a driver for the serial line, as an example: the kernel gives the first program the device's registers and its
 * interrupt as two handles; everything else happens here. `init=uart`: it answers each line that comes, until `quit`.
 */
#include "program.h"
#include "uart.h"

#define LINE_MAX 80

static void put_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			uart_put('\r');
		uart_put(*text);
	}
}

/* The line so far; one byte more. True: it is complete. What doesn't fit is left out. */
static bool add(char *line, size_t *length, char c)
{
	bool ends = c == '\n' || c == '\r';

	if (!ends && c >= ' ' && c <= '~' && *length < LINE_MAX)
		line[(*length)++] = c;
	line[*length] = '\0';
	return ends && *length;
}

/* Everything that has come. True: `quit` was among it. */
static bool take_what_came(void)
{
	static char line[LINE_MAX + 1];
	static size_t length;
	char c;

	while (uart_get(&c)) {
		if (!add(line, &length, c))
			continue;
		length = 0;
		if (!strcmp(line, "quit"))
			return true;
		put_text("uart: you typed '");
		put_text(line);
		put_text("'\n");
	}
	return false;
}

/* The kernel masks a line that fires; it stays so until it is acknowledged, when the device has nothing more to say. */
static enum error serve(handle_t interrupt)
{
	enum error error = sys_irq_bind(HANDLE_UART_IRQ, interrupt, 1);
	uint64_t bits, interrupts = 0;

	if (error)
		return error;
	uart_interrupt(true);
	put_text("uart: the driver runs; 'quit' ends it\n");
	while (!take_what_came()) { /* before the first wait: something may have come already */
		error = sys_irq_acknowledge(HANDLE_UART_IRQ);
		if (!error)
			error = sys_wait(interrupt, TIMEOUT_FOREVER, &bits);
		if (error)
			break;
		interrupts++;
	}
	uart_interrupt(false);
	if (!error)
		printf("it ends after %zu interrupts", (size_t)interrupts);
	return error;
}

int main(int count, char **words)
{
	handle_t interrupt;
	enum error error = uart_open();

	(void)words;
	if (count != 1) {
		printf("usage uart");
		return 2;
	}
	if (!error)
		error = sys_notification_create(&interrupt);
	if (!error)
		error = serve(interrupt);
	if (error)
		fail("it can't drive the serial line", error);
	return 0;
}
