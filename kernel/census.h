/* SPDX-License-Identifier: MIT */
/* kernel/census.h: how much there is of everything that user programs can make: to find leaks. Big lock held. */
#ifndef AMBER_CENSUS_H
#define AMBER_CENSUS_H

#include <amber/abi.h>
#include <amber/types.h>

struct census {
	uint64_t objects[OBJECT_TYPES];
	uint64_t user_frames;   /* handed out */
	uint64_t tables;        /* of spaces: tables and roots, by a walk of the frame table */
	uint64_t sealed_frames; /* of user memory, by the same walk */
	uint64_t pool_pages;    /* of objects, handles and regions */
};

void census_take(struct census *census);
/* One error line for whatever differs; false: something does. */
bool census_compare(const struct census *before, const struct census *after);

#endif
