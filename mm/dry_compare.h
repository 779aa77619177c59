/* SPDX-License-Identifier: MIT */
/* mm/dry_compare.h: what the passes of a dry run show. For mm/dry_run.c only. */
#ifndef AMBER_MM_DRY_COMPARE_H
#define AMBER_MM_DRY_COMPARE_H

#include "dry_run.h"
#include "gate.h"

/* The bytes seen to be stored. */
struct extent {
	vaddr_t first, last;
	bool any, any_in_b;     /* in one of the passes; in the second: a value changes */
	bool depends_on_memory; /* a value that depends on what was there */
};

/* This CPU's; written by the gate. */
static inline const struct dry_state *dry_state(void)
{
	return phys_to_virt(this_cpu()->dry_state);
}

/* Adds what was stored to words [from, to) of a page. */
void dry_compare_words(const struct dry_page *page, unsigned from, unsigned to, struct extent *extent);
/* From the extent to the result: where the store begins, how much it is, old and new bytes. */
void dry_note_extent(struct dry_run *run, const struct fault *fault, const struct extent *extent,
                     const struct step_traits *traits, bool single_pass);

#endif
