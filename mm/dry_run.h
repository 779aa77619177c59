/* SPDX-License-Identifier: MIT */
/*
 * mm/dry_run.h: what would this instruction have written? It runs, alone, on copies of the page (see
 * docs/dry-run.md). Fault path: on this CPU's story stack, interrupts masked.
 */
#ifndef AMBER_MM_DRY_RUN_H
#define AMBER_MM_DRY_RUN_H

#include <amber/types.h>
#include <amber/violation.h>

#include <arch.h>

/* Every byte non-zero and different from its neighbours: a copy inside the page is seen too. */
#define DRY_RUN_PATTERN 0xff7fbfdfeff7fbfdull

/* One page that is shadowed. */
struct dry_page {
	vaddr_t va;
	paddr_t frame;    /* the true page */
	paddr_t original; /* what the passes are compared with: the page itself, or a copy if others may write it */
	paddr_t shadow_a; /* original XOR pattern; the first pass stores here */
	paddr_t shadow_b; /* copy of the original; the second pass stores here */
	paddr_t leaf;     /* where the private chain's leaf lies */
};

/* One frame per CPU, written by the gate only. */
struct dry_state {
	paddr_t root;     /* the caller's: whose user half the dry-run root has while one is under way */
	uint64_t pages;   /* 0 = none under way; else in address order */
	uint64_t tables_used;
	struct dry_page page[2];
	/* The fast way keeps page[0], its copies and its private chain from one time to the next. */
	bool is_kept, is_fast;
	uint64_t generation, tables; /* of gate_counters, when they were made */
	pte_t chain;                 /* the root's entry for the private chain; linked only while a dry run is under way */
	uint64_t window;             /* offset in the page: where A differs from B */
};

#define DRY_WINDOW_BYTES 128 /* starts at the store's address, rounded down to 64 */

enum dry_run_status {
	DRY_RUN_DONE,
	DRY_RUN_REFUSED,   /* this instruction, or this page, can't be stepped */
	DRY_RUN_ABANDONED, /* the step raised another exception: `second` */
	DRY_RUN_NEEDLESS,  /* another CPU opened the page meanwhile */
};

struct dry_run {
	struct fault second;    /* ABANDONED: this one */
	uint8_t *old, *new;     /* the caller's room for VIOLATION_BYTES_MAX each: the first bytes from start on */
	bool changed;      /* some byte was stored that shows up: start, bytes are valid */
	bool exact;        /* start, bytes are all of the store */
	bool redundant;    /* no byte would change */
	vaddr_t start;          /* of the store; the fault's address if nothing shows */
	uint64_t bytes;         /* from there to the last byte that shows */
	uint64_t reach_bytes;   /* what it accesses, if more is known than shows; >= bytes */
	paddr_t sealed;         /* the first sealed byte in that reach */
	uint64_t sealed_offset; /* its distance from start */
};

/* Runs the instruction at *before twice on copies of the sealed page that the fault is about (and its neighbour); *after
 * gets the registers behind it. run->old and ->new say where the bytes go. When DONE, dry_run_end must follow. */
enum dry_run_status dry_run(struct trap_frame *before, struct trap_frame *after, const struct fault *fault,
                            const struct step_traits *traits, struct dry_run *run);
/* The self-test's oracle: while on, each fast dry run is followed by a full one and must give the same; counts. */
struct dry_run_oracle {
	uint64_t compared, differences;
};
void dry_run_compare(struct dry_run_oracle *oracle); /* NULL = off */
/* Ends it: copies the difference that *commit says into the true pages, or (NULL) drops it. */
void dry_run_end(const struct dry_run *commit);
/* Which pages does the store's reach lie in that are sealed? Fills up to two; returns how many. */
unsigned dry_run_sealed_pages(const struct dry_run *run, vaddr_t pages[2]);

#endif
