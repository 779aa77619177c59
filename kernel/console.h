/* SPDX-License-Identifier: MIT */
/* kernel/console.h: the console driver's half in the kernel: kernel/sys_console.c, kernel/console_filter.c. */
#ifndef AMBER_CONSOLE_H
#define AMBER_CONSOLE_H

#include <amber/types.h>

struct notification;

/* Bytes that a terminal may obey become dots, but for \n \r \b ESC[K ESC[nC ESC[nD ESC[2J ESC[H; and an @ at a line's start, so
 * that no program's text looks like an event. *has_begun: something stands in the line already. In place; pure. */
void console_filter(char *text, size_t bytes, bool *has_begun);
/* Timer tick, big lock held: signals what console_watch named, if lines broke in. */
void console_tick(void);
/* It dies: nobody is to be told any more. Big lock held. */
void console_forget(const struct notification *notification);

#endif
