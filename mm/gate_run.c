/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_run.c: the common case of gate_set_entries: a run of 4 KiB leaves for consecutive frames that are all alike,
 * over entries that are all empty or map the same frames already (mapping, protecting, sealing). Inside the gate. Every
 * entry and every frame is still compared, only without a call each; 512 entries cost a few thousand instructions.
 */
#include "frame_run.h"
#include "gate_parts.h"

/* Eight at a time. */
bool gate_entries_are(const pte_t *slot, pte_t first, uint64_t count)
{
	const uint64_t step = PAGE_SIZE;
	uint64_t i = 0;

	if (!first) {
		for (; i < count; i++)
			if (slot[i])
				return false;
		return true;
	}
	for (; i + 8 <= count; i += 8, first += 8 * step) {
		uint64_t difference = (slot[i] ^ first) | (slot[i + 1] ^ (first + step)) | (slot[i + 2] ^ (first + 2 * step)) |
				      (slot[i + 3] ^ (first + 3 * step)) | (slot[i + 4] ^ (first + 4 * step)) |
				      (slot[i + 5] ^ (first + 5 * step)) | (slot[i + 6] ^ (first + 6 * step)) |
				      (slot[i + 7] ^ (first + 7 * step));
		if (difference)
			return false;
	}
	for (; i < count; i++, first += step)
		if (slot[i] != first)
			return false;
	return true;
}

/* Ordinary stores, not exchanges: the encoder presets accessed and dirty bits, so the hardware never writes an entry
 * and no update of its can be lost. Each aligned 8-byte store is single-copy atomic, also as half of a pair (Arm ARM
 * B2.2.1, SDM 3A 9.1.1). */
static void entries_store(pte_t *slot, pte_t pte, uint64_t count)
{
	const uint64_t step = PAGE_SIZE;
	uint64_t i = 0;

	for (; i + 8 <= count; i += 8, pte += 8 * step) {
		slot[i] = pte;
		slot[i + 1] = pte + step;
		slot[i + 2] = pte + 2 * step;
		slot[i + 3] = pte + 3 * step;
		slot[i + 4] = pte + 4 * step;
		slot[i + 5] = pte + 5 * step;
		slot[i + 6] = pte + 6 * step;
		slot[i + 7] = pte + 7 * step;
	}
	for (; i < count; i++, pte += step)
		slot[i] = pte;
}

static unsigned is_writable(pte_t pte)
{
	return pte_is_present(pte) && (pte_perms(pte) & PERM_W);
}

bool gate_try_run(pte_t *slot, int level, pte_t first, uint64_t step, uint64_t count)
{
	pte_t old = slot[0];
	struct frame *frame, after;
	paddr_t addr;

	if (level != 1 || count < 2 || step != PAGE_SIZE || !pte_is_present(first))
		return false;
	addr = pte_addr(first, level);
	frame = gate_frame(addr);
	if (!frame || !frame_at(addr + (count - 1) * PAGE_SIZE) || !frame_run_is_alike(frame, count) ||
	    !gate_entries_are(slot, old, count))
		return false;
	/* All alike: what holds for the first holds for each. */
	if (!gate_entry_allowed(old, first, level))
		return false;
	after = *frame;
	after.writable += is_writable(first) - is_writable(old);
	entries_store(slot, first, count);
	frame_run_set(frame, count, after);
	return true;
}
