/* SPDX-License-Identifier: MIT */
/*
 * program.h: what every user program has: main, words from its command line, text for the log, and calls.h. user/lib/start.c,
 * user/lib/print.c. memcpy and the others are declared in <amber/string.h>.
 */
#ifndef AMBER_USER_PROGRAM_H
#define AMBER_USER_PROGRAM_H

#include <amber/string.h>

#include <calls.h>

/* The program's own. words[0] is its name; what it returns is its exit code (32 bits). */
int main(int count, char **words);

__noreturn void exit(uint32_t code);
/* Prints the reason and ends the program's thread with exit code 1. */
__noreturn void fail(const char *what, enum error error);
/* The same if there is an error. (Here, since bench is measured with it.) */
static inline void must(enum error error, const char *what)
{
	if (error)
		fail(what, error);
}

/* One call of log_write: at most 256 bytes of text. %d %i %u %x %p %s %c %%, with - 0 width .precision and h hh l ll z;
 * for 64 bits %zu or %zx of a (size_t). */
void printf(const char *fmt, ...) __printf(1, 2);
/* A number from a word, decimal or 0x…; false: it is none. */
bool parse_number(const char *word, uint64_t *number) __must_check;
/* The same; if it is none, one line names it and the program ends with exit code 2. */
uint64_t number_or_usage(const char *word, const char *usage);

/* Of the calling thread: every stack ends on a 64 KiB boundary, and the page lies directly above it. */
static inline struct message_page *message_page(void)
{
	return (struct message_page *)(((uintptr_t)__builtin_frame_address(0) | (STACK_BYTES - 1)) + 1);
}

#endif
