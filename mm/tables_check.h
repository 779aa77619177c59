/* SPDX-License-Identifier: MIT */
/*
 * mm/tables_check.h: for tests: does the frame table say what the page tables of all spaces say? A walk over everything, with
 * scratch memory for two counts a frame. Big lock held, nobody else changes tables.
 */
#ifndef AMBER_MM_TABLES_CHECK_H
#define AMBER_MM_TABLES_CHECK_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

struct tables_check {
	uint64_t wrong_counts; /* frames whose number of writable mappings, or of user mappings, isn't the true one */
	uint64_t broken_rules; /* leaves that must not be: W+X, writable and sealed, user leaves of the kernel's frames */
	paddr_t first_wrong;   /* a frame of either kind */
	uint64_t user_leaves;
};

enum error tables_check(struct tables_check *check) __must_check; /* ERR_NO_MEMORY: not enough for the counts */

#endif
