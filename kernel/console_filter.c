/* SPDX-License-Identifier: MIT */
/* kernel/console_filter.c: what of a console driver's text goes to the terminal as it is. Pure. */
#include "console.h"

#define ESC '\x1b'

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many bytes of `text` are one of the sequences that are known; 0: it is none, or not all of it is there. */
static size_t sequence(const char *text, size_t bytes)
{
	size_t at = 2;

	if (bytes < 3 || text[0] != ESC || text[1] != '[')
		return 0;
	if (text[2] == 'K' || text[2] == 'H')
		return 3;
	if (bytes >= 4 && text[2] == '2' && text[3] == 'J')
		return 4;
	while (at < bytes && at < 5 && is_digit(text[at]))
		at++;
	return at > 2 && at < bytes && (text[at] == 'C' || text[at] == 'D') ? at + 1 : 0;
}

void console_filter(char *text, size_t bytes, bool *has_begun)
{
	size_t at = 0;

	while (at < bytes) {
		size_t length = sequence(text + at, bytes - at);
		char c = text[at];

		if (c == '\n' || c == '\r') {
			*has_begun = false;
		} else if (!length && c != '\b') {
			if (c < ' ' || c > '~' || (c == '@' && !*has_begun))
				text[at] = '.';
			*has_begun = true;
		}
		at += length ? length : 1;
	}
}
