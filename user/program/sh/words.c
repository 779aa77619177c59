/* SPDX-License-Identifier: MIT */
/* words.c: a command line's words: "…" and '…' keep blanks together, \" \' \\ are those characters. */
#include "sh.h"

/* One word from *from on, written over the line: it never grows. *from is behind it then, at the blank or at the end. */
static bool take_word(char **from, char **to)
{
	char quote = '\0';

	for (; **from && (quote || **from != ' '); ++*from) {
		char c = **from;

		if (c == '\\' && (*from)[1] && strchr("\"'\\", (*from)[1])) {
			*(*to)++ = *++*from;
		} else if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
		} else {
			*(*to)++ = c;
		}
	}
	return !quote;
}

const char *words_split(char *line, char *words[WORDS_MAX + 1], int *count)
{
	char *from = line, *to = line;

	*count = 0;
	for (;;) {
		bool is_last;

		while (*from == ' ')
			from++;
		if (!*from)
			break;
		if (*count == WORDS_MAX)
			return "too many words (at most 32)";
		words[(*count)++] = to;
		if (!take_word(&from, &to))
			return "a quote is not closed";
		is_last = !*from; /* before the 0: it may go where the blank is */
		*to++ = '\0';
		if (is_last)
			break;
		from++;
	}
	words[*count] = NULL;
	return NULL;
}
