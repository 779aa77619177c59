/* SPDX-License-Identifier: MIT */
/*
 * kernel/objects_check.h: for stress tests: do handles, objects, regions, page tables and frame table agree? A walk over
 * everything. Big lock held, and no operation of another thread half done but those that mark what they work on.
 */
#ifndef AMBER_OBJECTS_CHECK_H
#define AMBER_OBJECTS_CHECK_H

#include <amber/types.h>

/* False: `why` says what is wrong, the first thing found. */
bool objects_consistent(char *why, size_t bytes);

#endif
