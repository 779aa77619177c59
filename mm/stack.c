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

#define STACK_SLOTS      640 /* a multiple of 64 */
#define STACK_SLOT_BYTES (2ull * STACK_SIZE)

static uint64_t used[STACK_SLOTS / 64]; /* a bit for each slot */
static struct lock stack_lock = LOCK_INIT("stacks"); /* also orders the changes of the stacks' tables */

/* The lowest one that is free: the same tables serve again and again. */
static bool take_slot(unsigned *slot)
{
	for (unsigned i = 0; i < ARRAY_SIZE(used); i++)
		if (~used[i]) {
			*slot = i * 64 + (unsigned)__builtin_ctzll(~used[i]);
			used[i] |= 1ull << (*slot % 64);
			return true;
		}
	return false;
}

static void leave_slot(unsigned slot)
{
	used[slot / 64] &= ~(1ull << (slot % 64));
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
		if (error)
			leave_slot(slot);
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
		leave_slot((top - STACK_BASE) / STACK_SLOT_BYTES - 1);
	}
	lock_release(&stack_lock, irq_state);
}

bool stack_is_guard(vaddr_t addr)
{
	return addr >= STACK_BASE && addr < STACK_BASE + STACK_SLOTS * STACK_SLOT_BYTES && !(addr & (1ull << STACK_GUARD_BIT));
}
