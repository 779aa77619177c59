/* SPDX-License-Identifier: MIT */
/*
 * console.h: the protocol of the console driver (user/program/console/), and a client's half of it (user/services/console.c). A
 * driver that died meanwhile has been started again by the supervisor: each call tries once more.
 */
#ifndef AMBER_USER_CONSOLE_H
#define AMBER_USER_CONSOLE_H

#include "ipc.h"

#define CONSOLE_LINE_MAX   255
#define CONSOLE_PROMPT_MAX 80
#define CONSOLE_WRITE_MAX  (8 * (MESSAGE_WORDS_MAX - 1)) /* behind word 0 */

/* Labels of calls. Text is packed into words, eight bytes in each. Who has a badge is a program of the shell's: refused all but the
 * first two. */
enum console_request {
	CONSOLE_WRITE = 1,  /* word 0: bytes; text from word 1 on */
	CONSOLE_READ,       /* word 0: bytes of the prompt | of the first text << 16 | cursor << 32; from word 1 on: prompt, text */
	CONSOLE_INTERRUPTS, /* a notification with RIGHT_SEND; word 0: bits for it when Ctrl-C comes and nobody reads */
	CONSOLE_EVENT,      /* the driver's own: word 0: bits of its notification */
};
/* Labels of answers; to CONSOLE_READ: word 0: bytes, word 1: cursor, text from word 2 on. */
enum console_answer {
	CONSOLE_DONE,        /* to the others */
	CONSOLE_LINE,        /* Return */
	CONSOLE_COMPLETE,    /* Tab: the text so far; read again with the text made longer */
	CONSOLE_INTERRUPTED, /* Ctrl-C; what was typed is gone. With a badge it is no shell: then the notification is signalled, too */
	CONSOLE_TOO_LONG,    /* Return behind more than CONSOLE_LINE_MAX characters, all dropped */
	CONSOLE_REFUSED,     /* to whatever it doesn't understand; another one reads already */
};

struct console_line {
	uint64_t bytes, cursor;
	char text[CONSOLE_LINE_MAX + 1]; /* a 0 behind it */
};

/* Text of a message, from word `first` (1 or 2) on. The message page must be the calling thread's. */
void message_put_text(struct message *message, unsigned first, uint64_t at, const char *text, uint64_t bytes);
void message_get_text(const struct message *message, unsigned first, uint64_t at, char *text, uint64_t bytes);
/* For READ and WRITE: words that `bytes` of text need, behind `first` others. */
#define MESSAGE_TEXT_WORDS(first, bytes) ((first) + ((bytes) + 7) / 8)

/* Any number of bytes; what standing line there is comes back below. */
enum error console_write(handle_t console, const char *text, uint64_t bytes) __must_check;
/* At most 504 bytes. */
void console_printf(handle_t console, const char *fmt, ...) __printf(2, 3);
/* In *line what stands there at first (bytes 0: nothing) and where the cursor is, then what was typed. Waits. */
enum error console_read_line(handle_t console, const char *prompt, struct console_line *line, enum console_answer *answer) __must_check;
/* From now on Ctrl-C signals these bits of this notification while nobody reads. The driver that is started again doesn't know
 * it any more: best before each wait. Behind such a signal a read is answered by CONSOLE_INTERRUPTED until this is called again:
 * then take the signal, and read. */
enum error console_interrupts(handle_t console, handle_t notification, uint64_t bits) __must_check;

/* Where a program that the shell has started in the foreground finds the console; one in the background has none. */
#define HANDLE_TERMINAL 3
/* There: waits for a line, which is never longer than CONSOLE_LINE_MAX. False: there is no console, or somebody typed Ctrl-C, for
 * which the shell ends the program. */
bool console_ask(const char *prompt, struct console_line *line) __must_check;

#endif
