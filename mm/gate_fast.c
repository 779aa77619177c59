/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_fast.c: the fast dry run's part inside the gate. Copies of one page and its private chain are kept from one
 * time to the next as long as nothing that they copy has changed (generation numbers); A differs from B in a window of
 * 128 bytes around the store only. Between dry runs the chain is not linked: the dry-run root is a plain copy.
 */
#include "gate_dry.h"
#include "pagetable.h"

#define WINDOW_WORDS (DRY_WINDOW_BYTES / sizeof(uint64_t))

static pte_t *root_slot(vaddr_t va)
{
	return (pte_t *)gate_window(this_cpu()->dry_root_frame) + pagetable_index(va, 4);
}

/* Under any root: what is kept is of the kernel's half. */
static bool is_valid(const struct dry_state *state, vaddr_t va)
{
	return state->is_kept && state->page[0].va == va && state->generation == gate_counters.generation &&
	       state->tables == gate_counters.tables;
}

static inline void copy_twice(uint64_t *a, uint64_t *b, const uint64_t *from)
{
	uint64_t w = from[0], x = from[1], y = from[2], z = from[3];

	a[0] = w;
	a[1] = x;
	a[2] = y;
	a[3] = z;
	b[0] = w;
	b[1] = x;
	b[2] = y;
	b[3] = z;
}

/* Another page than last time: everything anew. */
static enum error make(struct dry_state *state, paddr_t root, vaddr_t va)
{
	const paddr_t *shadows = this_cpu()->dry_shadows;
	paddr_t frame;

	if (!gate_is_caller(root) || !gate_may_shadow(root, va, &frame, true))
		return ERR_DENIED;
	if (pagetable_index(va, 4) == USER_SLOT) /* another space's, another time; and those tables change uncounted */
		return ERR_UNSUPPORTED;
	if (frame_at(frame)->writable) /* opened in another mapping: it changes without the gate, no copy can be kept */
		return ERR_UNSUPPORTED;
	gate_dry_forget(state);
	gate_dry_take_user_half(state, root);
	state->page[0] = (struct dry_page){ va, frame, frame, shadows[0], shadows[1], gate_private_leaf(state, va) };
	state->chain = *root_slot(va);
	arch_copy_page(gate_window(shadows[0]), gate_window(frame));
	arch_copy_page(gate_window(shadows[1]), gate_window(frame));
	state->generation = gate_counters.generation;
	state->tables = gate_counters.tables;
	state->is_kept = true;
	return OK;
}

/* The same page: only the last window may differ from it. */
static void restore_window(const struct dry_state *state)
{
	const struct dry_page *page = &state->page[0];
	const uint64_t *from = gate_window(page->frame + state->window);
	uint64_t *a = gate_window(page->shadow_a + state->window), *b = gate_window(page->shadow_b + state->window);

	for (unsigned i = 0; i < WINDOW_WORDS; i += 4)
		copy_twice(&a[i], &b[i], &from[i]);
}

static void open_window(const struct dry_state *state)
{
	uint64_t *a = gate_window(state->page[0].shadow_a + state->window);
	const uint64_t *b = gate_window(state->page[0].shadow_b + state->window);

	for (unsigned i = 0; i < WINDOW_WORDS; i += 4) {
		uint64_t w = b[i], x = b[i + 1], y = b[i + 2], z = b[i + 3];

		a[i] = w ^ DRY_RUN_PATTERN;
		a[i + 1] = x ^ DRY_RUN_PATTERN;
		a[i + 2] = y ^ DRY_RUN_PATTERN;
		a[i + 3] = z ^ DRY_RUN_PATTERN;
	}
}

static uint64_t begin(struct dry_state *state, vaddr_t addr)
{
	vaddr_t va = ALIGN_DOWN(addr, PAGE_SIZE);
	paddr_t root = gate_caller_root();

	if (state->pages)
		return gate_refuse(ERR_INVALID);
	if (is_valid(state, va) && gate_is_caller(root)) {
		restore_window(state);
		gate_dry_take_user_half(state, root);
		*root_slot(va) = state->chain;
	} else {
		enum error error = make(state, root, va);

		if (error)
			return error; /* the full way says whether it is refused */
	}
	state->window = MIN(ALIGN_DOWN(addr & PAGE_MASK, 64), PAGE_SIZE - DRY_WINDOW_BYTES);
	state->pages = 1;
	state->is_fast = true;
	open_window(state);
	gate_dry_set_leaf(&state->page[0], state->page[0].shadow_a);
	return OK;
}

/* a: the store's address. The lock: as for the full way. */
GATE_DO(fast_begin)
{
	uint64_t result;

	(void)b, (void)c, (void)d, (void)e;
	if (!gate_lock_take())
		return ERR_BUSY;
	result = begin(gate_dry_state(), a);
	if (result != OK)
		gate_lock_drop();
	return result;
}
