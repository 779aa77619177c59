/* SPDX-License-Identifier: MIT */
/*
 * mm/gate.c: the gate's functions for page tables (the calls that reach them: mm/call_gate.c). What is named gate_do_…
 * runs inside the gate: gate root loaded, on this CPU's gate stack (one page, no guard: no recursion, small
 * frames), interrupts masked. It trusts its caller's control flow but no number that the caller hands in.
 */
#include "gate.h"

#include <amber/broken.h>

#include "frame_run.h"
#include "gate_parts.h"
#include "kernel_map.h"
#include "pagetable.h"

struct gate_counters __ro_core gate_counters;
bool __ro_core gate_is_live;

uint64_t gate_refuse(enum error error)
{
	struct gate_counters *counters = gate_window(gate_image_to_phys(&gate_counters));

	counters->refused++;
	return error;
}

void gate_kernel_entries_changed(void)
{
	((struct gate_counters *)gate_window(gate_image_to_phys(&gate_counters)))->tables++;
}

paddr_t gate_image_to_phys(const void *object)
{
	return image_to_phys((vaddr_t)object);
}

/* arch gate.S pushes the caller's stack pointer, then its root, at the fixed top of the gate stack. */
paddr_t gate_caller_root(void)
{
	return arch_root_frame(((const uint64_t *)this_cpu()->gate_sp)[-2]);
}

pte_t *gate_walk(paddr_t root, vaddr_t addr, int *level)
{
	paddr_t table = root;

	for (*level = 4; *level > 0; --*level) {
		pte_t *entry = (pte_t *)gate_window(table) + pagetable_index(addr, *level);

		if (!pte_is_present(*entry))
			return NULL;
		if (!pte_is_table(*entry, *level))
			return entry;
		table = pte_addr(*entry, *level);
	}
	return NULL;
}

#define ENTRIES_MAX 512 /* that one call stores */

/* May a leaf with these permissions map this one frame? */
static bool leaf_allowed(const struct frame *frame, unsigned perms)
{
	if (is_broken(BROKEN_GATE_CHECK))
		return true;
	if (!frame || frame->type == FRAME_RESERVED) /* no RAM: devices, and which ones is settled while starting */
		return (perms & PERM_DEVICE) && !(perms & PERM_X) && !gate_is_live;
	if ((perms & PERM_DEVICE) || frame->type == FRAME_OFF_LIMITS)
		return false;
	if ((perms & PERM_USER) || ((perms & PERM_X) && gate_is_live)) /* user leaves: mm/gate_user.c; what runs: while starting */
		return false;
	if ((perms & PERM_X) && frame->type != FRAME_TEXT && frame->type != FRAME_INIT_TEXT)
		return is_broken(BROKEN_WX) && frame->type == FRAME_KERNEL;
	if (perms & PERM_W)
		/* Room for a whole call that maps this frame again and again: the count must not wrap. */
		return (frame->type == FRAME_KERNEL && frame->writable <= UINT16_MAX - ENTRIES_MAX) ||
		       (is_broken(BROKEN_ARENA) && frame_is_arena(frame->type)) ||
		       (is_broken(BROKEN_ALIAS) && frame_class(frame->type) != CLASS_NONE);
	return true;
}

static bool new_leaf_allowed(pte_t pte, int level)
{
	unsigned perms = pte_perms(pte);
	unsigned frames = level == 1 ? 1 : BLOCK_SIZE / PAGE_SIZE;
	paddr_t addr = pte_addr(pte, level);

	if ((perms & PERM_W) && (perms & PERM_X) && !is_broken(BROKEN_WX))
		return false;
	if (pte != pte_encode(addr, perms, level)) /* no bits but those that the encoder sets */
		return false;
	if (frames > 1 && frame_at(addr) && frame_at(addr + BLOCK_SIZE - PAGE_SIZE) && frame_run_is_alike(frame_at(addr), frames))
		frames = 1;
	for (unsigned i = 0; i < frames; i++)
		if (!leaf_allowed(frame_at(addr + i * PAGE_SIZE), perms))
			return false;
	return true;
}

/* Mappings of what is sealed or never changes may lose or keep rights, but not go away: a hole could be filled otherwise. */
static bool old_leaf_may_go(pte_t pte, int level)
{
	unsigned frames = level == 1 ? 1 : BLOCK_SIZE / PAGE_SIZE;
	const struct frame *frame = frame_at(pte_addr(pte, level));

	if (frames > 1 && frame && frame_run_is_alike(frame, frames)) /* RAM is in the table by whole blocks */
		frames = 1;
	for (unsigned i = 0; i < frames; i++) {
		enum frame_type type = frame_type_at(pte_addr(pte, level) + i * PAGE_SIZE);

		if (type != FRAME_KERNEL && type != FRAME_INIT_TEXT && type != FRAME_RESERVED)
			return false;
	}
	return true;
}

