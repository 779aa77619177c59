/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_dry.c: the dry run's part inside the gate: copies of the pages, a private chain of tables from this
 * CPU's dry-run root down to them, and copying the difference back. The full-page way: everything is made anew
 * each time, so nothing can be stale. Only the CPU itself loads its dry-run root, only while it steps.
 */
#include "gate_dry.h"

#include "gate_parts.h"
#include "pagetable.h"

struct dry_state *gate_dry_state(void)
{
	return gate_window(this_cpu()->dry_state);
}

/* A root that ordinary code runs under. */
bool gate_is_caller(paddr_t root)
{
	enum frame_type type = frame_type_at(root);

	return type == FRAME_ROOT || type == FRAME_SPACE_ROOT;
}

/* Sealed data may be copied, and a neighbour that is ordinary and writable anyway; nothing of class core ever: the
 * step's own exception reads it. */
bool gate_may_shadow(paddr_t root, vaddr_t va, paddr_t *frame, bool only_sealed)
{
	int level;
	const pte_t *entry = gate_walk(root, va, &level);
	enum frame_type type;

	if (!entry || (pte_perms(*entry) & (PERM_X | PERM_DEVICE)))
		return false;
	*frame = pte_addr(*entry, level) + (level == 2 ? ALIGN_DOWN(va & BLOCK_MASK, PAGE_SIZE) : 0);
	type = frame_type_at(*frame);
	return frame_class(type) == CLASS_DATA ||
	       (!only_sealed && (type == FRAME_KERNEL || type == FRAME_USER) && (pte_perms(*entry) & PERM_W));
}

/* Another CPU opened the page after this one's fault. */
bool gate_is_open(paddr_t root, vaddr_t va)
{
	int level;
	const pte_t *entry = gate_walk(root, va, &level);

	return entry && (pte_perms(*entry) & PERM_W);
}

/* A private copy of the table behind *entry (a block is split into pages in the copy). */
static void make_private(struct dry_state *state, pte_t *entry, int level)
{
	paddr_t copy = this_cpu()->dry_tables[state->tables_used++];
	pte_t *to = gate_window(copy);

	if (pte_is_table(*entry, level)) {
		arch_copy_page(to, gate_window(pte_addr(*entry, level)));
	} else {
		for (unsigned i = 0; i < 512; i++)
			to[i] = pte_encode(pte_addr(*entry, level) + i * PAGE_SIZE, pte_perms(*entry), level - 1);
	}
	*entry = pte_encode_table(copy);
}

/* The entry for va in the dry-run root's own chain. */
paddr_t gate_private_leaf(struct dry_state *state, vaddr_t va)
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

/* What others may write meanwhile is copied once; everything is compared with that copy. */
static void fill_shadows(const struct dry_page *page)
{
	const uint64_t *from = gate_window(page->frame);
	uint64_t *a = gate_window(page->shadow_a), *b = gate_window(page->shadow_b), *copy = gate_window(page->original);

	if (page->original != page->frame) {
		arch_copy_page(copy, from);
		from = copy;
	}
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(uint64_t); i += 4) {
		uint64_t w = from[i], x = from[i + 1], y = from[i + 2], z = from[i + 3];

		b[i] = w;
		b[i + 1] = x;
		b[i + 2] = y;
		b[i + 3] = z;
		a[i] = w ^ DRY_RUN_PATTERN;
		a[i + 1] = x ^ DRY_RUN_PATTERN;
		a[i + 2] = y ^ DRY_RUN_PATTERN;
		a[i + 3] = z ^ DRY_RUN_PATTERN;
	}
}

void gate_dry_set_leaf(const struct dry_page *page, paddr_t shadow)
{
	arch_pte_exchange(gate_window(page->leaf), shadow ? pte_encode(shadow, PERM_R | PERM_W, 1) : 0);
}

/* A page that is sealed and was not opened; and we hold the gate's lock. */
static bool gate_alone_writes(paddr_t frame)
{
	return frame_class(frame_type_at(frame)) == CLASS_DATA && frame_at(frame)->writable == 0;
}

static void add_page(struct dry_state *state, vaddr_t va, paddr_t frame)
{
	struct dry_page *page = &state->page[state->pages];
	const paddr_t *shadows = this_cpu()->dry_shadows;

	*page = (struct dry_page){
		.va = va,
		.frame = frame,
		.original = gate_alone_writes(frame) ? frame : shadows[4 + state->pages],
		.shadow_a = shadows[2 * state->pages],
		.shadow_b = shadows[2 * state->pages + 1],
		.leaf = gate_private_leaf(state, va),
	};
	state->pages++;
	fill_shadows(page);
	gate_dry_set_leaf(page, page->shadow_a);
}

/* The dry-run root has the kernel's slots, which never change. The user half is the caller's, and only meanwhile: a space may
 * die afterwards, and its frames become another's. */
void gate_dry_take_user_half(struct dry_state *state, paddr_t root)
{
	pte_t *to = gate_window(this_cpu()->dry_root_frame);

	to[USER_SLOT] = ((const pte_t *)gate_window(root))[USER_SLOT];
	state->root = root;
}

