/* SPDX-License-Identifier: MIT */
/* framebuffer.h: text on a linear framebuffer; arch/x86_64/framebuffer.c, also compiled on the host. */
#ifndef AMBER_X86_FRAMEBUFFER_H
#define AMBER_X86_FRAMEBUFFER_H

#include "arch.h"
#include <amber/boot_info.h>
#include <amber/types.h>

#define FRAMEBUFFER_COLUMNS 80
#define FRAMEBUFFER_ROWS    25
#define GLYPH_COLUMNS       8
#define GLYPH_ROWS          16
#define GLYPH_COUNT         95 /* 0x20 to 0x7e */

/* font.S: one byte for each row of dots, the leftmost in the highest bit. */
extern const uint8_t screen_font[GLYPH_COUNT][GLYPH_ROWS];

/* Takes over the description (checked when it was read); nothing is drawn yet. */
void framebuffer_learn(const struct boot_framebuffer *found);
/* The framebuffer is mapped there: from now on it is on. Makes the whole of it black. */
void framebuffer_start(void *mapped);
bool framebuffer_is_on(void);
/* Draws one character; what lies outside the screen or has no glyph is left out. */
void framebuffer_put(unsigned column, unsigned row, char c, enum screen_style style);

#endif
