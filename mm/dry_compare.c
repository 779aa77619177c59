/* SPDX-License-Identifier: MIT */
/*
 * mm/dry_compare.c: after the two passes: which bytes did the instruction store, and what? Every byte that differs from
 * what its shadow held before. On this CPU's story stack, interrupts masked.
 */
#include "dry_compare.h"

#include <amber/string.h>

#include "kernel_map.h"

/* Looks at one word of the three pages; bytes that were stored widen the extent. */
static void note_word(struct extent *extent, vaddr_t va, uint64_t stored_a, uint64_t stored_b, uint64_t new_a, uint64_t new_b)
{
	uint64_t stored = stored_a | stored_b;
	uint64_t low_bits = 0x7f7f7f7f7f7f7f7full;
	uint64_t depends = new_a ^ new_b;

	if (!extent->any)
		extent->first = va + __builtin_ctzll(stored) / 8;
	extent->last = va + 7 - __builtin_clzll(stored) / 8;
	extent->any = true;
	extent->any_in_b |= stored_b != 0;
	/* A byte (the top bit of each that isn't 0) that was stored and whose new value depends on what was there:
	 * read-modify-write, whose other bytes may not show. */
	stored |= (stored & low_bits) + low_bits;
	depends |= (depends & low_bits) + low_bits;
	if (stored & depends & ~low_bits)
		extent->depends_on_memory = true;
}

/* Four words: a ^ p is the pattern and b is p, in each. */
static inline bool is_untouched(const uint64_t *p, const uint64_t *a, const uint64_t *b)
{
	uint64_t stored_b = (b[0] ^ p[0]) | (b[1] ^ p[1]) | (b[2] ^ p[2]) | (b[3] ^ p[3]);
	uint64_t w = a[0] ^ b[0], x = a[1] ^ b[1], y = a[2] ^ b[2], z = a[3] ^ b[3];

	return !(stored_b | (w ^ DRY_RUN_PATTERN) | (w ^ x) | (y ^ z) | (w ^ y));
}

/* Nearly all words are untouched. */
void dry_compare_words(const struct dry_page *page, unsigned from, unsigned to, struct extent *extent)
{
	const uint64_t *p = phys_to_virt(page->original), *a = phys_to_virt(page->shadow_a), *b = phys_to_virt(page->shadow_b);

	for (unsigned i = from; i < to; i += 4) {
		if (__builtin_expect(is_untouched(&p[i], &a[i], &b[i]), 1))
			continue;
		for (unsigned k = i; k < i + 4; k++)
			if ((a[k] ^ p[k] ^ DRY_RUN_PATTERN) | (b[k] ^ p[k]))
				note_word(extent, page->va + k * sizeof(uint64_t), a[k] ^ p[k] ^ DRY_RUN_PATTERN, b[k] ^ p[k], a[k], b[k]);
	}
}

/* The first bytes, page by page. */
static void copy_values(struct dry_run *run)
{
	const struct dry_page *page = dry_state()->page;
	uint64_t bytes = MIN(run->bytes, (uint64_t)VIOLATION_BYTES_MAX);

	for (uint64_t done = 0, length; done < bytes; done += length, page++) {
		uint64_t offset = run->start + done - page->va;

		length = offset < PAGE_SIZE ? MIN(PAGE_SIZE - offset, bytes - done) : 0; /* 0: it begins in the next page */
		memcpy(run->old + done, (const uint8_t *)phys_to_virt(page->original) + offset, length);
		memcpy(run->new + done, (const uint8_t *)phys_to_virt(page->shadow_b) + offset, length);
	}
}

/* Where the sealed part begins: a store may begin in ordinary memory in front of it. */
static void note_sealed(struct dry_run *run)
{
	const struct dry_state *state = dry_state();
	const struct dry_page *page = &state->page[run->start >= state->page[0].va + PAGE_SIZE ? 1 : 0];

	run->sealed = page->frame + (run->start & PAGE_MASK);
	if (frame_class(frame_type_at(page->frame)) != CLASS_DATA && state->pages > 1) {
		run->sealed = state->page[1].frame;
		run->sealed_offset = state->page[1].va - run->start;
	}
}

void dry_note_extent(struct dry_run *run, const struct fault *fault, const struct extent *extent,
                        const struct step_traits *traits, bool single_pass)
{
	run->changed = extent->any;
	run->bytes = run->sealed_offset = 0;
	run->redundant = !extent->any_in_b;
	run->exact = extent->any && !extent->depends_on_memory && !single_pass && !traits->rmw_bytes;
	run->start = fault->addr;
	if (extent->any) {
		/* Bytes in front of the first one that shows were accessed too, if the fault's address is the true one. */
		run->exact &= fault->is_stack || extent->first <= fault->addr;
		run->start = fault->is_stack ? extent->first : MIN(extent->first, fault->addr);
		run->bytes = extent->last - run->start + 1;
		copy_values(run);
	}
	run->reach_bytes = run->start == fault->addr ? MAX(run->bytes, traits->rmw_bytes) : run->bytes;
	note_sealed(run);
}