/* Only an empty table may be unlinked: else a sealed address could be mapped anew through another table. */
static bool table_is_empty(paddr_t table)
{
	const pte_t *entry = phys_to_virt(table);

	for (unsigned i = 0; i < 512; i++)
		if (entry[i])
			return false;
	return true;
}

bool gate_entry_allowed(pte_t old, pte_t new, int level)
{
	if (!pte_change_allowed(old, new, level))
		return false;
	if (pte_is_present(old) && pte_is_table(old, level))
		return new == old || (new == 0 && level < 4 && table_is_empty(pte_addr(old, level)));
	if (!pte_is_present(new))
		return new == 0 && (!pte_is_present(old) || old_leaf_may_go(old, level) || is_broken(BROKEN_GATE_CHECK));
	if (pte_is_table(new, level)) {
		const struct frame *frame = frame_at(pte_addr(new, level));

		return frame && frame->type == FRAME_TABLE && frame->level == level - 1 && new == pte_encode_table(pte_addr(new, level));
	}
	return level <= 2 && new_leaf_allowed(new, level);
}

static void count_leaf(pte_t pte, int level, int delta)
{
	struct frame *frame;
	unsigned frames = level == 1 ? 1 : BLOCK_SIZE / PAGE_SIZE;

	if (!pte_is_present(pte) || pte_is_table(pte, level) || !(pte_perms(pte) & PERM_W))
		return;
	frame = gate_frame(pte_addr(pte, level));
	if (frame && frames > 1 && frame_run_is_alike(frame, frames)) {
		struct frame value = *frame;

		value.writable += delta;
		frame_run_set(frame, frames, value);
		return;
	}
	for (unsigned i = 0; frame && i < frames; i++)
		frame[i].writable += delta;
}

static enum error check_table(const struct frame *frame, uint64_t index, uint64_t count)
{
	if (index >= ENTRIES_MAX || count > ENTRIES_MAX - index)
		return ERR_RANGE;
	if (is_broken(BROKEN_GATE_CHECK))
		return OK;
	if (!frame)
		return ERR_DENIED;
	if (frame->type == FRAME_TABLE)
		return OK;
	/* Roots' own entries are fixed from the moment the tables are live. */
	if ((frame->type == FRAME_ROOT || frame->type == FRAME_GATE_TABLE) && !gate_is_live)
		return OK;
	return ERR_DENIED;
}

static bool any_is_empty(const pte_t *slot, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (!pte_is_present(slot[i]))
			return true;
	return false;
}

uint64_t gate_do_set_entries(uint64_t table, uint64_t index, uint64_t first, uint64_t step, uint64_t count_and_live)
{
	bool must_be_live = count_and_live & GATE_ENTRIES_LIVE;
	uint64_t count = count_and_live & ~GATE_ENTRIES_LIVE;
	const struct frame *frame = frame_at(table);
	pte_t *slot = (pte_t *)gate_window(table) + index;
	enum error error = check_table(frame, index, count);
	int level = frame ? frame->level : 1;
	/* The window maps all RAM writable and is counted nowhere: it can only be made before the gate is live. */
	bool is_gate_table = frame && frame->type == FRAME_GATE_TABLE;

	if (error || (table & PAGE_MASK))
		return gate_refuse(error ? error : ERR_INVALID);
	gate_kernel_entries_changed();
	if (must_be_live && !pte_is_present(slot[0]))
		return gate_refuse(ERR_NOT_MAPPED);
	if (gate_try_run(slot, level, first, step, count)) /* over entries that all are like the first */
		return OK;
	if (must_be_live && any_is_empty(slot, count))
		return gate_refuse(ERR_NOT_MAPPED);
	for (uint64_t i = 0; i < count && !is_gate_table; i++)
		if (!gate_entry_allowed(slot[i], first ? first + i * step : 0, level))
			return gate_refuse(ERR_DENIED);
	for (uint64_t i = 0; i < count; i++) {
		pte_t new = first ? first + i * step : 0;
		pte_t old = arch_pte_exchange(&slot[i], new);

		if (!is_gate_table) {
			count_leaf(old, level, -1);
			count_leaf(new, level, +1);
		}
	}
	return OK;
}
