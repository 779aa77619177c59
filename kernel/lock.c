/* SPDX-License-Identifier: MIT */
/*
 * kernel/lock.c: the spin lock. Any context after arch_percpu_install; on aarch64 the compare-and-swap
 * is an LSE instruction, so not before the CPU was found to have it.
 */
#include <amber/lock.h>

#include "arch.h"
#include <amber/panic.h>
#include <amber/upcalls.h>

uint64_t lock_acquire(struct lock *lock)
{
	uint64_t irq_state = arch_irq_save();
	uint32_t self = this_cpu()->id + 1;
	uint32_t expected = 0;

	while (!__atomic_compare_exchange_n(&lock->holder, &expected, self, false, __ATOMIC_ACQUIRE,
	                                    __ATOMIC_RELAXED)) {
		if (expected == self)
			panic("lock '%s' taken twice by CPU %u", lock->name, this_cpu()->id);
		expected = 0;
		cpu_poll();
		arch_cpu_relax();
	}
	return irq_state;
}

void lock_release(struct lock *lock, uint64_t irq_state)
{
	if (lock->holder != this_cpu()->id + 1)
		panic("lock '%s' released by CPU %u, which does not hold it", lock->name, this_cpu()->id);
	__atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
	arch_irq_restore(irq_state);
}
