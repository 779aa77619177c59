/* SPDX-License-Identifier: MIT */
/*
 * kernel/backtrace.c: both machines keep [fp] = the caller's fp and [fp + 8] = the return address. A frame pointer
 * must lie on a kernel stack and grow, so a broken chain ends the walk. Any context.
 */
#include "backtrace.h"

#include <amber/layout.h>

#include <arch.h>

#include "kernel_map.h"
#include "stack.h"

static bool is_on_a_stack(vaddr_t frame_pointer)
{
	return frame_pointer >= STACK_BASE && frame_pointer < STACK_BASE + SLOT_SIZE && !(frame_pointer & 7) &&
	       !stack_is_guard(frame_pointer);
}

static bool is_code(vaddr_t addr)
{
	return (addr >= (vaddr_t)__text_start && addr < (vaddr_t)__text_end) ||
	       (addr >= (vaddr_t)__init_start && addr < (vaddr_t)__init_text_end);
}

unsigned backtrace_from(vaddr_t frame_pointer, vaddr_t *addresses, unsigned max)
{
	unsigned count = 0;

	while (count < max && is_on_a_stack(frame_pointer)) {
		uint64_t pair[2]; /* the caller's frame pointer, the return address */

		if (!arch_try_read(frame_pointer, pair, sizeof(pair)) || !is_code(pair[1]))
			break;
		addresses[count++] = pair[1];
		if (pair[0] <= frame_pointer)
			break;
		frame_pointer = pair[0];
	}
	return count;
}
