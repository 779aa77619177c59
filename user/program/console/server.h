/* SPDX-License-Identifier: MIT */
/* server.h: the console's second thread: server.c, devices.c, output.c. */
#ifndef AMBER_CONSOLE_SERVER_H
#define AMBER_CONSOLE_SERVER_H

#include "program.h"
#include "state.h"

/* Bits of the driver's notification. */
#define EVENT_UART     1u
#define EVENT_KEYBOARD 2u
#define EVENT_LINES    4u /* the kernel has printed: what stood unfinished has to come again */
#define EVENT_END      8u /* of the second thread */

void serve(handle_t endpoint, handle_t notification);

typedef void (*key_function)(uint8_t key);
void devices_start(handle_t notification, struct state *state); /* devices.c */
void devices_drain(uint64_t bits, key_function take);

/* What stands there: at most one unfinished line, the reader's. */
void output_begin(void);                      /* at a line's start, whatever a driver before this one has left */
void output_line(struct editor *editor);      /* it stands now as the editor has it */
void output_line_again(struct editor *editor); /* the same if it stood: the kernel's lines came since */
void output_end_line(const char *mark);       /* behind the mark; nothing stands any more */
void output_clear(struct editor *editor);     /* an empty screen, and the line at its top */
/* Text, above the line if one is being read (`editor`), else behind it. */
void output_text(const char *text, uint64_t bytes, struct editor *editor);

#endif
