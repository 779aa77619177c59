/* SPDX-License-Identifier: MIT */
/*
 * mm/shootdown.h: invalidating translations on every CPU and waiting for it. With one CPU there is nobody
 * to ask yet. Never inside the gate. Counted, because QEMU hides some missing invalidations.
 */
#ifndef AMBER_MM_SHOOTDOWN_H
#define AMBER_MM_SHOOTDOWN_H

#include <amber/types.h>

struct shootdown_counters {
	uint64_t requests; /* calls */
	uint64_t pages;    /* invalidated one by one */
	uint64_t all;      /* whole TLBs dropped */
};
extern struct shootdown_counters shootdown_counters;

/* After the entries of [addr, addr + bytes) changed. Of a block leaf one page is enough. */
void tlb_shootdown(vaddr_t addr, uint64_t bytes);
/* After more changes than are worth naming. */
void tlb_shootdown_all(void);

#endif
