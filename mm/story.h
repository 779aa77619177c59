/* SPDX-License-Identifier: MIT */
/* mm/story.h: what mm/fault.c and mm/verdict.c know about the write to sealed memory under way on a CPU. */
#ifndef AMBER_MM_STORY_H
#define AMBER_MM_STORY_H

#include <amber/annotate.h>
#include <amber/broken.h>
#include <amber/fault.h>
#include <amber/types.h>
#include <amber/violation.h>

#include "dry_run.h"

#define STORY_FRAME_BYTES 320

extern const struct fixup __fixup_start[], __fixup_end[]; /* linker/amber.ld.S */

struct story {
	struct trap_frame *before, *after; /* registers: at the store, and behind it (DRY_RUN_DONE) */
	struct fault fault;
	enum sealed_class class;
	paddr_t paddr; /* of fault.addr */
	enum dry_run_status status;
	unsigned retold; /* abandoned dry runs of this instruction */
	vaddr_t spurious_addr; /* the last fault that the tables did not explain */
	unsigned spurious_times;
	struct step_traits traits;
	struct dry_run run;
	struct violation *violation; /* in violation_room() */
	uint8_t before_bytes[STORY_FRAME_BYTES] __aligned(16);
	uint8_t after_bytes[STORY_FRAME_BYTES] __aligned(16);
};

/* Does what violation.verdict says; execution goes on elsewhere. */
void verdict_apply(struct story *story) __noreturn;

#endif
