/* SPDX-License-Identifier: MIT */
/* arch/aarch64/intc.h: taking an interrupt from the controller, for trap.c. Interrupts masked. */
#ifndef AMBER_AARCH64_INTC_H
#define AMBER_AARCH64_INTC_H

#include "arch.h"

#define INTC_VIRTUAL_TIMER 27 /* the usual number of the virtual timer: PPI 11 */

void intc_start(unsigned id);                           /* this CPU's own part */
void intc_send(unsigned id, enum cpu_interrupt what);  /* to another CPU */
void intc_dispatch(struct trap_frame *frame); /* one interrupt: acknowledge, irq_handle */

#endif
