/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_records.c: the gate's functions for what the fault path keeps: the violation ring (it only grows,
 * and the first records stay), the chains' counters, and opening a page for good. Inside the gate.
 */
#include "gate_parts.h"

#include <amber/chain.h>
#include <amber/words.h>

#include "kernel_map.h"
#include "ring.h"

struct chain_table __ro_core chain_table;

GATE_DO(ring_append)
{
	struct violation_ring *ring = gate_window(violation_ring_frame);

	(void)b, (void)c, (void)d, (void)e;
	ring->appended++;
	if (ring->kept == RING_RECORDS) {
		ring->last_is_kept = false;
		return ERR_FULL;
	}
	words_copy(&ring->records[ring->kept++], (const void *)a, sizeof(struct violation) / sizeof(uint64_t));
	ring->last_is_kept = true;
	return OK;
}

/* The last record may only become longer: more stores, more bytes, a lower start, and the bytes that go with it. */
GATE_DO(ring_merge)
{
	struct violation_ring *ring = gate_window(violation_ring_frame);
	const struct violation *from = (const struct violation *)a;
	struct violation *last;

	(void)b, (void)c, (void)d, (void)e;
	if (!ring->last_is_kept)
		return ERR_FULL;
	last = &ring->records[ring->kept - 1];
	if (from->seq != last->seq || from->count < last->count || from->size_bytes < last->size_bytes || from->addr > last->addr)
		return gate_refuse(ERR_DENIED);
	last->count = from->count;
	last->size_bytes = from->size_bytes;
	last->addr = from->addr;
	last->paddr = from->paddr;
	last->size_exact = from->size_exact;
	for (unsigned i = 0; i < VIOLATION_BYTES_MAX; i++) {
		last->old[i] = from->old[i];
		last->new[i] = from->new[i];
	}
	return OK;
}

GATE_DO(state)
{
	uint64_t offset = a - (vaddr_t)&chain_table;
	struct chain_element *element;
	const uint8_t *state = (const uint8_t *)c;
	uint8_t *kept;

	(void)d, (void)e;
	if (offset < offsetof(struct chain_table, chains) || offset >= offsetof(struct chain_table, states) ||
	    ((offset - offsetof(struct chain_table, chains)) % sizeof(struct chain) < offsetof(struct chain, elements)) ||
	    ((offset - offsetof(struct chain_table, chains)) % sizeof(struct chain) - offsetof(struct chain, elements)) %
			    sizeof(struct chain_element) != 0)
		return gate_refuse(ERR_RANGE);
	element = gate_window(gate_image_to_phys((const void *)a));
	element->used = b;
	if (!state || !element->state)
		return OK;
	kept = gate_window(gate_image_to_phys(element->state));
	for (unsigned i = 0; i < element->policy->state_bytes; i++)
		kept[i] = state[i];
	return OK;
}

GATE_DO(unprotect)
{
	int level;
	pte_t *entry = gate_walk(gate_caller_root(), a, &level);
	struct gate_counters *counters = gate_window(gate_image_to_phys(&gate_counters));
	struct frame *frame;
	paddr_t addr;

	(void)b, (void)c, (void)d, (void)e;
	if (!entry || level != 1)
		return gate_refuse(ERR_NOT_MAPPED);
	addr = pte_addr(*entry, level);
	frame = gate_frame(addr);
	if (!frame || frame_class(frame->type) != CLASS_DATA || pte_perms(*entry) != PERM_R) /* never a user mapping */
		return gate_refuse(ERR_DENIED);
	arch_pte_exchange(entry, pte_encode(addr, PERM_R | PERM_W, level));
	frame->writable++;
	counters->generation++;
	counters->unprotected_pages++;
	return OK;
}
