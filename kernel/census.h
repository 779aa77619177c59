/* SPDX-License-Identifier: MIT */
/*
 * kernel/census.h: how much of everything there is, so that a comparison shows what was not given back. Any context: what others
 * do meanwhile may be counted in part.
 */
#ifndef AMBER_CENSUS_H
#define AMBER_CENSUS_H

#include <amber/abi.h>

struct census {
	uint64_t objects[OBJECT_TYPES];
	uint64_t pool_pages, handle_pages;
	uint64_t user_frames;   /* handed out */
	uint64_t space_tables;  /* arena frames that belong to spaces */
	uint64_t ordinary;      /* free frames, those kept for user memory, and the arena's */
};

/* Walks the frame table. */
void census_take(struct census *census);
/* Writes what differs, "2 threads more, 1 user frames fewer"; false: nothing does. */
bool census_compare(const struct census *before, const struct census *after, char *text, size_t bytes);

#endif
