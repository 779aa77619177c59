/* SPDX-License-Identifier: MIT */
/* counter.h: what `bench` needs of an x86_64 machine: the instruction counter (exact under -icount), a load that may fault. */
#ifndef AMBER_USER_COUNTER_H
#define AMBER_USER_COUNTER_H

#include <amber/types.h>

#define COUNTER_COST 2 /* instructions between two readings that are not the measured ones: shl, or */

static inline uint64_t counter(void)
{
	uint64_t low, high;

	__asm__ volatile("rdtsc\n\tshlq $32, %1\n\torq %1, %0" : "=a"(low), "=d"(high) : : "memory");
	return low;
}

#define LOAD_BYTES 3 /* of the instruction below */

static inline void load(uintptr_t addr)
{
	__asm__ volatile(".byte 0x48, 0x8b, 0x00" : "+a"(addr) : : "memory"); /* movq (%rax), %rax */
}

#endif
