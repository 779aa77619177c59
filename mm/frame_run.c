/* SPDX-License-Identifier: MIT */
/*
 * mm/frame_run.c: runs of frame-table entries, sixteen at a step. Runs inside the gate too: leaf functions, small frames.
 */
#include "frame_run.h"

static uint32_t word_of(struct frame frame)
{
	union {
		struct frame frame;
		uint32_t word;
	} u = { .frame = frame };

	return u.word;
}

static uint64_t pair_of(uint32_t word)
{
	return ((uint64_t)word << 32) | word;
}

/* Do 16 entries (8-byte aligned) all equal the pair? */
static inline bool sixteen_are(const struct frame *frame, uint64_t pair)
{
	const uint64_t *p = (const uint64_t *)frame;

	return p[0] == pair && p[1] == pair && p[2] == pair && p[3] == pair && p[4] == pair && p[5] == pair && p[6] == pair &&
	       p[7] == pair;
}

bool frame_run_is_alike(const struct frame *frame, uint64_t count)
{
	uint32_t expected = word_of(*frame);
	uint64_t pair = pair_of(expected), i = (uintptr_t)frame & 4 ? 1 : 0;

	for (; i + 16 <= count; i += 16)
		if (!sixteen_are(&frame[i], pair))
			return false;
	for (; i < count; i++)
		if (word_of(frame[i]) != expected)
			return false;
	return true;
}

void frame_run_set(struct frame *frame, uint64_t count, struct frame value)
{
	uint64_t pair = pair_of(word_of(value)), i = 0;

	if (((uintptr_t)frame & 4) && count)
		frame[i++] = value;
	for (; i + 16 <= count; i += 16) {
		uint64_t *p = (uint64_t *)&frame[i];

		p[0] = p[1] = p[2] = p[3] = p[4] = p[5] = p[6] = p[7] = pair;
	}
	for (; i < count; i++)
		frame[i] = value;
}

uint64_t frame_run_length(const struct frame *frame, uint64_t count)
{
	uint64_t length = 0;

	/* Whole steps while the entries are the same to the last bit; one entry where only the type is. Then whole steps of what the
	 * next one is like: most of RAM differs in its counts from the first frames of its type. */
	while (length < count && frame[length].type == frame->type) {
		uint64_t pair = pair_of(word_of(frame[length]));

		if ((uintptr_t)&frame[length] & 4 || length + 16 > count || !sixteen_are(&frame[length], pair))
			length++;
		else
			do
				length += 16;
			while (length + 16 <= count && sixteen_are(&frame[length], pair));
	}
	return length;
}
