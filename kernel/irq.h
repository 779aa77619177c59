/* SPDX-License-Identifier: MIT */
/* kernel/irq.h: what happens on a timer tick. */
#ifndef AMBER_IRQ_H
#define AMBER_IRQ_H

#include <amber/types.h>

#include <arch.h>

typedef void (*irq_hook)(void *argument);

void irq_call_once(irq_hook fn, void *argument); /* fn runs in the next tick, in interrupt context */
uint64_t irq_ticks(void);

#endif
