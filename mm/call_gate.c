/* SPDX-License-Identifier: MIT */
/*
 * mm/call_gate.c: the calls that go through the gate (mm/gate.h), on the caller's stack: nothing here runs inside. Any context.
 */
#include <amber/panic.h>
#include <amber/upcalls.h>

#include "gate.h"

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
