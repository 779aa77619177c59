/* SPDX-License-Identifier: MIT */
/* kernel/big_lock.c: waiting for the big lock: any CPU, interrupts masked. What others ask of this CPU is done meanwhile. */
#include "big_lock.h"

#include <amber/panic.h>

uint32_t big_lock_holder;

void big_lock_wait(void)
{
	uint32_t self = this_cpu()->id + 1, expected = 0;

	while (!__atomic_compare_exchange_n(&big_lock_holder, &expected, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		if (expected == self)
			panic("the big lock is taken twice by CPU %u", this_cpu()->id);
		expected = 0;
		cpu_poll();
		arch_cpu_relax();
	}
}
