/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_dry.c: the dry run's part inside the gate: copies of the pages, a private chain of tables from this
 * CPU's dry-run root down to them, and copying the difference back. The full-page way: everything is made anew
 * each time, so nothing can be stale. Only the CPU itself loads its dry-run root, only while it steps.
 */
#include "gate_parts.h"

#include "dry_run.h"
#include "pagetable.h"

static struct dry_state *dry_state(void)
{
	return gate_window(this_cpu()->dry_state);
}

/* Sealed data may be copied, and a neighbour that is ordinary and writable anyway; nothing of class core ever: the
 * step's own exception reads it. */
static bool may_shadow(paddr_t root, vaddr_t va, paddr_t *frame, bool only_sealed)
{
	int level;
	const pte_t *entry = gate_walk(root, va, &level);
	enum frame_type type;

	if (!entry || (pte_perms(*entry) & (PERM_X | PERM_DEVICE)))
		return false;
	*frame = pte_addr(*entry, level) + (level == 2 ? ALIGN_DOWN(va & BLOCK_MASK, PAGE_SIZE) : 0);
	type = frame_type_at(*frame);
	return type == FRAME_SEALED || (!only_sealed && type == FRAME_KERNEL && (pte_perms(*entry) & PERM_W));
}

/* A private copy of the table behind *entry (a block is split into pages in the copy). */
static void make_private(struct dry_state *state, pte_t *entry, int level)
{
	paddr_t copy = this_cpu()->dry_tables[state->tables_used++];
	pte_t *to = gate_window(copy);

	if (pte_is_table(*entry, level)) {
		const pte_t *from = gate_window(pte_addr(*entry, level));

		for (unsigned i = 0; i < 512; i += 4) {
			to[i] = from[i];
			to[i + 1] = from[i + 1];
			to[i + 2] = from[i + 2];
			to[i + 3] = from[i + 3];
		}
	} else {
		for (unsigned i = 0; i < 512; i++)
			to[i] = pte_encode(pte_addr(*entry, level) + i * PAGE_SIZE, pte_perms(*entry), level - 1);
	}
	*entry = pte_encode_table(copy);
}

/* The entry for va in the dry-run root's own chain. */
static paddr_t private_leaf(struct dry_state *state, vaddr_t va)
{
	paddr_t table = this_cpu()->dry_root_frame;

	for (int level = 4; level > 1; level--) {
		pte_t *entry = (pte_t *)gate_window(table) + pagetable_index(va, level);

		if (!pte_is_table(*entry, level) || frame_type_at(pte_addr(*entry, level)) != FRAME_DRY_TABLE)
			make_private(state, entry, level);
		table = pte_addr(*entry, level);
	}
	return table + pagetable_index(va, 1) * sizeof(pte_t);
}

static void fill_shadows(const struct dry_page *page)
{
	const uint64_t *from = gate_window(page->frame);
	uint64_t *a = gate_window(page->shadow_a), *b = gate_window(page->shadow_b);

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(uint64_t); i += 2) {
		uint64_t first = from[i], second = from[i + 1];

		b[i] = first;
		b[i + 1] = second;
		a[i] = first ^ DRY_RUN_PATTERN;
		a[i + 1] = second ^ DRY_RUN_PATTERN;
	}
}

static void set_leaf(const struct dry_page *page, paddr_t shadow)
{
	arch_pte_exchange(gate_window(page->leaf), pte_encode(shadow, PERM_R | PERM_W, 1));
}

static void add_page(struct dry_state *state, vaddr_t va, paddr_t frame)
{
	struct dry_page *page = &state->page[state->pages];
	const paddr_t *shadows = this_cpu()->dry_shadows;

	*page = (struct dry_page){ va, frame, shadows[2 * state->pages], shadows[2 * state->pages + 1], private_leaf(state, va) };
	state->pages++;
	fill_shadows(page);
	set_leaf(page, page->shadow_a);
}

/* a: the sealed page, b: its neighbour or 0. */
GATE_DO(dry_begin)
{
	struct dry_state *state = dry_state();
	paddr_t root = gate_caller_root(), frame, neighbour;
	bool two;

	(void)c, (void)d, (void)e;
	if (((a | b) & PAGE_MASK) || (b && b != a + PAGE_SIZE && b != a - PAGE_SIZE) || state->pages)
		return gate_refuse(ERR_INVALID);
	if (frame_type_at(root) != FRAME_ROOT || !may_shadow(root, a, &frame, true))
		return gate_refuse(ERR_DENIED);
	two = b && may_shadow(root, b, &neighbour, false);
	if (state->root != root) {
		uint64_t *to = gate_window(this_cpu()->dry_root_frame);
		const uint64_t *from = gate_window(root);

		for (unsigned i = 0; i < 512; i++)
			to[i] = from[i];
		state->root = root;
	}
	if (two && b < a)
		add_page(state, b, neighbour);
	add_page(state, a, frame);
	if (two && b > a)
		add_page(state, b, neighbour);
	return OK;
}

/* What the step itself changed in the stored bytes is put right in the shadow that was just stepped on. */
static void fix_stored(const struct dry_state *state, const struct trap_frame *before, bool is_b)
{
	for (unsigned i = 0; i < state->pages; i++)
		arch_step_fix_stored(before, gate_window(is_b ? state->page[i].shadow_b : state->page[i].shadow_a),
		                     state->page[i].va);
}

/* a: the frame before the step. From pass A to pass B. */
GATE_DO(dry_flip)
{
	const struct dry_state *state = dry_state();

	(void)b, (void)c, (void)d, (void)e;
	fix_stored(state, (const struct trap_frame *)a, false);
	for (unsigned i = 0; i < state->pages; i++)
		set_leaf(&state->page[i], state->page[i].shadow_b);
	return OK;
}

GATE_DO(dry_fix)
{
	(void)b, (void)c, (void)d, (void)e;
	fix_stored(dry_state(), (const struct trap_frame *)a, true);
	return OK;
}

/* Only bytes that differ: the neighbour may be ordinary memory that others write. */
static void commit_page(const struct dry_page *page)
{
	const uint64_t *from = gate_window(page->shadow_b);
	uint64_t *to = gate_window(page->frame);

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(uint64_t); i++) {
		uint64_t difference = from[i] ^ to[i];

		if (!difference)
			continue;
		if (difference == ~0ull) {
			to[i] = from[i];
			continue;
		}
		for (unsigned byte = 0; byte < 8; byte++)
			if (difference >> (8 * byte) & 0xff)
				((uint8_t *)&to[i])[byte] = ((const uint8_t *)&from[i])[byte];
	}
}

/* a: whether to commit. The dry-run root is a plain copy again afterwards. */
GATE_DO(dry_end)
{
	struct dry_state *state = dry_state();
	pte_t *root = gate_window(this_cpu()->dry_root_frame);
	const pte_t *original = gate_window(state->root);

	(void)b, (void)c, (void)d, (void)e;
	if (!state->pages)
		return gate_refuse(ERR_INVALID);
	for (unsigned i = 0; i < state->pages; i++) {
		unsigned slot = pagetable_index(state->page[i].va, 4);

		if (a)
			commit_page(&state->page[i]);
		arch_pte_exchange(gate_window(state->page[i].leaf), 0);
		arch_pte_exchange(&root[slot], original[slot]);
	}
	state->pages = 0;
	state->tables_used = 0;
	if (a)
		((struct gate_counters *)gate_window(gate_image_to_phys(&gate_counters)))->generation++;
	return OK;
}
