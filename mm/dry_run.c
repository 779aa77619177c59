/* SPDX-License-Identifier: MIT */
/*
 * mm/dry_run.c: the instruction is not decoded but run, on copies of the page, twice from the same registers.
 * Shadow A differs from the page in every byte, so every byte that is stored shows; shadow B is a true copy and
 * gives the values. On this CPU's story stack, interrupts masked: an exception during the step pushes over
 * whatever lies below the interrupted stack pointer.
 */
#include "dry_run.h"

#include <amber/broken.h>
#include <amber/panic.h>
#include <amber/string.h>

#include "address_space.h"
#include "dry_compare.h"
#include "gate.h"
#include "kernel_map.h"
#include "shootdown.h"
#include "story.h"

#define NEIGHBOUR_BYTES 64 /* no single store reaches farther */
#define REACH_BYTES     1024 /* of one step, either way: fxsave 512, a repeated store STEP_TURNS_MAX times 8 (arch step.S) */
#define BELOW_BYTES     16 /* a straddling store may report the second page's first bytes */

static struct dry_run_oracle *oracle;

static vaddr_t neighbour_of(vaddr_t addr)
{
	vaddr_t page = ALIGN_DOWN(addr, PAGE_SIZE);

	if ((addr & PAGE_MASK) >= PAGE_SIZE - NEIGHBOUR_BYTES)
		return page + PAGE_SIZE;
	return (addr & PAGE_MASK) < BELOW_BYTES ? page - PAGE_SIZE : 0;
}

/* One pass: the leaves point to one set of shadows already. */
static enum step_result run_pass(struct trap_frame *before, struct trap_frame *after, const struct step_traits *traits,
                                 struct fault *fault)
{
	const struct dry_state *state = dry_state();
	vaddr_t first = state->page[0].va, last = state->page[state->pages - 1].va + PAGE_SIZE - traits->element_bytes;

	for (unsigned i = 0; i < state->pages; i++)
		arch_tlb_invalidate_page(state->page[i].va);
	return arch_step(before, after, this_cpu()->dry_root, first, last, fault);
}

static enum dry_run_status abandon(void)
{
	if (gate_run(GATE_DRY_END, false, 0, 0, true, 0) != OK)
		panic("dry run: abandoned without being under way");
	return DRY_RUN_ABANDONED;
}

/* Both passes, the leaves pointing to A. `mend`: the stored flags are put right in each shadow (pushf). */
static bool step_twice(struct trap_frame *before, struct trap_frame *after, const struct step_traits *traits,
                       bool single_pass, struct fault *fault)
{
	uint64_t mend = traits->stores_flags ? (uint64_t)before : 0;

	if (!single_pass && run_pass(before, after, traits, fault) == STEP_FAULT)
		return false;
	gate_run(GATE_DRY_FLIP, mend, 0, 0, 0, 0);
	if (run_pass(before, after, traits, fault) == STEP_FAULT)
		return false;
	if (mend)
		gate_run(GATE_DRY_FIX, mend, 0, 0, 0, 0);
	return true;
}

/* A step ends under the kernel's root; whoever goes on, there or elsewhere, relies on the one that was loaded before. */
static bool run_passes(struct trap_frame *before, struct trap_frame *after, const struct step_traits *traits,
                       bool single_pass, struct fault *fault)
{
	bool done = step_twice(before, after, traits, single_pass, fault);

	address_space_reload();
	return done;
}

/* What lies within reach of the fault's address: no step stores farther away. */
static void compare_page(const struct dry_page *page, vaddr_t addr, struct extent *extent)
{
	vaddr_t start = MAX(page->va, ALIGN_DOWN(addr - REACH_BYTES, 32));
	vaddr_t end = MIN(page->va + PAGE_SIZE, ALIGN_DOWN(addr + REACH_BYTES, 32));

	if (start < end)
		dry_compare_words(page, (start - page->va) / sizeof(uint64_t), (end - page->va) / sizeof(uint64_t), extent);
}

/* The simple way: full copies of the page and, near its edge, of the neighbour. */
static enum dry_run_status run_full(struct trap_frame *before, struct trap_frame *after, const struct fault *fault,
                                    const struct step_traits *traits, struct dry_run *run)
{
	bool single_pass = traits->single_pass || is_broken(BROKEN_DRY_RUN);
	const struct dry_state *state = dry_state();
	struct extent extent = { 0 };
	enum error error;

	error = gate_run(GATE_DRY_BEGIN, ALIGN_DOWN(fault->addr, PAGE_SIZE), neighbour_of(fault->addr), 0, 0, 0);
	if (error)
		return error == ERR_OPEN ? DRY_RUN_NEEDLESS : DRY_RUN_REFUSED;
	if (!run_passes(before, after, traits, single_pass, &run->second))
		return abandon();
	for (unsigned i = 0; i < state->pages; i++)
		compare_page(&state->page[i], fault->addr, &extent);
	dry_note_extent(run, fault, &extent, traits, single_pass);
	return DRY_RUN_DONE;
}

