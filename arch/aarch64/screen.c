/* SPDX-License-Identifier: MIT */
/* arch/aarch64/screen.c: this machine has no text screen; everything goes to the serial port. Any context. */
#include "arch.h"

bool arch_screen_size(unsigned *columns, unsigned *rows)
{
	*columns = 0;
	*rows = 0;
	return false;
}

void arch_screen_put(unsigned column, unsigned row, char c, enum screen_style style)
{
	(void)column, (void)row, (void)c, (void)style;
}

void arch_screen_enable(bool text_screen)
{
	(void)text_screen;
}
