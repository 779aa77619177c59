/* SPDX-License-Identifier: MIT */
/* user/services/console.c: a client of the console driver. */
#include "console.h"

/* Byte `at` behind word `first`: words 0 to 3 of a message are in the structure, the others in the message page. */
static char *byte_at(const struct message *message, unsigned first, uint64_t at)
{
	uint64_t word = first + at / sizeof(uint64_t);
	uint64_t *words = word < MESSAGE_REGISTER_WORDS ? (uint64_t *)message->words : message_page()->words;

	return (char *)&words[word] + at % sizeof(uint64_t);
}

void message_put_text(struct message *message, unsigned first, uint64_t at, const char *text, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		*byte_at(message, first, at + i) = text[i];
}

void message_get_text(const struct message *message, unsigned first, uint64_t at, char *text, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		text[i] = *byte_at(message, first, at + i);
}

/* What is in the message page stays there when a call fails. */
static enum error call(handle_t console, struct message *message)
{
	struct message again = *message;
	enum error error = ipc_call(console, message, TIMEOUT_FOREVER);

	if (error == ERR_GONE) {
		*message = again;
		error = ipc_call(console, message, TIMEOUT_FOREVER);
	}
	return error || MESSAGE_LABEL(message->info) != CONSOLE_REFUSED ? error : (enum error)ERR_INVALID;
}

enum error console_write(handle_t console, const char *text, uint64_t bytes)
{
	enum error error = OK;

	for (uint64_t part; bytes && !error; text += part, bytes -= part) {
		struct message message;

		part = MIN(bytes, (uint64_t)CONSOLE_WRITE_MAX);
		message = (struct message){ MESSAGE_INFO(CONSOLE_WRITE, MESSAGE_TEXT_WORDS(1, part), 0), { part }, 0 };
		message_put_text(&message, 1, 0, text, part);
		error = call(console, &message);
	}
	return error;
}

void console_printf(handle_t console, const char *fmt, ...)
{
	char text[CONSOLE_WRITE_MAX + 1];
	va_list args;
	int length;

	va_start(args, fmt);
	length = format_args(text, sizeof(text), fmt, args);
	va_end(args);
	(void)!console_write(console, text, MIN((uint64_t)length, sizeof(text) - 1));
}

enum error console_read_line(handle_t console, const char *prompt, struct console_line *line, enum console_answer *answer)
{
	uint64_t length = MIN(strlen(prompt), (size_t)CONSOLE_PROMPT_MAX), bytes = MIN(line->bytes, (uint64_t)CONSOLE_LINE_MAX);
	struct message message = { MESSAGE_INFO(CONSOLE_READ, MESSAGE_TEXT_WORDS(1, length + bytes), 0),
	                           { length | bytes << 16 | MIN(line->cursor, bytes) << 32 }, 0 };
	enum error error;

	message_put_text(&message, 1, 0, prompt, length);
	message_put_text(&message, 1, length, line->text, bytes);
	error = call(console, &message);
	if (error)
		return error;
	*answer = (enum console_answer)MESSAGE_LABEL(message.info);
	line->bytes = MIN(message.words[0], (uint64_t)CONSOLE_LINE_MAX);
	line->cursor = MIN(message.words[1], line->bytes);
	message_get_text(&message, 2, 0, line->text, line->bytes);
	line->text[line->bytes] = '\0';
	return OK;
}

enum error console_interrupts(handle_t console, handle_t notification, uint64_t bits)
{
	struct message message = { MESSAGE_INFO(CONSOLE_INTERRUPTS, 1, 1), { bits }, 0 };

	message_page()->handles[0] = notification;
	message_page()->rights[0] = RIGHT_SEND;
	return call(console, &message);
}

bool console_ask(const char *prompt, struct console_line *line)
{
	enum console_answer answer = CONSOLE_COMPLETE;

	*line = (struct console_line){ 0 };
	while (answer == CONSOLE_COMPLETE || answer == CONSOLE_TOO_LONG) /* nothing to complete here: it goes on */
		if (console_read_line(HANDLE_TERMINAL, prompt, line, &answer))
			return false;
	return answer == CONSOLE_LINE;
}
