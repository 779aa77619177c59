/* SPDX-License-Identifier: MIT */
/*
 * mm/ring.h: the violation ring. It lies at the start of the arena (a fixed physical place), is read through
 * the direct map and grows by gate calls only. When it is full, the first records stay and only `appended`
 * goes on, so that nobody can flush his traces by making noise.
 */
#ifndef AMBER_MM_RING_H
#define AMBER_MM_RING_H

#include <amber/types.h>
#include <amber/violation.h>

#define RING_MAGIC   0x676e6972726d6121ull
#define RING_BYTES   KIB(128)
#define RING_RECORDS ((RING_BYTES - 64) / sizeof(struct violation))

struct violation_ring {
	uint64_t magic;
	uint64_t appended; /* records ever */
	uint64_t kept;     /* of these in records[] */
	bool last_is_kept; /* the newest record is records[kept - 1] */
	uint64_t reserved[4];
	struct violation records[RING_RECORDS];
};
_Static_assert(sizeof(struct violation_ring) <= RING_BYTES, "the ring has its own frames");
_Static_assert(sizeof(struct violation) % (8 * sizeof(uint64_t)) == 0, "copied in words, eight at a time");

extern paddr_t violation_ring_frame; /* mm/kernel_map.c; class core */

#endif
