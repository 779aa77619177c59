/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_user.c: the gate's functions for the leaves of spaces: map, unmap, protect. Inside the gate, and on the way of every
 * map and page fault, so they are short; what they check is the same as in mm/gate.c: each entry against the frame table, W^X,
 * and that what is sealed stays. A leaf for user mode may stand nowhere but in the tables that these functions change.
 */
#include "gate_user.h"

#include <amber/broken.h>

#include "gate_parts.h"
#include "vdso_pages.h"

#define ENTRIES    512
#define RWX        (PERM_R | PERM_W | PERM_X)
#define ANY_PERMS  (RWX | PERM_USER | PERM_DEVICE)

/* The gate's lock, as in gate_parts.h, but nothing in between takes it again. If it was taken by this CPU before (a dry run is
 * under way, say), it stays so. */
struct hold {
	struct gate_lock *lock; /* in the window */
	bool was_mine;
};

static inline bool take_lock(struct hold *hold)
{
	uint32_t self = this_cpu()->id + 1, holder = 0;

	hold->lock = gate_window(image_to_phys((vaddr_t)&gate_lock));
	hold->was_mine = false;
	if (__builtin_expect(__atomic_compare_exchange_n(&hold->lock->holder, &holder, self, false, __ATOMIC_ACQUIRE,
	                                                 __ATOMIC_RELAXED), 1))
		return true;
	hold->was_mine = holder == self;
	return hold->was_mine;
}

static inline void drop_lock(const struct hold *hold)
{
	if (__builtin_expect(!hold->was_mine, 1))
		__atomic_store_n(&hold->lock->holder, 0, __ATOMIC_RELEASE);
}

/* Plain stores: the encoder presets accessed and dirty bits, so the hardware never writes an entry (mm/gate_run.c). */
static inline void store(pte_t *slot, pte_t pte)
{
	__atomic_store_n(slot, pte, __ATOMIC_RELAXED);
}

/* The writable entries of the frame table, by the number of a frame that lies in it. */
static inline struct frame *frames(void)
{
	return gate_window(frame_table.table);
}

static inline uint64_t index_of(paddr_t frame)
{
	return (frame >> PAGE_SHIFT) - frame_table.first;
}

static inline enum error check_place(paddr_t table, uint64_t index, uint64_t count)
{
	uint64_t i = index_of(table);
	struct frame frame;

	if (index >= ENTRIES || count > ENTRIES - index)
		return ERR_RANGE;
	if (is_broken(BROKEN_GATE_CHECK))
		return OK;
	if (i >= frame_table.count || (table & PAGE_MASK))
		return ERR_DENIED;
	frame = frames()[i];
	return frame.type == FRAME_USER_TABLE && frame.level == 1 ? OK : ERR_DENIED;
}

/* What user mode may see that is no user memory: the vDSO's pages, each in one way only, and devices' registers. */
static bool is_extra(paddr_t addr, unsigned perms)
{
	if (addr == gate_image_to_phys(vdso_data))
		return perms == (PERM_USER | PERM_R);
	if (addr == gate_image_to_phys(vdso_code))
		return perms == (PERM_USER | PERM_R | PERM_X);
	for (unsigned i = 0; i < USER_DEVICES; i++)
		if (addr && addr == arch_user_devices[i].page)
			return (perms & ~PERM_W) == (PERM_USER | PERM_R | PERM_DEVICE);
	return false;
}

static __noinline uint64_t map_extra(pte_t *slot, paddr_t addr, unsigned perms, uint64_t count)
{
	if (count != 1 || *slot || !is_extra(addr, perms))
		return gate_refuse(ERR_DENIED);
	store(slot, pte_encode(addr, perms, 1));
	return OK;
}

/* Room for one more mapping? Of a frame that is mapped 512 times at once, too: the counts must not wrap. */
static inline bool may_map(const struct frame *frame)
{
	return is_broken(BROKEN_GATE_CHECK) ||
	       (frame->type == FRAME_USER && frame->level < UINT8_MAX && frame->writable <= UINT16_MAX - ENTRIES);
}

