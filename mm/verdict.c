/* SPDX-License-Identifier: MIT */
/*
 * mm/verdict.c: doing what the verdict says. On the story stack, interrupts masked. A store that is let through
 * is committed from the dry run; no instruction is executed a second time for real.
 */
#include <amber/panic.h>
#include <amber/upcalls.h>

#include "gate.h"
#include "pagetable.h"
#include "shootdown.h"
#include "story.h"

static void __noreturn resume(struct story *story, struct trap_frame *frame)
{
	(void)story;
	this_cpu()->state->in_story = false;
	arch_frame_resume(frame);
}

static void __noreturn stop_machine(struct story *story)
{
	if (story->status == DRY_RUN_DONE)
		dry_run_end(false);
	panic_sealed(story->before, story->violation);
}

/* Opens each sealed page that the store lies in, in the mapping that it used. */
static void open_pages(struct story *story)
{
	vaddr_t pages[2] = { ALIGN_DOWN(story->violation->addr, PAGE_SIZE) };
	unsigned count = 1;

	if (story->status == DRY_RUN_DONE)
		count = dry_run_sealed_pages(&story->run, pages);
	for (unsigned i = 0; i < count; i++) {
		struct mapping mapping;

		if (!pagetable_lookup(arch_root_frame(arch_root_current()), pages[i], &mapping) && (mapping.perms & PERM_W))
			continue; /* opened before */
		if (gate_unprotect(pages[i]))
			stop_machine(story);
		tlb_shootdown(pages[i], PAGE_SIZE);
	}
}

void verdict_apply(struct story *story)
{
	bool stepped = story->status == DRY_RUN_DONE;

	switch (story->violation->verdict) {
	case VERDICT_UNPROTECT:
		open_pages(story);
		if (stepped)
			dry_run_end(true);
		resume(story, stepped ? story->after : story->before);
	case VERDICT_ONCE:
	case VERDICT_IGNORE:
		if (!stepped) /* the chain gives these only after a dry run */
			stop_machine(story);
		dry_run_end(story->violation->verdict == VERDICT_ONCE);
		resume(story, story->after);
	case VERDICT_OOPS:
		if (stepped)
			dry_run_end(false);
		this_cpu()->state->in_story = false;
		thread_oops(story->violation);
	default:
		stop_machine(story);
	}
}
