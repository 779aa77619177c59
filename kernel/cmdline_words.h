/* SPDX-License-Identifier: MIT */
/*
 * kernel/cmdline_words.h: splits the command line into words. kernel/cmdline_words.c; pure, init only.
 */
#ifndef AMBER_KERNEL_CMDLINE_WORDS_H
#define AMBER_KERNEL_CMDLINE_WORDS_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/types.h>

enum word_state {
	WORD_GOOD,
	WORD_CUT,      /* it goes on behind the bytes that count */
	WORD_UNCLOSED, /* a quote has no end */
	WORD_BAD_BYTE, /* it has a byte outside 0x20–0x7e */
};

struct words {
	const char *text;
	size_t bytes, at;
	bool was_cut; /* the text is cut in the middle of a word */
};

void words_start(struct words *words, const char *text, size_t bytes, bool was_cut);
/* Writes the next word, unescaped and without its quotes, and a final 0; false: there is none left. A word
 * with a 0 in it has that state WORD_BAD_BYTE; *length tells how long it is. */
bool words_next(struct words *words, char word[CMDLINE_MAX + 1], size_t *length, enum word_state *state);

#endif
