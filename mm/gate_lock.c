/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_lock.c: the one lock that orders all changes of sealed memory. It is class core itself, so it is taken inside the
 * gate, and nobody waits there: a call that finds it taken comes back with ERR_BUSY and is made again (mm/gate.c).
 * Who holds it waits for no other CPU.
 */
#include "gate_parts.h"

struct gate_lock {
	uint32_t holder; /* CPU + 1; 0 = free */
	uint32_t depth;  /* a dry run holds it over several calls */
};
static struct gate_lock __ro_core gate_lock;

static struct gate_lock *lock_in_window(void)
{
	return gate_window(gate_image_to_phys(&gate_lock));
}

bool gate_lock_take(void)
{
	struct gate_lock *lock = lock_in_window();
	uint32_t self, expected = 0;

	if (!gate_is_live)
		return true; /* one CPU, and no per-CPU constants yet */
	self = this_cpu()->id + 1;
	if (lock->holder == self) {
		lock->depth++;
		return true;
	}
	if (!__atomic_compare_exchange_n(&lock->holder, &expected, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	lock->depth = 1;
	return true;
}

void gate_lock_drop(void)
{
	struct gate_lock *lock = lock_in_window();

	if (gate_is_live && --lock->depth == 0)
		__atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
}

bool gate_lock_is_mine(void)
{
	return gate_lock.holder == this_cpu()->id + 1;
}

GATE_DO(hold)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return gate_lock_take() ? OK : ERR_BUSY;
}

GATE_DO(let_go)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	if (!gate_lock_is_mine())
		return gate_refuse(ERR_INVALID);
	gate_lock_drop();
	return OK;
}
