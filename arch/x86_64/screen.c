/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/screen.c: the 80×25 screen, cell by cell: VGA text, or a framebuffer (framebuffer.c); kernel/log.c
 * scrolls. Any context; the caller orders writers. Without a screen nothing is drawn.
 */
#include "arch.h"

#include "framebuffer.h"
#include "io.h"
#include "x86.h"

#define COLUMNS         FRAMEBUFFER_COLUMNS
#define ROWS            FRAMEBUFFER_ROWS
#define TEXT_PHYS       0xb8000
#define COLOUR          0x0700u /* grey on black */
#define COLOUR_LIGHT    0x4f00u /* white on red */
#define COLOUR_REVERSED 0x7000u /* black on grey */
#define CRTC_INDEX      0x3d4
#define CRTC_DATA       0x3d5
#define CURSOR_START    0x0a
#define CURSOR_OFF      0x20
#define MISC_OUTPUT     0x3cc /* reading it back: 0xff without a VGA */
#define NO_DEVICE       0xff
#define PROBE_PATTERN   0x5aa5u

static volatile uint16_t *text __ro_after_init;
static void *framebuffer __ro_after_init;
static bool is_on __ro_after_init;

__init bool screen_is_there(void)
{
	volatile uint16_t *last = (volatile uint16_t *)(uintptr_t)TEXT_PHYS + COLUMNS * ROWS - 1;
	uint16_t before = *last;
	bool kept;

	/* A machine without VGA may have ordinary RAM there. */
	if (io_in8(MISC_OUTPUT) == NO_DEVICE)
		return false;
	*last = PROBE_PATTERN;
	kept = *last == PROBE_PATTERN;
	*last = (uint16_t)~PROBE_PATTERN;
	kept = kept && *last == (uint16_t)~PROBE_PATTERN;
	*last = before;
	return kept;
}

__init void screen_mapped(vaddr_t va, bool is_text)
{
	if (is_text)
		text = (volatile uint16_t *)(uintptr_t)va;
	else
		framebuffer = (void *)(uintptr_t)va;
}

static __init void text_start(void)
{
	for (unsigned i = 0; i < COLUMNS * ROWS; i++)
		text[i] = COLOUR | ' ';
	io_out8(CRTC_INDEX, CURSOR_START);
	io_out8(CRTC_DATA, CURSOR_OFF);
}

__init void arch_screen_enable(bool text_screen)
{
	(void)text_screen; /* arch_devices_find looked, the memory is mapped only if there is one */
	if (text)
		text_start();
	else if (framebuffer)
		framebuffer_start(framebuffer);
	is_on = text || framebuffer;
}

bool arch_screen_size(unsigned *columns, unsigned *rows)
{
	*columns = COLUMNS;
	*rows = ROWS;
	return is_on;
}

/* The cursor is a cell like others: the hardware's would blink, and a framebuffer has none. */
void arch_screen_put(unsigned column, unsigned row, char c, enum screen_style style)
{
	static const uint16_t colours[] = { COLOUR, COLOUR_LIGHT, COLOUR_REVERSED };

	if (!is_on || column >= COLUMNS || row >= ROWS)
		return;
	if (text)
		text[row * COLUMNS + column] = colours[style] | (uint8_t)c;
	else
		framebuffer_put(column, row, c, style);
}
