/* SPDX-License-Identifier: MIT */
/*
 * words.h: copies of whole 8-byte words, without a call: for the inside of the gate, and for memcpy. Costs are counted
 * in instructions, so eight words at a time. Pure; any context.
 */
#ifndef AMBER_WORDS_H
#define AMBER_WORDS_H

#include <amber/types.h>

typedef uint64_t __attribute__((may_alias)) word_t;

/* Loads before stores, four at a time: they stay in registers, and aarch64 pairs them. */
static inline void words_copy_4(word_t *to, const word_t *from)
{
	word_t a = from[0], b = from[1], c = from[2], d = from[3];

	to[0] = a;
	to[1] = b;
	to[2] = c;
	to[3] = d;
}

static inline void words_copy_8(word_t *to, const word_t *from)
{
	words_copy_4(to, from);
	words_copy_4(to + 4, from + 4);
}

/* words: a multiple of 8. */
static inline void words_copy(void *to, const void *from, size_t words)
{
	word_t *dst = to;
	const word_t *src = from;

	for (const word_t *end = dst + words; dst < end; dst += 8, src += 8)
		words_copy_8(dst, src);
}

#endif
