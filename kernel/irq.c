/* SPDX-License-Identifier: MIT */
/*
 * kernel/irq.c: interrupts: the timer tick, and a hook that inject=…@irq uses. Interrupt context, interrupts masked.
 */
#include "irq.h"

#include <amber/log.h>
#include <amber/upcalls.h>

#include "violation_log.h"

static irq_hook hook;
static void *hook_argument;
static uint64_t ticks, unexpected;

void irq_call_once(irq_hook fn, void *argument)
{
	hook_argument = argument;
	__atomic_store_n(&hook, fn, __ATOMIC_RELEASE);
}

uint64_t irq_ticks(void)
{
	return __atomic_load_n(&ticks, __ATOMIC_RELAXED);
}

static void tick(void)
{
	irq_hook fn = hook;

	__atomic_store_n(&ticks, ticks + 1, __ATOMIC_RELAXED);
	violation_log_tick();
	if (fn) {
		hook = NULL;
		fn(hook_argument);
	}
}

void irq_handle(struct trap_frame *frame, bool timer, unsigned number)
{
	(void)frame;
	this_cpu()->state->irq_depth++;
	if (timer)
		tick();
	else if (unexpected++ == 0) /* once: a stuck line would fill the log */
		log_warn("irq", "unexpected interrupt %u; ignored", number);
	this_cpu()->state->irq_depth--;
}
