/* SPDX-License-Identifier: MIT */
/* counter.h: what `bench` needs of an aarch64 machine: the instruction counter (exact under -icount), a load that may fault. */
#ifndef AMBER_USER_COUNTER_H
#define AMBER_USER_COUNTER_H

#include <amber/types.h>

#define COUNTER_COST 1 /* instructions between two readings that are not the measured ones: the second isb */

static inline uint64_t counter(void)
{
	uint64_t value;

	__asm__ volatile("isb\n\tmrs %0, pmevcntr0_el0" : "=r"(value) : : "memory");
	return value;
}

#define LOAD_BYTES 4 /* of the instruction below */

static inline void load(uintptr_t addr)
{
	__asm__ volatile("ldr %0, [%0]" : "+r"(addr) : : "memory");
}

#endif
