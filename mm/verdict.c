/* SPDX-License-Identifier: MIT */
/*
 * mm/verdict.c: doing what the verdict says. On the story stack, interrupts masked. A store that is let through
 * is committed from the dry run; no instruction is executed a second time for real.
 */
#include <amber/panic.h>
#include <amber/upcalls.h>

#include "address_space.h"
#include "gate.h"
#include "pagetable.h"
#include "shootdown.h"
#include "story.h"

/* Ends the dry run, or lets go what was held instead. From here on other CPUs may be waited for and lines printed. */
static void finish(const struct story *story, bool commit)
{
	if (story->status == DRY_RUN_DONE)
		dry_run_end(commit ? &story->run : NULL);
	else
		gate_let_go();
	violation_log_print();
}

static void __noreturn resume(struct trap_frame *frame)
{
	this_cpu()->state->in_story = false;
	arch_frame_resume(frame);
}

static void __noreturn stop_machine(struct story *story)
{
	panic_sealed(story->before, story->violation);
}

static bool is_writable(vaddr_t page)
{
	struct mapping mapping;

	return !pagetable_lookup(address_space_root_for(page), page, &mapping) && (mapping.perms & PERM_W);
}

/* Lets the store through, then opens each sealed page that it lies in, in the mapping that it used. */
static void let_through_and_open(struct story *story)
{
	vaddr_t pages[2] = { ALIGN_DOWN(story->violation->addr, PAGE_SIZE) };
	unsigned count = 1;

	if (story->status == DRY_RUN_DONE)
		count = dry_run_sealed_pages(&story->run, pages);
	finish(story, true);
	for (unsigned i = 0; i < count; i++) {
		/* It may have been opened before, also by another CPU just now. */
		if (!is_writable(pages[i]) && gate_unprotect(pages[i]) && !is_writable(pages[i]))
			panic("ro: the gate refuses to open 0x%zx", (size_t)pages[i]);
		tlb_shootdown(pages[i], PAGE_SIZE);
	}
}

void verdict_apply(struct story *story)
{
	bool stepped = story->status == DRY_RUN_DONE;

	switch (story->violation->verdict) {
	case VERDICT_UNPROTECT:
		let_through_and_open(story);
		resume(stepped ? story->after : story->before);
	case VERDICT_ONCE:
	case VERDICT_IGNORE:
		if (!stepped) /* the chain gives these only after a dry run */
			stop_machine(story);
		finish(story, story->violation->verdict == VERDICT_ONCE);
		resume(story->after);
	case VERDICT_OOPS:
		finish(story, false);
		this_cpu()->state->in_story = false;
		thread_oops(story->violation);
	default:
		stop_machine(story);
	}
}
