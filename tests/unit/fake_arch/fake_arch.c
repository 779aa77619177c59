/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_arch/fake_arch.c: the state behind fake_arch/arch_inline.h, and a serial port, a text
 * screen and a clock that a test can look at.
 */
#include "fake_arch.h"

#include <string.h>

struct percpu fake_cpu;
bool fake_irqs_are_enabled = true;
char fake_serial[65536];
bool fake_serial_with_irqs;
unsigned fake_columns, fake_rows, fake_puts;
char fake_screen[FAKE_ROWS_MAX][FAKE_COLUMNS_MAX + 1];
bool fake_highlight[FAKE_ROWS_MAX];
unsigned fake_cursor_column, fake_cursor_row;
uint64_t fake_time_us;

void arch_uart_write(const char *text, size_t bytes)
{
	fake_serial_with_irqs |= fake_irqs_are_enabled;
	strncat(fake_serial, text, bytes);
}

bool arch_screen_size(unsigned *columns, unsigned *rows)
{
	*columns = fake_columns;
	*rows = fake_rows;
	return fake_columns > 0;
}

void arch_screen_put(unsigned column, unsigned row, char c, enum screen_style style)
{
	fake_puts++;
	fake_screen[row][column] = c;
	fake_highlight[row] = style == SCREEN_HIGHLIGHT;
	if (style == SCREEN_REVERSED) {
		fake_cursor_column = column;
		fake_cursor_row = row;
	}
}

uint64_t arch_time_us(void)
{
	return fake_time_us;
}
