/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_spaces.c: the gate's functions for the roots and tables of spaces. Inside the gate. A table of a space is linked from
 * the moment it is one, in one place, for good: so two roots never share one, and none can be freed under a root that may be
 * loaded. Only a dead root, which nobody can load, is taken apart.
 */
#include "gate_parts.h"

#include <amber/broken.h>

#include "kernel_map.h"
#include "pagetable.h"

#define ENTRIES 512

/* RAM outlives a warm reset, and a table that was freed keeps what it had. */
static pte_t *cleared(paddr_t frame)
{
	pte_t *entries = gate_window(frame);

	for (unsigned i = 0; i < ENTRIES; i += 8)
		entries[i] = entries[i + 1] = entries[i + 2] = entries[i + 3] = entries[i + 4] = entries[i + 5] = entries[i + 6] =
			entries[i + 7] = 0;
	return entries;
}

static bool is_unused(paddr_t addr)
{
	const struct frame *frame = frame_at(addr);

	return frame && !(addr & PAGE_MASK) && frame->type == FRAME_ARENA && (!frame->writable || is_broken(BROKEN_ARENA));
}

static void set_type(paddr_t addr, enum frame_type type, unsigned level)
{
	struct frame *frame = gate_frame(addr);

	frame->type = type;
	frame->level = level;
}

/* a: arena frame, b: the table above, c: index there. */
GATE_DO(user_table)
{
	const struct frame *above = frame_at(b);
	pte_t *slot = (pte_t *)gate_window(b) + c;

	(void)d, (void)e;
	if (c >= ENTRIES)
		return gate_refuse(ERR_RANGE);
	if (!is_unused(a) || !above || (b & PAGE_MASK) || above->type != FRAME_USER_TABLE || above->level < 2 || *slot)
		return gate_refuse(ERR_DENIED);
	cleared(a);
	set_type(a, FRAME_USER_TABLE, above->level - 1);
	arch_pte_exchange(slot, pte_encode_user_table(a));
	return OK;
}

static bool is_empty(paddr_t table)
{
	const pte_t *entry = gate_window(table);

	for (unsigned i = 0; i < ENTRIES; i += 8)
		if (entry[i] | entry[i + 1] | entry[i + 2] | entry[i + 3] | entry[i + 4] | entry[i + 5] | entry[i + 6] | entry[i + 7])
			return false;
	return true;
}

static bool is_root(paddr_t root, enum frame_type type)
{
	return !(root & PAGE_MASK) && frame_type_at(root) == type;
}

/* a: dead root, b: an address below the table, c: its level. */
GATE_DO(user_table_free)
{
	pte_t *slot = gate_window(a);
	paddr_t table;

	(void)d, (void)e;
	if (!is_root(a, FRAME_DEAD_ROOT))
		return gate_refuse(ERR_DENIED);
	if (b >= USER_END || c < 1 || c > 2)
		return gate_refuse(ERR_RANGE);
	for (unsigned level = 3; level > c; level--) { /* from the root's slot down to the entry that links the table */
		slot = (pte_t *)gate_window(pte_addr(*slot, level + 1)) + pagetable_index(b, level);
		if (!pte_is_present(*slot))
			return gate_refuse(ERR_NOT_MAPPED);
	}
	table = pte_addr(*slot, c + 1);
	if (!is_empty(table))
		return gate_refuse(ERR_DENIED);
	arch_pte_exchange(slot, 0);
	set_type(table, FRAME_ARENA, 0);
	return OK;
}

/* a: the root's frame, b: the table's. The kernel's own slots never change after boot, so a copy of them stays true. */
GATE_DO(space_root)
{
	const pte_t *kernel = gate_window(kernel_root_frame);
	pte_t *root;

	(void)c, (void)d, (void)e;
	if (a == b || !is_unused(a) || !is_unused(b) || !gate_is_live)
		return gate_refuse(ERR_DENIED);
	cleared(b);
	root = cleared(a);
	if (arch_root_has_kernel_half)
		for (unsigned i = USER_SLOT + 1; i < ENTRIES; i++)
			root[i] = kernel[i];
	root[USER_SLOT] = pte_encode_user_table(b);
	set_type(b, FRAME_USER_TABLE, 3);
	set_type(a, FRAME_SPACE_ROOT, 4);
	return OK;
}

/* a: root. The caller has made all CPUs leave it; its own at least can be seen here. */
GATE_DO(space_kill)
{
	(void)b, (void)c, (void)d, (void)e;
	if (!is_root(a, FRAME_SPACE_ROOT) || a == gate_caller_root())
		return gate_refuse(ERR_DENIED);
	set_type(a, FRAME_DEAD_ROOT, 4);
	return OK;
}

/* a: dead root. */
GATE_DO(space_free)
{
	const pte_t *root = gate_window(a);
	paddr_t table;

	(void)b, (void)c, (void)d, (void)e;
	if (!is_root(a, FRAME_DEAD_ROOT))
		return gate_refuse(ERR_DENIED);
	table = pte_addr(root[USER_SLOT], 4);
	if (!is_empty(table))
		return gate_refuse(ERR_DENIED);
	set_type(a, FRAME_ARENA, 0);
	set_type(table, FRAME_ARENA, 0);
	return OK;
}
