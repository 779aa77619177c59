/* SPDX-License-Identifier: MIT */
/* kernel/text_screen.h: the text screen as kernel/log.c writes it. The caller orders writers (the log's lock). */
#ifndef AMBER_TEXT_SCREEN_H
#define AMBER_TEXT_SCREEN_H

#include <amber/types.h>

/* A line of its own, in as many rows as it needs; words stay whole. */
void text_screen_line(const char *text, bool highlight);
unsigned text_screen_rows(const char *text);
/* What a terminal would do: printable bytes, \n \r \b, ESC[K ESC[nC ESC[nD ESC[2J ESC[H; nothing else comes (console_filter). */
void text_screen_write(const char *text, size_t bytes);
void text_screen_begin_row(void);         /* another row, if something stands in this one */
void text_screen_set_cursor(bool is_on);
/* Draws what has changed; after about `effort` instructions it stops. True: everything is shown. */
bool text_screen_draw(unsigned effort);
#define TEXT_SCREEN_ALL ~0u

#endif
