/* SPDX-License-Identifier: MIT */
/*
 * mm/address_space_load.h: the inline half of address_space.h: changing the user half that this CPU has loaded. On the way of
 * every switch. The root comes from ordinary memory, so the frame table is asked whether it is one. Big lock held, interrupts
 * masked.
 */
#ifndef AMBER_MM_ADDRESS_SPACE_LOAD_H
#define AMBER_MM_ADDRESS_SPACE_LOAD_H

#include <arch.h>

#include "frame.h"

void address_space_no_root(const struct address_space *space) __noreturn; /* mm/address_space.c: panics */

/* For the way of every switch between user threads: cpu = this_cpu(). */
static inline void address_space_enter(struct percpu *cpu, struct address_space *space)
{
	struct cpu_state *state = cpu->state;
	paddr_t root;

	if (state->space == space)
		return;
	root = *(const volatile paddr_t *)&space->root & ~PAGE_MASK; /* what is checked is what is loaded */
	if (__builtin_expect(!frame_is(root, FRAME_SPACE_ROOT), 0))
		address_space_no_root(space);
	if (ARCH_HAS_ASIDS) /* before the first translation */
		space->cpus |= 1u << cpu->id;
	state->space = space;
	arch_space_enter(cpu, root, space->asid);
}

/* NULL: no user half. */
static inline void address_space_load_on(struct percpu *cpu, struct address_space *space)
{
	if (space) {
		address_space_enter(cpu, space);
		return;
	}
	if (!cpu->state->space)
		return;
	cpu->state->space = NULL;
	arch_space_load(0, 0);
}

static inline void address_space_load(struct address_space *space)
{
	address_space_load_on(this_cpu(), space);
}

#endif