/* The fast way: copies kept from last time, and a window of 128 bytes in which A differs from B. For whatever begins at
 * the fault's address, reaches no neighbour, and does not repeat. */
static bool may_go_fast(const struct fault *fault, const struct step_traits *traits)
{
	return !traits->single_pass && !traits->element_bytes && !traits->stores_flags && !fault->is_stack &&
	       !neighbour_of(fault->addr) && !is_broken(BROKEN_DRY_RUN);
}

static enum dry_run_status run_fast(struct trap_frame *before, struct trap_frame *after, const struct fault *fault,
                                    const struct step_traits *traits, struct dry_run *run)
{
	const struct dry_state *state = dry_state();
	struct extent extent = { 0 };
	unsigned first;

	if (gate_run(GATE_FAST_BEGIN, fault->addr, 0, 0, 0, 0) != OK)
		return run_full(before, after, fault, traits, run);
	if (!run_passes(before, after, traits, false, &run->second))
		return abandon();
	first = state->window / sizeof(uint64_t);
	dry_compare_words(&state->page[0], first, first + DRY_WINDOW_BYTES / sizeof(uint64_t), &extent);
	/* Does it come near the window's end? Then it may reach out of it, with a hole in between (fxsave). Only dc zva
	 * begins before the fault's address, and stays in the 64 bytes from which the window starts. */
	if (extent.any && extent.last >= fault->addr + NEIGHBOUR_BYTES) {
		dry_run_end(NULL);
		return run_full(before, after, fault, traits, run);
	}
	dry_note_extent(run, fault, &extent, traits, false);
	return DRY_RUN_DONE;
}

static bool is_alike(const struct dry_run *a, const struct dry_run *b)
{
	uint64_t bytes = MIN(a->bytes, (uint64_t)VIOLATION_BYTES_MAX);

	return a->changed == b->changed && a->exact == b->exact && a->redundant == b->redundant && a->start == b->start &&
	       a->bytes == b->bytes && a->reach_bytes == b->reach_bytes && a->sealed == b->sealed &&
	       a->sealed_offset == b->sealed_offset && memcmp(a->old, b->old, bytes) == 0 &&
	       memcmp(a->new, b->new, bytes) == 0;
}

typedef enum dry_run_status way(struct trap_frame *before, struct trap_frame *after, const struct fault *fault,
                                const struct step_traits *traits, struct dry_run *run);

/* Both ways from the same registers, now this one first, now the other; what the second found counts. */
static enum dry_run_status run_both(struct trap_frame *before, struct trap_frame *after, const struct fault *fault,
                                    const struct step_traits *traits, struct dry_run *run)
{
	static struct dry_run other; /* one CPU at a time: only the self-test comes here */
	static uint8_t registers[STORY_FRAME_BYTES], old[VIOLATION_BYTES_MAX], new[VIOLATION_BYTES_MAX];
	bool is_fast_first = oracle->compared++ & 1;
	way *const first = is_fast_first ? run_fast : run_full, *const second = is_fast_first ? run_full : run_fast;
	enum dry_run_status status;

	other = (struct dry_run){ .old = old, .new = new };
	status = first(before, after, fault, traits, &other);
	memcpy(registers, after, arch_frame_bytes);
	if (status == DRY_RUN_DONE)
		dry_run_end(NULL);
	if (second(before, after, fault, traits, run) != status || memcmp(registers, after, arch_frame_bytes) != 0 ||
	    !is_alike(&other, run))
		oracle->differences++;
	return status;
}

enum dry_run_status dry_run(struct trap_frame *before, struct trap_frame *after, const struct fault *fault,
                            const struct step_traits *traits, struct dry_run *run)
{
	run->changed = false;
	if (!traits->can_step)
		return DRY_RUN_REFUSED;
	if (!may_go_fast(fault, traits))
		return run_full(before, after, fault, traits, run);
	return oracle ? run_both(before, after, fault, traits, run) : run_fast(before, after, fault, traits, run);
}

void dry_run_compare(struct dry_run_oracle *new_oracle)
{
	oracle = new_oracle;
}

void dry_run_end(const struct dry_run *commit)
{
	if (gate_run(GATE_DRY_END, commit != NULL, commit ? commit->start : 0, commit ? commit->bytes : 0, 0, 0) != OK)
		panic("dry run: ended without being under way");
}

unsigned dry_run_sealed_pages(const struct dry_run *run, vaddr_t pages[2])
{
	const struct dry_state *state = dry_state();
	unsigned count = 0;

	for (unsigned i = 0; i < state->pages; i++)
		if (frame_class(frame_type_at(state->page[i].frame)) == CLASS_DATA && run->start < state->page[i].va + PAGE_SIZE &&
		    run->start + MAX(run->reach_bytes, 1ull) > state->page[i].va)
			pages[count++] = state->page[i].va;
	return count;
}
