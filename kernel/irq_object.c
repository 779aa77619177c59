/* SPDX-License-Identifier: MIT */
/*
 * kernel/irq_object.c: interrupts for drivers in user mode. The controller masks a line that fires; the driver's acknowledgement
 * unmasks it. irq_object_fire: interrupt context, without the big lock; everything else with it.
 */
#include "irq_object.h"

#include <amber/upcalls.h>

#include <arch.h>

#include "big_lock.h"
#include "ipc.h"

static struct irq *bound; /* there is one line */

struct irq *irq_new_of_uart(void)
{
	struct irq *irq = arch_uart_irq_line ? object_new(OBJECT_IRQ) : NULL;

	if (irq)
		irq->line = arch_uart_irq_line;
	return irq;
}

bool irq_object_fire(unsigned line)
{
	bool is_bound;

	big_lock_take();
	is_bound = bound && bound->line == line;
	if (is_bound)
		notification_signal(bound->notification, bound->bits);
	big_lock_drop();
	return is_bound;
}

/* Another CPU that gets the interrupt at once waits for the big lock. */
enum error irq_bind(struct irq *irq, struct notification *notification, uint64_t bits)
{
	struct notification *before = irq->notification;
	enum error error = arch_irq_line_enable(irq->line);

	if (error)
		return error;
	object_hold(&notification->object);
	irq->notification = notification;
	irq->bits = bits;
	bound = irq;
	if (before)
		object_let_go(&before->object);
	return OK;
}

enum error irq_acknowledge(struct irq *irq)
{
	return irq->notification ? arch_irq_line_enable(irq->line) : (enum error)ERR_NOT_FOUND;
}

bool irq_destroy_step(struct object *object)
{
	struct irq *irq = (struct irq *)object;

	if (irq->notification) {
		arch_irq_line_disable(irq->line);
		object_let_go(&irq->notification->object);
	}
	irq->notification = NULL;
	if (bound == irq)
		bound = NULL;
	return true;
}
