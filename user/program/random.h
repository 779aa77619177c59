/* SPDX-License-Identifier: MIT */
/*
 * random.h: random numbers, seeded for each thread by itself, so that a thread's own don't depend on when others run. The state lies
 * in the thread's message page, at the end of its arguments.
 */
#ifndef AMBER_USER_RANDOM_H
#define AMBER_USER_RANDOM_H

#include "program.h"

static inline uint64_t *random_state(void)
{
	return (uint64_t *)(void *)&message_page()->arguments[MESSAGE_ARGUMENTS_MAX - sizeof(uint64_t)];
}

/* Before the thread's first random_word. */
static inline void random_seed(uint64_t seed)
{
	*random_state() = seed * 0x9e3779b97f4a7c15ull | 1;
}

static inline uint64_t random_word(void)
{
	uint64_t state = *random_state();

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return *random_state() = state;
}

static inline uint64_t random_below(uint64_t limit)
{
	return random_word() % limit;
}

#endif
