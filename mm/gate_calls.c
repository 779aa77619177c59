/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_calls.c: the table of the gate's functions, and the calls that reach them. What several CPUs share is read and
 * written under one lock (mm/gate_lock.c). Outside the gate but for the table and the functions named locked_…; any context.
 */
#include "gate.h"

#include <amber/panic.h>
#include <amber/upcalls.h>

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

uint64_t gate_run_early(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return op < GATE_OP_COUNT ? gate_functions[op](a, b, c, d, e) : (uint64_t)ERR_INVALID;
}

/* The lock's holder waits for nobody, so it comes free. When the machine is being stopped, perhaps not. */
uint64_t gate_run_again(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	uint64_t result;

	do {
		cpu_poll();
		arch_cpu_relax();
		result = arch_gate_call(op, a, b, c, d, e);
	} while (result == ERR_BUSY && !panic_is_under_way());
	if (result == ERR_BUSY)
		cpu_poll(); /* another CPU's panic: this one stops here */
	return result;
}

/* A panic inside the gate must not enter it again: the gate's stack has one user. */
static bool is_inside(void)
{
	return gate_is_live && arch_root_current() == this_cpu()->gate_root;
}

void gate_hold(void)
{
	if (is_inside())
		return;
	gate_run(GATE_HOLD, 0, 0, 0, 0, 0);
}

void gate_let_go(void)
{
	if (is_inside())
		return;
	gate_run(GATE_LET_GO, 0, 0, 0, 0, 0);
}

void gate_stack_overflowed(void)
{
	panic("gate: the gate stack of CPU %u overflowed", this_cpu()->id);
}

enum error gate_set_entries(paddr_t table, unsigned index, pte_t first, uint64_t step, unsigned count)
{
	return gate_run(GATE_SET_ENTRIES, table, index, first, step, count);
}

enum error gate_change_entries(paddr_t table, unsigned index, pte_t first, unsigned count)
{
	return gate_run(GATE_SET_ENTRIES, table, index, first, PAGE_SIZE, count | GATE_ENTRIES_LIVE);
}

enum error gate_table(paddr_t frame, unsigned level)
{
	return gate_run(GATE_TABLE, frame, level, 0, 0, 0);
}

enum error gate_table_free(paddr_t frame)
{
	return gate_run(GATE_TABLE_FREE, frame, 0, 0, 0, 0);
}

enum error gate_frame_type(paddr_t first, uint64_t count, enum frame_type type)
{
	return gate_run(GATE_FRAME_TYPE, first, count, type, 0, 0);
}

enum error gate_state(struct chain_element *element, uint32_t used, const uint8_t *state)
{
	return gate_run(GATE_STATE, (uint64_t)element, used, (uint64_t)state, 0, 0);
}

enum error gate_unprotect(vaddr_t addr)
{
	return gate_run(GATE_UNPROTECT, addr, 0, 0, 0, 0);
}

enum error gate_device(uint64_t reg, uint64_t value)
{
	return gate_run(GATE_DEVICE, reg, value, 0, 0, 0);
}
