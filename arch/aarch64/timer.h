/* SPDX-License-Identifier: MIT */
/* arch/aarch64/timer.h: the tick, for intc.c. Interrupts masked. */
#ifndef AMBER_AARCH64_TIMER_H
#define AMBER_AARCH64_TIMER_H

#include "arch.h"

extern uint64_t entry_time; /* timer.c, class data: the virtual counter at kernel entry; entry.S writes it */

void timer_rearm(void); /* takes the interrupt line back and sets the next tick */

#endif
