/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_calls.c: the table of the gate's functions. What several CPUs share is read and written under one lock
 * (mm/gate_lock.c). Inside the gate; the calls that get there: mm/call_gate.c.
 */
#include "gate.h"

#include "gate_parts.h"

static uint64_t gate_do_empty(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return OK;
}

static uint64_t gate_do_device(uint64_t reg, uint64_t value, uint64_t c, uint64_t d, uint64_t e)
{
	(void)c, (void)d, (void)e;
	return arch_gate_device(reg, value);
}

/* One at a time: whatever reads or writes what all CPUs share. */
#define LOCKED(name) \
	static uint64_t locked_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) \
	{ \
		uint64_t result; \
\
		if (!gate_lock_take()) \
			return ERR_BUSY; \
		result = gate_do_##name(a, b, c, d, e); \
		gate_lock_drop(); \
		return result; \
	}
LOCKED(set_entries)
LOCKED(table)
LOCKED(table_free)
LOCKED(frame_type)
LOCKED(unprotect)
LOCKED(seal_user)
LOCKED(unseal_user)
LOCKED(user_table)
LOCKED(user_table_free)
LOCKED(space_root)
LOCKED(space_kill)
LOCKED(space_free)

/* For whoever holds it already: a record and its chain's counters belong together. */
#define HELD(name) \
	static uint64_t held_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) \
	{ \
		return gate_lock_is_mine() ? gate_do_##name(a, b, c, d, e) : gate_refuse(ERR_DENIED); \
	}
HELD(ring_append)
HELD(ring_merge)
HELD(state)

const gate_function gate_functions[GATE_OP_COUNT] = {
	[GATE_EMPTY] = gate_do_empty,
	[GATE_SET_ENTRIES] = locked_set_entries,
	[GATE_TABLE] = locked_table,
	[GATE_TABLE_FREE] = locked_table_free,
	[GATE_FRAME_TYPE] = locked_frame_type,
	[GATE_DRY_BEGIN] = gate_do_dry_begin, /* takes the lock and, if all is well, keeps it until … */
	[GATE_FAST_BEGIN] = gate_do_fast_begin,
	[GATE_DRY_FLIP] = gate_do_dry_flip,
	[GATE_DRY_FIX] = gate_do_dry_fix,
	[GATE_DRY_END] = gate_do_dry_end, /* … here */
	[GATE_RING_APPEND] = held_ring_append,
	[GATE_RING_MERGE] = held_ring_merge,
	[GATE_STATE] = held_state,
	[GATE_UNPROTECT] = locked_unprotect,
	[GATE_DEVICE] = gate_do_device,
	[GATE_HOLD] = gate_do_hold,
	[GATE_LET_GO] = gate_do_let_go,
	[GATE_CPU_START] = gate_do_cpu_start,
	[GATE_INTERRUPT] = gate_do_interrupt,
	[GATE_SHOOT] = gate_do_shoot,
	[GATE_SHOOT_ANSWER] = gate_do_shoot_answer,
	[GATE_USER_ENTRIES] = gate_do_user_entries, /* these two take the lock themselves */
	[GATE_USER_PROTECT] = gate_do_user_protect,
	[GATE_SEAL_USER] = locked_seal_user,
	[GATE_UNSEAL_USER] = locked_unseal_user,
	[GATE_USER_TABLE] = locked_user_table,
	[GATE_USER_TABLE_FREE] = locked_user_table_free,
	[GATE_SPACE_ROOT] = locked_space_root,
	[GATE_SPACE_KILL] = locked_space_kill,
	[GATE_SPACE_FREE] = locked_space_free,
};
