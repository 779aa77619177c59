/* SPDX-License-Identifier: MIT */
/* user/lib/print.c: text for the kernel's log. */
#include "program.h"

#define TEXT_MAX 256 /* of log_write */

void printf(const char *fmt, ...)
{
	char text[TEXT_MAX + 1];
	va_list args;
	int length;

	va_start(args, fmt);
	length = format_args(text, sizeof(text), fmt, args);
	va_end(args);
	(void)sys_log_write(text, MIN((uint64_t)length, TEXT_MAX));
}

__noreturn void fail(const char *what, enum error error)
{
	printf("%s: %s\n", what, error_text(error));
	exit(1);
}
