/* SPDX-License-Identifier: MIT */
/*
 * kernel/irq.c: interrupts: each CPU's timer tick, a hook in it that inject=…@irq uses, and what CPUs send each other.
 * Interrupt context, interrupts masked.
 */
#include "irq.h"

#include <amber/log.h>
#include <amber/upcalls.h>

#include "big_lock.h"
#include "console.h"
#include "cpus.h"
#include "sched.h"
#include "violation_log.h"

static struct hook {
	irq_hook fn;
	void *argument;
} hooks[MAX_CPUS];
static uint64_t unexpected;

void irq_call_once(irq_hook fn, void *argument)
{
	struct hook *hook = &hooks[this_cpu()->id];

	hook->argument = argument;
	__atomic_store_n(&hook->fn, fn, __ATOMIC_RELEASE);
}

uint64_t irq_ticks(void)
{
	return __atomic_load_n(&this_cpu()->state->ticks, __ATOMIC_RELAXED);
}

static void tick(void)
{
	struct hook *hook = &hooks[this_cpu()->id];
	irq_hook fn = hook->fn;

	this_cpu()->state->ticks++;
	big_lock_take();
	timeout_tick();
	sched_tick();
	console_tick();
	big_lock_drop();
	violation_log_tick();
	if (fn) {
		hook->fn = NULL;
		fn(hook->argument);
	}
}

void irq_handle(struct trap_frame *frame, bool timer, unsigned number)
{
	(void)frame;
	this_cpu()->state->irq_depth++;
	if (timer)
		tick();
	else if (!irq_object_fire(number) &&
	         __atomic_fetch_add(&unexpected, 1, __ATOMIC_RELAXED) == 0) /* once: a stuck line would fill the log */
		log_warn("irq", "unexpected interrupt %u; ignored", number);
	this_cpu()->state->irq_depth--;
}

void irq_from_cpu(enum cpu_interrupt what)
{
	if (what == CPU_INTERRUPT_STOP)
		cpu_stop();
	cpu_poll(); /* whatever it was sent for */
}
