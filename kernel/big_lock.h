/* SPDX-License-Identifier: MIT */
/*
 * kernel/big_lock.h: the one lock of the microkernel: objects, handles, spaces, run queues, IPC. Interrupts are masked while it
 * is held. On the way to user mode the assembly drops it, once it is off the old thread's kernel stack: from then on another CPU
 * may run that thread. A CPU that waits for it answers shootdowns and stops for a panic. Who holds it may wait for other CPUs
 * (a shootdown does) and may take the gate's lock; never the other way round.
 */
#ifndef AMBER_BIG_LOCK_H
#define AMBER_BIG_LOCK_H

#include <amber/types.h>
#include <amber/upcalls.h>

#include <arch.h>

static inline bool big_lock_is_mine(void)
{
	return __atomic_load_n(&big_lock_holder, __ATOMIC_RELAXED) == this_cpu()->id + 1;
}

void big_lock_wait(void); /* kernel/big_lock.c: the slow half */

/* Interrupts are masked already. cpu = this_cpu(). False: another CPU has it. */
static inline __must_check bool big_lock_try(const struct percpu *cpu)
{
	uint32_t expected = 0;

	return __builtin_expect(__atomic_compare_exchange_n(&big_lock_holder, &expected, cpu->id + 1, false, __ATOMIC_ACQUIRE,
	                                                    __ATOMIC_RELAXED), 1);
}

static inline void big_lock_take(void)
{
	if (!big_lock_try(this_cpu()))
		big_lock_wait();
}

static inline void big_lock_drop(void)
{
	__atomic_store_n(&big_lock_holder, 0, __ATOMIC_RELEASE);
}

#endif
