/* SPDX-License-Identifier: MIT */
/*
 * kernel/log.c: lines for people, on serial and on a text screen. Any context. Until log_lock_live is set
 * there is one CPU and no lock is taken (atomics may be missing); after log_break_lock nobody waits.
 * The screen's text is kept in ordinary memory, so that it can be drawn when the screen comes up late.
 */
#include <amber/log.h>

#include "arch.h"
#include <amber/lock.h>
#include <amber/options.h>
#include <amber/stretch.h>
#include <amber/string.h>

#define LINE_BYTES 2048 /* a complaint repeats a word of up to 1023 bytes */
#define COLUMNS    80
#define ROWS       25
#define US_PER_S   1000000

struct cell_row {
	char text[COLUMNS];
	bool highlight;
};

bool __ro_after_init log_lock_live;

static struct lock log_lock = LOCK_INIT("log");
static bool lock_is_broken;

/* Everything below is guarded by log_lock. */
static char line[LINE_BYTES];
/* True at first: the firmware or GRUB may have left something on the line. */
static bool line_is_started = true;
static bool is_serial_only;
static uint64_t spent_instructions;

static struct cell_row rows[ROWS]; /* a ring: the screen's top row is rows[top_row] */
static unsigned top_row;
static unsigned cursor_row; /* screen row of the next line */
static struct cell_row shown[ROWS]; /* what stands on the screen, 0 = nothing yet */

struct log_hold {
	uint64_t irq_state;
	bool has_lock;
};

static struct log_hold log_hold(void)
{
	if (log_lock_live && !lock_is_broken)
		return (struct log_hold){ .irq_state = lock_acquire(&log_lock), .has_lock = true };
	return (struct log_hold){ .irq_state = arch_irq_save() };
}

static void log_let_go(struct log_hold hold)
{
	/* The lock may have been broken since: the panic that did it never comes back here. */
	if (hold.has_lock)
		lock_release(&log_lock, hold.irq_state);
	else
		arch_irq_restore(hold.irq_state);
}

static void serial_write(const char *text, size_t bytes)
{
	if (bytes == 0)
		return;
	arch_uart_write(text, bytes);
	line_is_started = text[bytes - 1] != '\n';
}

static void serial_end_line(void)
{
	if (line_is_started)
		serial_write("\n", 1);
}

/* Takes the next row of the ring and empties it, scrolling by one row if the screen is full. */
static struct cell_row *screen_next_row(void)
{
	struct cell_row *row;

	if (cursor_row == ROWS)
		top_row = (top_row + 1) % ROWS;
	else
		cursor_row++;
	row = &rows[(top_row + cursor_row - 1) % ROWS];
	memset(row->text, ' ', COLUMNS);
	return row;
}

static void screen_append(const char *text, bool highlight)
{
	do {
		struct cell_row *row = screen_next_row();
		row->highlight = highlight;
		for (unsigned column = 0; column < COLUMNS && *text; column++) {
			char c = *text++;
			row->text[column] = c >= 0x20 && c <= 0x7e ? c : '?';
		}
	} while (*text);
}

/* Puts only the cells that differ from what is shown: a store to screen memory is slow. */
static void screen_draw(void)
{
	unsigned columns, row_count;

	if (!arch_screen_size(&columns, &row_count))
		return;
	for (unsigned r = 0; r < MIN(row_count, ROWS); r++) {
		const struct cell_row *row = &rows[(top_row + r) % ROWS];
		bool redraw = shown[r].highlight != row->highlight;
		for (unsigned c = 0; c < MIN(columns, COLUMNS); c++) {
			char text = r < cursor_row ? row->text[c] : ' ';
			if (redraw || shown[r].text[c] != text)
				arch_screen_put(c, r, text, row->highlight);
			shown[r].text[c] = text;
		}
		shown[r].highlight = row->highlight;
	}
}

/* One line, with its time, to screen and serial. A function of its own, whose labels exist once. */
static __single void put_line(enum log_level level, const char *area, const char *fmt, va_list args)
{
	uint64_t us;
	int length;

	LEFT_OUT_BEGIN("log_line");
	us = arch_time_us();
	length = format(line, sizeof(line), "[%llu.%06llu] %s: ", (unsigned long long)(us / US_PER_S),
	                (unsigned long long)(us % US_PER_S), area);
	length = MIN(length, LINE_BYTES - 1);
	length += format_args(line + length, sizeof(line) - (size_t)length, fmt, args);
	length = MIN(length, LINE_BYTES - 1);
	if (!is_serial_only) {
		screen_append(line, level == LOG_ERROR);
		screen_draw();
	}
	serial_end_line();
	line[length++] = '\n'; /* in place of the final 0 */
	serial_write(line, (size_t)length);
	LEFT_OUT_END("log_line");
}

static __single void put_raw(const char *text, size_t bytes)
{
	LEFT_OUT_BEGIN("log_raw");
	serial_end_line();
	serial_write(text, bytes);
	LEFT_OUT_END("log_raw");
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
	struct log_hold hold;
	uint64_t begin;
	va_list args;

	if ((unsigned)level > options.loglevel)
		return;
	hold = log_hold();
	begin = arch_instructions();
	va_start(args, fmt);
	put_line(level, area, fmt, args);
	va_end(args);
	spent_instructions += arch_instructions() - begin;
	log_let_go(hold);
}

void log_raw(const char *text, size_t bytes)
{
	struct log_hold hold = log_hold();
	uint64_t begin = arch_instructions();

	put_raw(text, bytes);
	spent_instructions += arch_instructions() - begin;
	log_let_go(hold);
}

uint64_t log_instructions(void)
{
	return spent_instructions;
}

void log_serial_only(bool on)
{
	is_serial_only = on;
}

void log_break_lock(void)
{
	lock_is_broken = true;
}
