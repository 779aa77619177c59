/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_user.c: the gate's functions for the leaves of spaces: map, unmap, protect. Inside the gate, and on the way of every
 * map and page fault, so they are short; what they check is the same as in mm/gate.c: each entry against the frame table, W^X,
 * and that what is sealed stays. A leaf for user mode may stand nowhere but in the tables that these functions change.
 */
#include "gate_parts.h"

#include <amber/broken.h>

#include "vdso_pages.h"

#define ENTRIES 512
#define RWX     (PERM_R | PERM_W | PERM_X)

/* Plain stores: the encoder presets accessed and dirty bits, so the hardware never writes an entry (mm/gate_run.c). */
static inline void store(pte_t *slot, pte_t pte)
{
	__atomic_store_n(slot, pte, __ATOMIC_RELAXED);
}

static inline enum error check_place(paddr_t table, uint64_t index, uint64_t count)
{
	const struct frame *frame = frame_at(table);

	if (index >= ENTRIES || count > ENTRIES - index)
		return ERR_RANGE;
	if (is_broken(BROKEN_GATE_CHECK))
		return OK;
	if (!frame || (table & PAGE_MASK) || frame->type != FRAME_USER_TABLE || frame->level != 1)
		return ERR_DENIED;
	return OK;
}

/* What user mode may see that is no user memory: the vDSO's pages, each in one way only, and the serial line's registers. */
static bool is_extra(paddr_t addr, unsigned perms)
{
	if (addr == gate_image_to_phys(vdso_data))
		return perms == (PERM_USER | PERM_R);
	if (addr == gate_image_to_phys(vdso_code))
		return perms == (PERM_USER | PERM_R | PERM_X);
	return addr && addr == arch_user_uart.page && (perms & ~PERM_W) == (PERM_USER | PERM_R | PERM_DEVICE);
}

/* Room for one more mapping? Of a frame that is mapped 512 times at once, too: the counts must not wrap. */
static inline bool may_map(const struct frame *frame)
{
	return frame->type == FRAME_USER && frame->level < UINT8_MAX && frame->writable <= UINT16_MAX - ENTRIES;
}

static uint64_t map_extra(pte_t *slot, pte_t pte, uint64_t count)
{
	if (count != 1 || *slot || !(is_extra(pte_addr(pte, 1), pte_perms(pte)) || is_broken(BROKEN_GATE_CHECK)))
		return gate_refuse(ERR_DENIED);
	store(slot, pte);
	return OK;
}

static inline uint64_t map(pte_t *slot, pte_t first, uint64_t count)
{
	unsigned perms = pte_perms(first), writable = (perms & PERM_W) != 0;
	paddr_t addr = pte_addr(first, 1);
	struct frame *frame = gate_frame(addr);

	if (first != pte_encode(addr, perms, 1) || !(perms & PERM_USER) || (writable && (perms & PERM_X)))
		return gate_refuse(ERR_DENIED);
	if (!frame || frame->type != FRAME_USER)
		return map_extra(slot, first, count);
	if ((perms & PERM_DEVICE) || !frame_at(addr + (count - 1) * PAGE_SIZE))
		return gate_refuse(ERR_DENIED);
	for (uint64_t i = 0; i < count; i++)
		if (slot[i] || !(may_map(&frame[i]) || is_broken(BROKEN_GATE_CHECK)))
			return gate_refuse(ERR_DENIED);
	for (uint64_t i = 0; i < count; i++, first += PAGE_SIZE) {
		store(&slot[i], first);
		frame[i].level++;
		frame[i].writable += writable;
	}
	return OK;
}

/* User memory that is not sealed, or a device. Where the entry is empty there is nothing to say. */
static inline bool may_change(pte_t pte)
{
	enum frame_type type = frame_type_at(pte_addr(pte, 1));

	return type == FRAME_USER || type == FRAME_RESERVED || is_broken(BROKEN_GATE_CHECK);
}

static inline bool all_may_change(const pte_t *slot, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (slot[i] && !may_change(slot[i]))
			return false;
	return true;
}

static inline uint64_t unmap(pte_t *slot, uint64_t count)
{
	if (!all_may_change(slot, count))
		return gate_refuse(ERR_SEALED);
	for (uint64_t i = 0; i < count; i++) {
		pte_t old = slot[i];
		struct frame *frame;

		if (!old)
			continue;
		store(&slot[i], 0);
		frame = gate_frame(pte_addr(old, 1));
		if (!frame)
			continue;
		frame->level--;
		frame->writable -= (pte_perms(old) & PERM_W) != 0;
	}
	return OK;
}

static inline uint64_t protect(pte_t *slot, uint64_t perms, uint64_t count)
{
	if ((perms & ~(uint64_t)RWX) || !(perms & PERM_R))
		return gate_refuse(ERR_INVALID);
	if ((perms & (PERM_W | PERM_X)) == (PERM_W | PERM_X))
		return gate_refuse(ERR_DENIED);
	if (!all_may_change(slot, count))
		return gate_refuse(ERR_SEALED);
	for (uint64_t i = 0; i < count; i++) {
		pte_t old = slot[i];
		unsigned kept = PERM_USER | (pte_perms(old) & PERM_DEVICE);
		struct frame *frame;

		if (!old)
			continue;
		/* pte_encode gives a device no right to execute. */
		store(&slot[i], pte_encode(pte_addr(old, 1), perms | kept, 1));
		frame = gate_frame(pte_addr(old, 1));
		if (frame)
			frame->writable += ((perms & PERM_W) != 0) - ((pte_perms(old) & PERM_W) != 0);
	}
	return OK;
}

/* a: table, b: index, c: the first entry or 0, d: count. */
GATE_DO(user_entries)
{
	pte_t *slot = (pte_t *)gate_window(a) + b;
	uint64_t result;

	(void)e;
	if (!gate_lock_take())
		return ERR_BUSY;
	result = check_place(a, b, d);
	if (result)
		gate_refuse(result);
	else
		result = c ? map(slot, c, d) : unmap(slot, d);
	gate_lock_drop();
	return result;
}

/* a: table, b: index, c: permissions, d: count. */
GATE_DO(user_protect)
{
	pte_t *slot = (pte_t *)gate_window(a) + b;
	uint64_t result;

	(void)e;
	if (!gate_lock_take())
		return ERR_BUSY;
	result = check_place(a, b, d);
	if (result)
		gate_refuse(result);
	else
		result = protect(slot, c, d);
	gate_lock_drop();
	return result;
}
