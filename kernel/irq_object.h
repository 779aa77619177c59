/* SPDX-License-Identifier: MIT */
/*
 * kernel/irq_object.h: an interrupt line as a kernel object: it signals a notification. One for each device that user mode may
 * have. Big lock held, but for irq_object_fire (amber/upcalls.h).
 */
#ifndef AMBER_IRQ_OBJECT_H
#define AMBER_IRQ_OBJECT_H

#include <arch.h>

#include "object.h"

struct notification;

struct irq {
	struct object object;
	enum user_device device;
	struct notification *notification; /* held by a reference; NULL: not bound */
	uint64_t bits;
};

struct irq *irq_new_of_device(enum user_device device); /* NULL: it has none, or no memory */
enum error irq_bind(struct irq *irq, struct notification *notification, uint64_t bits) __must_check;
enum error irq_acknowledge(struct irq *irq) __must_check; /* ERR_NOT_FOUND: not bound */
bool irq_destroy_step(struct object *object);

#endif
