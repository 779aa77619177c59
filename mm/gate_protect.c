/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_protect.c: the common case of gate_set_entries: consecutive 4 KiB leaves of consecutive ordinary
 * frames change their permissions together (sealing, protect). Inside the gate. Every entry and every frame
 * is still checked, only two frames at a time and without a call each; 512 entries cost a few thousand instructions.
 */
#include "gate_parts.h"

/* All frames ordinary and mapped writable as often as the first one? Two entries are one word. */
static bool frames_are_alike(const struct frame *frame, uint64_t count)
{
	const uint32_t *word = (const uint32_t *)frame;
	uint32_t expected = word[0];
	uint64_t pair = ((uint64_t)expected << 32) | expected;
	uint64_t i = 0;

	if (((uintptr_t)word & 7) && word[i++] != expected)
		return false;
	for (; i + 8 <= count; i += 8) {
		const uint64_t *p = (const uint64_t *)&word[i];

		if (p[0] != pair || p[1] != pair || p[2] != pair || p[3] != pair)
			return false;
	}
	for (; i < count; i++)
		if (word[i] != expected)
			return false;
	return true;
}

static void frames_set(struct frame *frame, uint64_t count, struct frame value)
{
	union {
		struct frame frame;
		uint32_t word;
	} u = { .frame = value };
	uint64_t pair = ((uint64_t)u.word << 32) | u.word;
	uint32_t *word = (uint32_t *)frame;
	uint64_t i = 0;

	if ((uintptr_t)word & 7)
		word[i++] = u.word;
	for (; i + 8 <= count; i += 8) {
		uint64_t *p = (uint64_t *)&word[i];

		p[0] = p[1] = p[2] = p[3] = pair;
	}
	for (; i < count; i++)
		word[i] = u.word;
}

/* Are the entries exactly old, old + 4096, …? */
static bool entries_are_a_run(const pte_t *slot, pte_t old, uint64_t count)
{
	uint64_t i = 0;

	for (; i + 4 <= count; i += 4, old += 4 * PAGE_SIZE)
		if (slot[i] != old || slot[i + 1] != old + PAGE_SIZE || slot[i + 2] != old + 2 * PAGE_SIZE ||
		    slot[i + 3] != old + 3 * PAGE_SIZE)
			return false;
	for (; i < count; i++, old += PAGE_SIZE)
		if (slot[i] != old)
			return false;
	return true;
}

/* Plain stores, not exchanges: the encoder presets accessed and dirty bits, so the hardware never writes an
 * entry and no update of its can be lost. Each store is single-copy atomic. */
static void entries_store(pte_t *slot, pte_t pte, uint64_t count)
{
	uint64_t i = 0;

	for (; i + 4 <= count; i += 4, pte += 4 * PAGE_SIZE) {
		__atomic_store_n(&slot[i], pte, __ATOMIC_RELAXED);
		__atomic_store_n(&slot[i + 1], pte + PAGE_SIZE, __ATOMIC_RELAXED);
		__atomic_store_n(&slot[i + 2], pte + 2 * PAGE_SIZE, __ATOMIC_RELAXED);
		__atomic_store_n(&slot[i + 3], pte + 3 * PAGE_SIZE, __ATOMIC_RELAXED);
	}
	for (; i < count; i++, pte += PAGE_SIZE)
		__atomic_store_n(&slot[i], pte, __ATOMIC_RELAXED);
}

bool gate_protect_run(pte_t *slot, int level, pte_t first, uint64_t step, uint64_t count)
{
	pte_t old = slot[0];
	paddr_t addr;
	struct frame *frame;
	struct frame after;
	unsigned perms;

	if (level != 1 || count < 2 || step != PAGE_SIZE || !pte_is_present(old) || !pte_is_present(first))
		return false;
	addr = pte_addr(first, level);
	perms = pte_perms(first);
	if (addr != pte_addr(old, level) || (perms & ~(PERM_R | PERM_W)) || (pte_perms(old) & ~(PERM_R | PERM_W)) ||
	    first != pte_encode(addr, perms, level))
		return false;
	frame = gate_frame(addr);
	if (!frame || !frame_at(addr + (count - 1) * PAGE_SIZE) || frame->type != FRAME_KERNEL ||
	    frame->writable == UINT16_MAX)
		return false;
	if (!entries_are_a_run(slot, old, count) || !frames_are_alike(frame, count))
		return false;
	after = *frame;
	after.writable += !!(perms & PERM_W) - !!(pte_perms(old) & PERM_W);
	entries_store(slot, first, count);
	frames_set(frame, count, after);
	return true;
}
