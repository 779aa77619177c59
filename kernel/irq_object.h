/* SPDX-License-Identifier: MIT */
/* kernel/irq_object.h: an interrupt line as a kernel object: it signals a notification. Big lock held. */
#ifndef AMBER_IRQ_OBJECT_H
#define AMBER_IRQ_OBJECT_H

#include "object.h"

struct notification;

struct irq {
	struct object object;
	unsigned line;
	struct notification *notification; /* held by a reference; NULL: not bound */
	uint64_t bits;
};

bool irq_destroy_step(struct object *object);

#endif
