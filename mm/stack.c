/* SPDX-License-Identifier: MIT */
/*
 * mm/stack.c: handing out slots of the stack area. A slot is 32 KiB, the stack its upper half. Process context or init;
 * any CPU.
 */
#include "stack.h"

#include <amber/layout.h>
#include <amber/lock.h>

#include <arch.h>

#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"

#define STACK_SLOTS      128
#define STACK_SLOT_BYTES (2ull * STACK_SIZE)

static bool is_used[STACK_SLOTS];
static struct lock stack_lock = LOCK_INIT("stacks"); /* also orders the changes of the stacks' tables */

static bool take_slot(unsigned *slot)
{
	for (*slot = 0; *slot < STACK_SLOTS; ++*slot)
		if (!is_used[*slot]) {
			is_used[*slot] = true;
			return true;
		}
	return false;
}

static vaddr_t slot_top(unsigned slot)
{
	return STACK_BASE + (slot + 1) * STACK_SLOT_BYTES;
}

static enum error map_slot(unsigned slot)
{
	paddr_t frames;
	enum error error = phys_alloc(STACK_SIZE / PAGE_SIZE, &frames);

	if (error)
		return error;
	error = pagetable_map(kernel_root_frame, slot_top(slot) - STACK_SIZE, frames, STACK_SIZE, PERM_R | PERM_W, 1);
	if (error)
		phys_free(frames, STACK_SIZE / PAGE_SIZE);
	return error;
}

enum error stack_alloc(vaddr_t *top)
{
	uint64_t irq_state = lock_acquire(&stack_lock);
	enum error error = ERR_FULL;
	unsigned slot;

	if (take_slot(&slot)) {
		error = map_slot(slot);
		is_used[slot] = !error;
		*top = slot_top(slot);
	}
	lock_release(&stack_lock, irq_state);
	return error;
}

void stack_free(vaddr_t top)
{
	uint64_t irq_state = lock_acquire(&stack_lock);
	struct mapping mapping;

	if (!pagetable_lookup(kernel_root_frame, top - STACK_SIZE, &mapping) &&
	    !pagetable_unmap(kernel_root_frame, top - STACK_SIZE, STACK_SIZE)) {
		phys_free(mapping.frame, STACK_SIZE / PAGE_SIZE);
		is_used[(top - STACK_BASE) / STACK_SLOT_BYTES - 1] = false;
	}
	lock_release(&stack_lock, irq_state);
}

bool stack_is_guard(vaddr_t addr)
{
	return addr >= STACK_BASE && addr < STACK_BASE + STACK_SLOTS * STACK_SLOT_BYTES && !(addr & (1ull << STACK_GUARD_BIT));
}
