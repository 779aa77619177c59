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

static struct irq *bound[USER_DEVICES];

static unsigned line_of(const struct irq *irq)
{
	return arch_user_devices[irq->device].irq_line;
}

struct irq *irq_new_of_device(enum user_device device)
{
	struct irq *irq = arch_user_devices[device].irq_line ? object_new(OBJECT_IRQ) : NULL;

	if (irq)
		irq->device = device;
	return irq;
}

bool irq_object_fire(unsigned line)
{
	bool is_bound = false;

	big_lock_take();
	for (unsigned i = 0; i < USER_DEVICES; i++) {
		if (!bound[i] || line_of(bound[i]) != line)
			continue;
		is_bound = true;
		notification_signal(bound[i]->notification, bound[i]->bits);
	}
	big_lock_drop();
	return is_bound;
}

/* Another CPU that gets the interrupt at once waits for the big lock. */
enum error irq_bind(struct irq *irq, struct notification *notification, uint64_t bits)
{
	struct notification *before = irq->notification;
	enum error error = arch_irq_line_enable(line_of(irq));

	if (error)
		return error;
	object_hold(&notification->object);
	irq->notification = notification;
	irq->bits = bits;
	bound[irq->device] = irq;
	if (before)
		object_let_go(&before->object);
	return OK;
}

enum error irq_acknowledge(struct irq *irq)
{
	return irq->notification ? arch_irq_line_enable(line_of(irq)) : (enum error)ERR_NOT_FOUND;
}

bool irq_destroy_step(struct object *object)
{
	struct irq *irq = (struct irq *)object;

	if (irq->notification) {
		arch_irq_line_disable(line_of(irq));
		object_let_go(&irq->notification->object);
	}
	irq->notification = NULL;
	if (bound[irq->device] == irq)
		bound[irq->device] = NULL;
	return true;
}
