/* SPDX-License-Identifier: MIT */
/*
 * mm/stack.c: handing out slots of the stack area. A slot is 32 KiB, the stack its upper half. Process
 * context or init; interrupts are masked around the slot search.
 */
#include "stack.h"

#include <amber/layout.h>

#include <arch.h>

#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"

#define STACK_SLOTS      64
#define STACK_SLOT_BYTES (2ull * STACK_SIZE)

static uint64_t slots_used; /* bit per slot */

static bool take_slot(unsigned *slot)
{
	uint64_t irq_state = arch_irq_save();

	*slot = ~slots_used ? __builtin_ctzll(~slots_used) : STACK_SLOTS;
	if (*slot < STACK_SLOTS)
		slots_used |= 1ull << *slot;
	arch_irq_restore(irq_state);
	return *slot < STACK_SLOTS;
}

static vaddr_t slot_top(unsigned slot)
{
	return STACK_BASE + (slot + 1) * STACK_SLOT_BYTES;
}

enum error stack_alloc(vaddr_t *top)
{
	unsigned slot;
	paddr_t frames;
	enum error error;

	if (!take_slot(&slot))
		return ERR_FULL;
	error = phys_alloc(STACK_SIZE / PAGE_SIZE, &frames);
	if (!error) {
		error = pagetable_map(kernel_root_frame, slot_top(slot) - STACK_SIZE, frames, STACK_SIZE, PERM_R | PERM_W, 1);
		if (error)
			phys_free(frames, STACK_SIZE / PAGE_SIZE);
	}
	if (error) {
		slots_used &= ~(1ull << slot);
		return error;
	}
	*top = slot_top(slot);
	return OK;
}

void stack_free(vaddr_t top)
{
	struct mapping mapping;

	if (pagetable_lookup(kernel_root_frame, top - STACK_SIZE, &mapping))
		return;
	if (pagetable_unmap(kernel_root_frame, top - STACK_SIZE, STACK_SIZE))
		return;
	phys_free(mapping.frame, STACK_SIZE / PAGE_SIZE);
	slots_used &= ~(1ull << ((top - STACK_BASE) / STACK_SLOT_BYTES - 1));
}

bool stack_is_guard(vaddr_t addr)
{
	return addr >= STACK_BASE && addr < STACK_BASE + STACK_SLOTS * STACK_SLOT_BYTES && !(addr & (1ull << STACK_GUARD_BIT));
}
