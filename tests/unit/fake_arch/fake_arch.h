/* SPDX-License-Identifier: MIT */
/* tests/unit/fake_arch/fake_arch.h: what a test may look at and set; see fake_arch.c. */
#ifndef AMBER_TESTS_FAKE_ARCH_H
#define AMBER_TESTS_FAKE_ARCH_H

#include "arch.h"

#define FAKE_COLUMNS_MAX 80
#define FAKE_ROWS_MAX    25

extern char fake_serial[65536];    /* all that was written */
extern bool fake_serial_with_irqs; /* some of it with interrupts enabled */
extern unsigned fake_columns, fake_rows; /* 0 = there is no screen */
extern unsigned fake_puts;
extern char fake_screen[FAKE_ROWS_MAX][FAKE_COLUMNS_MAX + 1];
extern bool fake_highlight[FAKE_ROWS_MAX];
extern unsigned fake_cursor_column, fake_cursor_row; /* where the last reversed cell was put */
extern uint64_t fake_time_us;

#endif
