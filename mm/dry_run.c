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

#include "gate.h"
#include "kernel_map.h"
#include "shootdown.h"

#define NEIGHBOUR_BYTES 64 /* no single store reaches farther */
#define BELOW_BYTES     16 /* a straddling store may report the second page's first bytes */

static const struct dry_state *dry_state(void)
{
	return phys_to_virt(this_cpu()->dry_state);
}

static vaddr_t neighbour_of(vaddr_t addr)
{
	vaddr_t page = ALIGN_DOWN(addr, PAGE_SIZE);

	if ((addr & PAGE_MASK) >= PAGE_SIZE - NEIGHBOUR_BYTES)
		return page + PAGE_SIZE;
	return (addr & PAGE_MASK) < BELOW_BYTES ? page - PAGE_SIZE : 0;
}

/* One pass: the leaves point to one set of shadows already. */
static enum step_result run_pass(const struct trap_frame *before, struct trap_frame *after, struct fault *fault)
{
	const struct dry_state *state = dry_state();
	vaddr_t lo = state->page[0].va, hi = state->page[state->pages - 1].va + PAGE_SIZE;

	memcpy(after, before, arch_frame_bytes);
	for (unsigned i = 0; i < state->pages; i++)
		arch_tlb_invalidate_page(state->page[i].va);
	return arch_step(after, this_cpu()->dry_root, lo, hi, fault);
}

/* Looks at one word of the three pages; bytes that were stored widen [*first, *last]. */
struct extent {
	vaddr_t first, last;
	bool any, any_in_b, depends_on_memory;
};

static void note_word(struct extent *extent, vaddr_t va, uint64_t stored_a, uint64_t stored_b, uint64_t new_a, uint64_t new_b)
{
	uint64_t stored = stored_a | stored_b;

	if (!extent->any)
		extent->first = va + __builtin_ctzll(stored) / 8;
	extent->last = va + 7 - __builtin_clzll(stored) / 8;
	extent->any = true;
	extent->any_in_b |= stored_b != 0;
	/* A byte whose new value depends on what was there: read-modify-write, whose other bytes may not show. */
	for (unsigned byte = 0; byte < 64; byte += 8)
		if ((stored >> byte & 0xff) && ((new_a ^ new_b) >> byte & 0xff))
			extent->depends_on_memory = true;
}

/* Nearly all words are untouched: four at a time with one branch. */
static void compare_page(const struct dry_page *page, struct extent *extent)
{
	const uint64_t *p = phys_to_virt(page->frame), *a = phys_to_virt(page->shadow_a), *b = phys_to_virt(page->shadow_b);
	const uint64_t k = DRY_RUN_PATTERN;

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(uint64_t); i += 4) {
		uint64_t stored = (a[i] ^ p[i] ^ k) | (b[i] ^ p[i]) | (a[i + 1] ^ p[i + 1] ^ k) | (b[i + 1] ^ p[i + 1]) |
				  (a[i + 2] ^ p[i + 2] ^ k) | (b[i + 2] ^ p[i + 2]) | (a[i + 3] ^ p[i + 3] ^ k) | (b[i + 3] ^ p[i + 3]);

		for (unsigned j = i; stored && j < i + 4; j++)
			if ((a[j] ^ p[j] ^ k) | (b[j] ^ p[j]))
				note_word(extent, page->va + j * sizeof(uint64_t), a[j] ^ p[j] ^ k, b[j] ^ p[j], a[j], b[j]);
	}
}

static void copy_values(struct dry_run *run)
{
	const struct dry_state *state = dry_state();

	for (unsigned i = 0; i < run->bytes && i < VIOLATION_BYTES_MAX; i++) {
		vaddr_t addr = run->start + i;
		const struct dry_page *page = &state->page[addr >= state->page[0].va + PAGE_SIZE ? 1 : 0];

		run->old[i] = *((const uint8_t *)phys_to_virt(page->frame) + (addr & PAGE_MASK));
		run->new[i] = *((const uint8_t *)phys_to_virt(page->shadow_b) + (addr & PAGE_MASK));
	}
}

/* Where the sealed part begins: a store may begin in ordinary memory in front of it. */
static void note_sealed(struct dry_run *run)
{
	const struct dry_state *state = dry_state();
	const struct dry_page *page = &state->page[run->start >= state->page[0].va + PAGE_SIZE ? 1 : 0];

	run->sealed = page->frame + (run->start & PAGE_MASK);
	if (frame_type_at(page->frame) != FRAME_SEALED && state->pages > 1) {
		run->sealed = state->page[1].frame;
		run->sealed_offset = state->page[1].va - run->start;
	}
}

static void compare(struct dry_run *run, const struct fault *fault, const struct step_traits *traits, bool single_pass)
{
	const struct dry_state *state = dry_state();
	struct extent extent = { 0 };

	for (unsigned i = 0; i < state->pages; i++)
		compare_page(&state->page[i], &extent);
	run->changed = extent.any;
	run->redundant = !extent.any_in_b;
	run->exact = extent.any && !extent.depends_on_memory && !single_pass && !traits->rmw_bytes;
	run->start = fault->addr;
	if (extent.any) {
		/* Bytes in front of the first one that shows were accessed too, if the fault's address is the true one. */
		run->exact &= fault->is_stack || extent.first <= fault->addr;
		run->start = fault->is_stack ? extent.first : MIN(extent.first, fault->addr);
		run->bytes = extent.last - run->start + 1;
		copy_values(run);
	}
	run->reach_bytes = run->start == fault->addr ? MAX(run->bytes, traits->rmw_bytes) : run->bytes;
	note_sealed(run);
}

static enum dry_run_status abandon(void)
{
	dry_run_end(false);
	return DRY_RUN_ABANDONED;
}

enum dry_run_status dry_run(const struct trap_frame *before, struct trap_frame *after, const struct fault *fault,
                            struct dry_run *run)
{
	struct step_traits traits = arch_step_traits(before);
	bool single_pass = traits.single_pass || is_broken(BROKEN_DRY_RUN);

	*run = (struct dry_run){ .kind = traits.kind };
	if (!traits.can_step ||
	    gate_run(GATE_DRY_BEGIN, ALIGN_DOWN(fault->addr, PAGE_SIZE), neighbour_of(fault->addr), 0, 0, 0) != OK)
		return DRY_RUN_REFUSED;
	if (!single_pass && run_pass(before, after, &run->second) == STEP_FAULT)
		return abandon();
	gate_run(GATE_DRY_FLIP, (uint64_t)before, 0, 0, 0, 0);
	if (run_pass(before, after, &run->second) == STEP_FAULT)
		return abandon();
	gate_run(GATE_DRY_FIX, (uint64_t)before, 0, 0, 0, 0);
	compare(run, fault, &traits, single_pass);
	return DRY_RUN_DONE;
}

void dry_run_end(bool commit)
{
	if (gate_run(GATE_DRY_END, commit, 0, 0, 0, 0) != OK)
		panic("dry run: ended without being under way");
}

unsigned dry_run_sealed_pages(const struct dry_run *run, vaddr_t pages[2])
{
	const struct dry_state *state = dry_state();
	unsigned count = 0;

	for (unsigned i = 0; i < state->pages; i++)
		if (frame_type_at(state->page[i].frame) == FRAME_SEALED && run->start < state->page[i].va + PAGE_SIZE &&
		    run->start + MAX(run->reach_bytes, 1ull) > state->page[i].va)
			pages[count++] = state->page[i].va;
	return count;
}
