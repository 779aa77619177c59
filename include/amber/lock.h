/* SPDX-License-Identifier: MIT */
/*
 * lock.h: a spin lock with a name that masks interrupts while held. Taking a lock that this CPU holds
 * is reported and stops the machine instead of hanging. kernel/lock.c; any context.
 */
#ifndef AMBER_LOCK_H
#define AMBER_LOCK_H

#include <amber/types.h>

struct lock {
	const char *name;
	uint32_t holder; /* CPU number + 1, 0 = free; changed atomically */
};

#define LOCK_INIT(lock_name) { .name = (lock_name), .holder = 0 }

uint64_t lock_acquire(struct lock *lock); /* returns the interrupt state for lock_release */
void lock_release(struct lock *lock, uint64_t irq_state);

#endif
