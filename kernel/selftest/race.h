/* SPDX-License-Identifier: MIT */
/* kernel/selftest/race.h: something that another CPU does meanwhile, for self-tests. kernel/selftest/race.c; main thread. */
#ifndef AMBER_SELFTEST_RACE_H
#define AMBER_SELFTEST_RACE_H

#include <amber/selftest.h>
#include <amber/types.h>

#include "thread.h"

struct race {
	vaddr_t target;
	uint64_t done;    /* turns of the other CPU */
	uint64_t wrong;   /* what it saw and should not have seen */
	bool was_refused;
	bool is_over;     /* set by race_end: the other CPU stops */
	void (*fn)(struct race *race);
	struct thread *thread;
};

/* Skips the test where there is one CPU, or where the default chain is not this one (NULL: any). */
bool race_needs(struct selftest_run *run, const char *chain);
/* Runs fn(race) on another CPU. / Ends it: waits for the thread. */
void race_start(struct selftest_run *run, struct race *race, void (*fn)(struct race *race));
void race_end(struct race *race);
bool race_is_over(const struct race *race);
uint64_t race_turns(const struct race *race);                /* that it has done so far */
void race_wait_for(const struct race *race, uint64_t turns); /* until it has done that many */
/* A frame whose direct-map entry is a 4 KiB leaf, as those of what can be sealed. */
bool race_frame_with_leaf(struct selftest_run *run, paddr_t *frame);

#endif