/* What the fast way kept is not valid any more. */
void gate_dry_forget(struct dry_state *state)
{
	state->is_kept = false;
	state->tables_used = 0;
}

static uint64_t begin(struct dry_state *state, vaddr_t a, vaddr_t b)
{
	paddr_t root = gate_caller_root(), frame, neighbour;
	bool two;

	if (((a | b) & PAGE_MASK) || (b && b != a + PAGE_SIZE && b != a - PAGE_SIZE) || state->pages)
		return gate_refuse(ERR_INVALID);
	if (gate_is_open(root, a))
		return ERR_OPEN;
	if (!gate_is_caller(root) || !gate_may_shadow(root, a, &frame, true))
		return gate_refuse(ERR_DENIED);
	two = b && gate_may_shadow(root, b, &neighbour, false);
	state->is_fast = false;
	gate_dry_forget(state);
	gate_dry_take_user_half(state, root);
	if (two && b < a)
		add_page(state, b, neighbour);
	add_page(state, a, frame);
	if (two && b > a)
		add_page(state, b, neighbour);
	return OK;
}

/* a: the sealed page, b: its neighbour or 0. The lock is held from here to the end: no other CPU changes the page between
 * the copy and the commit. */
GATE_DO(dry_begin)
{
	uint64_t result;

	(void)c, (void)d, (void)e;
	if (!gate_lock_take())
		return ERR_BUSY;
	result = begin(gate_dry_state(), a, b);
	if (result != OK)
		gate_lock_drop();
	return result;
}

/* What the step itself changed in the stored bytes is put right in the shadow that was just stepped on. */
static void fix_stored(const struct dry_state *state, const struct trap_frame *before, bool is_b)
{
	for (unsigned i = 0; i < state->pages; i++)
		arch_step_fix_stored(before, gate_window(is_b ? state->page[i].shadow_b : state->page[i].shadow_a),
		                     state->page[i].va);
}

/* From pass A to pass B. a: the frame before the step if its stored bytes need mending, else 0. */
GATE_DO(dry_flip)
{
	const struct dry_state *state = gate_dry_state();

	(void)b, (void)c, (void)d, (void)e;
	if (a)
		fix_stored(state, (const struct trap_frame *)a, false);
	for (unsigned i = 0; i < state->pages; i++)
		gate_dry_set_leaf(&state->page[i], state->page[i].shadow_b);
	return OK;
}

GATE_DO(dry_fix)
{
	(void)b, (void)c, (void)d, (void)e;
	fix_stored(gate_dry_state(), (const struct trap_frame *)a, true);
	return OK;
}

/* Only bytes of [start, end) that the store changed: others may write the rest of an ordinary neighbour. */
static void commit_page(const struct dry_page *page, vaddr_t start, vaddr_t end)
{
	const uint64_t *from = gate_window(page->shadow_b), *original = gate_window(page->original);
	uint64_t *to = gate_window(page->frame);
	vaddr_t page_end = page->va + PAGE_SIZE;

	if (start >= page_end || end <= page->va)
		return;
	for (unsigned i = (MAX(start, page->va) - page->va) / 8; i < (MIN(end, page_end) - page->va + 7) / 8; i++) {
		uint64_t difference = from[i] ^ original[i];

		if (!difference)
			continue;
		if (page->original == page->frame) { /* nobody else writes it: the word in one piece, as the store would have been */
			to[i] = from[i];
			continue;
		}
		for (unsigned byte = 0; byte < 8; byte++)
			if (difference >> (8 * byte) & 0xff)
				((uint8_t *)&to[i])[byte] = ((const uint8_t *)&from[i])[byte];
	}
}

/* a: whether to commit; b, c: where the store was seen, start and bytes; d: the copies may be
 * wrong anywhere (it was abandoned). The dry-run root is a plain copy of the kernel's again afterwards; what the fast way
 * made is kept. */
GATE_DO(dry_end)
{
	struct dry_state *state = gate_dry_state();
	struct gate_counters *counters = gate_window(gate_image_to_phys(&gate_counters));
	pte_t *root = gate_window(this_cpu()->dry_root_frame);
	const pte_t *original = gate_window(state->root);
	vaddr_t start = 0, end = UINT64_MAX;

	(void)e;
	if (state->is_fast) { /* the copies are true in the window only, once the store has run */
		start = state->page[0].va + state->window;
		end = start + DRY_WINDOW_BYTES;
	}
	if (!state->pages || !gate_lock_is_mine())
		return gate_refuse(ERR_INVALID);
	for (unsigned i = 0; i < state->pages; i++) {
		unsigned slot = pagetable_index(state->page[i].va, 4);

		if (a)
			commit_page(&state->page[i], MAX(b, start), MIN(b + c, end));
		gate_dry_set_leaf(&state->page[i], 0);
		arch_pte_exchange(&root[slot], original[slot]);
	}
	root[USER_SLOT] = ((const pte_t *)gate_window(kernel_root_frame))[USER_SLOT];
	if (a)
		counters->generation++;
	if (state->is_fast && a)
		state->generation++; /* our own copy knows this write already: is_valid compares before any other can come between */
	state->pages = 0;
	if (d)
		gate_dry_forget(state);
	gate_lock_drop();
	return OK;
}
