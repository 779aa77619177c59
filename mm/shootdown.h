/* SPDX-License-Identifier: MIT */
/*
 * mm/shootdown.h: invalidating translations on every CPU and waiting for it. Never inside the gate, never while the
 * gate's lock is held: a CPU that waits for that lock with interrupts masked answers all the same, but the one that holds it
 * may have to wait for nobody. Counted, because QEMU hides some missing invalidations. docs/cpus.md.
 */
#ifndef AMBER_MM_SHOOTDOWN_H
#define AMBER_MM_SHOOTDOWN_H

#include <amber/types.h>

struct address_space;

struct shootdown_counters {
	uint64_t requests;    /* calls */
	uint64_t pages;       /* invalidated one by one */
	uint64_t all;         /* whole TLBs dropped */
	uint64_t asked;       /* other CPUs that had to be asked, over all requests */
	uint64_t answered[MAX_CPUS]; /* by each */
	uint64_t user_requests; /* calls for the user half of a space */
	uint64_t user_pages;
	uint64_t user_local;    /* … of which no other CPU had to know */
	uint64_t user_asked;    /* CPUs asked for them (also in `asked`) */
};
extern struct shootdown_counters shootdown_counters;

/* Written by the gate only (mm/gate_cpus.c); class core. */
struct shootdown_numbers {
	uint64_t wanted[MAX_CPUS];   /* the newest request to each CPU */
	uint64_t answered[MAX_CPUS]; /* the newest one that it has done */
};
extern struct shootdown_numbers shootdown_numbers;

/* After the entries of [addr, addr + bytes) changed. Of a block leaf one page is enough. */
void tlb_shootdown(vaddr_t addr, uint64_t bytes);
/* After more changes than are worth naming. */
void tlb_shootdown_all(void);
/* After entries of [addr, addr + pages) in a space's user half changed: only where that space runs. Big lock held. */
void tlb_shootdown_space(const struct address_space *space, vaddr_t addr, uint64_t pages);
/* Does what other CPUs ask for. From the interrupt, and from whoever spins with interrupts masked. Also leaves a
 * space that another CPU has killed. */
void tlb_shootdown_poll(void);

#endif
