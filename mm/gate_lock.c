/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_lock.c: the one lock that orders all changes of sealed memory. It is class core itself, so it is taken inside the
 * gate, and nobody waits there: a call that finds it taken comes back with ERR_BUSY and is made again (mm/gate.c).
 * Who holds it waits for no other CPU.
 */
#include "gate_parts.h"

struct gate_lock __ro_core gate_lock;

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
