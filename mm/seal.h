/* SPDX-License-Identifier: MIT */
/*
 * mm/seal.h: the seal: prepare (may refuse, changes nothing), commit (cannot fail), proof. Runs once, after the
 * last initcall, in process context. docs/seal.md tells the story.
 */
#ifndef AMBER_MM_SEAL_H
#define AMBER_MM_SEAL_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

#include "frame.h"

enum seal_state { SEAL_OPEN, SEAL_SEALED, SEAL_OFF, SEAL_FAILED };

struct seal_report {
	enum seal_state state;
	uint64_t pages, bytes_used, objects;
	uint64_t aliases_sealed;   /* entries that lost the write bit */
	uint64_t instructions;     /* prepare to the end of the proof */
	/* From a walk of all tables after the flip: */
	uint64_t writable_aliases; /* writable mappings of sealed frames */
	uint64_t wx_pages;
	uint64_t page_table_pages; /* frames that are page tables */
	uint64_t page_table_pages_writable;
	uint64_t cpus_probed, probes_failed;
};

extern enum seal_state seal_state;     /* class data: it seals itself */
extern struct seal_report seal_report; /* ordinary: what was printed */

/* Seals (or with rodata=off only counts), proves, prints the report; panics if the proof fails. Frees init memory. */
void seal(bool enabled);
/* Kernel entry to the end of the proof, in instructions, without printing and waiting for hardware; 0 where the clock
 * does not count them. */
uint64_t seal_boot_instructions(void);

/* One range with two mappings, the given one and the direct map's. */
struct seal_range {
	vaddr_t start;
	paddr_t frame;
	uint64_t bytes;
	enum frame_type type; /* of the frames afterwards: FRAME_SEALED or FRAME_CORE */
};
/* May refuse and changes nothing: ERR_INVALID (not whole pages), ERR_NOT_MAPPED, ERR_DENIED (another frame, a block leaf,
 * other permissions, a third writable mapping). */
enum error seal_range_prepare(const struct seal_range *range) __must_check;
/* Cannot fail after that. Returns how many entries lost the write bit. */
uint64_t seal_range_commit(const struct seal_range *range);

/* After `unprotect` a page is open; how many. */
uint64_t seal_unprotected_pages(void);

/* mm/seal_report.c: the report in words and as the event `seal`. */
void seal_print(const struct seal_report *report);

/* --- mm/seal_verify.c --- */
void seal_verify_walk(struct seal_report *report);
void seal_verify_probe(void *report); /* this CPU writes to the edges through both mappings */

#endif