static inline uint64_t map(pte_t *slot, uint64_t frame_and_perms, uint64_t count)
{
	paddr_t addr = frame_and_perms & ~PAGE_MASK;
	unsigned perms = frame_and_perms & PAGE_MASK, writable = (perms & PERM_W) != 0;
	uint64_t first = index_of(addr), limit = frame_table.count;
	struct frame *frame = frames() + first;
	pte_t pte;

	if ((perms & ~ANY_PERMS) || (perms & (PERM_R | PERM_USER)) != (PERM_R | PERM_USER) || (writable && (perms & PERM_X)))
		return gate_refuse(ERR_DENIED);
	if (first >= limit || (frame->type != FRAME_USER && !is_broken(BROKEN_GATE_CHECK)))
		return map_extra(slot, addr, perms, count);
	if ((perms & PERM_DEVICE) || count > limit - first)
		return gate_refuse(ERR_DENIED);
	pte = pte_encode(addr, perms, 1);
	if (__builtin_expect(count == 1 && !*slot && may_map(frame), 1)) {
		store(slot, pte);
		frame->level++;
		frame->writable += writable;
		return OK;
	}
	for (uint64_t i = 0; i < count; i++)
		if (slot[i] || !may_map(&frame[i]))
			return gate_refuse(!slot[i] && frame[i].type == FRAME_USER ? ERR_FULL : ERR_DENIED);
	for (uint64_t i = 0; i < count; i++, pte += PAGE_SIZE) {
		store(&slot[i], pte);
		frame[i].level++;
		frame[i].writable += writable;
	}
	return OK;
}

/* User memory that is not sealed, or a device. */
static inline bool may_change(pte_t pte)
{
	uint64_t i = index_of(pte_addr(pte, 1));

	return i >= frame_table.count || frames()[i].type == FRAME_USER || frames()[i].type == FRAME_RESERVED ||
	       is_broken(BROKEN_GATE_CHECK);
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
		uint64_t frame = index_of(pte_addr(old, 1));

		if (!old)
			continue;
		store(&slot[i], 0);
		if (frame >= frame_table.count || frames()[frame].type == FRAME_RESERVED)
			continue;
		frames()[frame].level--;
		frames()[frame].writable -= (pte_perms(old) & PERM_W) != 0;
	}
	return OK;
}

static inline uint64_t protect(pte_t *slot, uint64_t perms, uint64_t count)
{
	unsigned device = (perms & ~(uint64_t)PERM_X) | PERM_USER | PERM_DEVICE; /* nothing is run there */

	if ((perms & ~(uint64_t)RWX) || !(perms & PERM_R))
		return gate_refuse(ERR_INVALID);
	if ((perms & (PERM_W | PERM_X)) == (PERM_W | PERM_X))
		return gate_refuse(ERR_DENIED);
	if (!all_may_change(slot, count))
		return gate_refuse(ERR_SEALED);
	for (uint64_t i = 0; i < count; i++) {
		pte_t old = slot[i];
		unsigned had = pte_perms(old);
		uint64_t frame = index_of(pte_addr(old, 1));

		if (!old)
			continue;
		store(&slot[i], pte_encode(pte_addr(old, 1), had & PERM_DEVICE ? device : perms | PERM_USER, 1));
		if (frame < frame_table.count && frames()[frame].type != FRAME_RESERVED)
			frames()[frame].writable += ((perms & PERM_W) != 0) - ((had & PERM_W) != 0);
	}
	return OK;
}

/* a: table, b: index, c: the first frame and, in its low bits, permissions; or 0. d: count. */
GATE_DO(user_entries)
{
	pte_t *slot = (pte_t *)gate_window(a) + b;
	struct hold hold;
	uint64_t result;

	(void)e;
	if (!take_lock(&hold))
		return ERR_BUSY;
	result = check_place(a, b, d);
	if (__builtin_expect(result != OK, 0))
		gate_refuse(result);
	else
		result = c ? map(slot, c, d) : unmap(slot, d);
	drop_lock(&hold);
	return result;
}

/* a: table, b: index, c: permissions, d: count. */
GATE_DO(user_protect)
{
	pte_t *slot = (pte_t *)gate_window(a) + b;
	struct hold hold;
	uint64_t result;

	(void)e;
	if (!take_lock(&hold))
		return ERR_BUSY;
	result = check_place(a, b, d);
	if (__builtin_expect(result != OK, 0))
		gate_refuse(result);
	else
		result = protect(slot, c, d);
	drop_lock(&hold);
	return result;
}
