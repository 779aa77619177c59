/* SPDX-License-Identifier: MIT */
/*
 * kernel/cmdline_words.c: the words of the command line. The text is untrusted. In this order: the first
 * CMDLINE_MAX bytes count; \" \' \\ lose their backslash (GRUB adds those); quotes and spaces make words.
 * Pure; init only.
 */
#include "cmdline_words.h"

/* Reads one character behind the unescaping; the caller has checked that there is one. */
static char __init next_char(struct words *words)
{
	char c = words->text[words->at++];

	if (c == '\\' && words->at < words->bytes) {
		char escaped = words->text[words->at];
		if (escaped == '"' || escaped == '\'' || escaped == '\\') {
			words->at++;
			return escaped;
		}
	}
	return c;
}

void __init words_start(struct words *words, const char *text, size_t bytes, bool was_cut)
{
	*words = (struct words){ .text = text, .bytes = bytes, .was_cut = was_cut };
	if (bytes > CMDLINE_MAX) {
		words->bytes = CMDLINE_MAX;
		words->was_cut = text[CMDLINE_MAX] != ' ';
	}
}

bool __init words_next(struct words *words, char word[CMDLINE_MAX + 1], size_t *length, enum word_state *state)
{
	char quote = '\0';
	size_t used = 0;
	bool has_end = false, has_bad_byte = false;

	while (words->at < words->bytes && words->text[words->at] == ' ')
		words->at++;
	if (words->at == words->bytes)
		return false;
	while (words->at < words->bytes && !has_end) {
		char c = next_char(words);
		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
		} else if (!quote && c == ' ') {
			has_end = true;
		} else {
			has_bad_byte |= c < 0x20 || c > 0x7e;
			word[used++] = c; /* at most one for each byte read, and those are CMDLINE_MAX */
		}
	}
	word[used] = '\0';
	*length = used;
	if (has_bad_byte)
		*state = WORD_BAD_BYTE;
	else if (!has_end && words->was_cut)
		*state = WORD_CUT;
	else if (quote)
		*state = WORD_UNCLOSED;
	else
		*state = WORD_GOOD;
	return true;
}
