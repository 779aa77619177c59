/* SPDX-License-Identifier: MIT */
/*
 * kernel/text_screen.c: 80 × 25 cells in ordinary memory, and which of them the display shows already: it may come up late, and a
 * store to its memory is slow. A line end takes effect with what follows, so the last line stands in the last row.
 */
#include "text_screen.h"

#include "arch.h"
#include <amber/string.h>

#define COLUMNS 80
#define ROWS    25
#define ESC     '\x1b'
#define WORD_MAX 24 /* longer ones are cut at a row's end */

/* What drawing costs, roughly, in instructions. */
#define EFFORT_LOOK 6
#define EFFORT_PUT  600 /* a framebuffer's 16 rows of dots */

struct row {
	char text[COLUMNS]; /* 0: nothing was written yet */
	bool highlight;
	bool is_used;
};

struct shown {
	char text; /* 0: not drawn yet */
	uint8_t style;
};

static struct row rows[ROWS]; /* a ring: the screen's top row is rows[top] */
static unsigned top, cursor_row, cursor_column; /* a column of COLUMNS: the next byte begins a row */
static bool line_end_is_due, cursor_is_on;

static struct shown shown[ROWS][COLUMNS];
static uint32_t changed = (1u << ROWS) - 1; /* rows that may differ from what is shown */

static struct row *current(void)
{
	return &rows[(top + cursor_row) % ROWS];
}

static void mark(void)
{
	changed |= 1u << cursor_row;
}

static void next_row(void)
{
	mark(); /* the cursor leaves it */
	if (cursor_row < ROWS - 1) {
		cursor_row++;
	} else {
		top = (top + 1) % ROWS;
		changed = (1u << ROWS) - 1;
	}
	cursor_column = 0;
	memset(current(), 0, sizeof(struct row));
	mark();
}

static void end_line(void)
{
	if (line_end_is_due) {
		line_end_is_due = false;
		next_row();
	}
}

static void put(char c)
{
	struct row *row;

	if (cursor_column == COLUMNS)
		next_row();
	row = current();
	row->text[cursor_column++] = c;
	row->is_used = true;
	mark();
}

void text_screen_begin_row(void)
{
	end_line();
	if (current()->is_used)
		next_row();
	cursor_column = 0;
	mark();
}

/* How much of it goes into one row: words stay whole if they aren't long. */
static unsigned row_of(const char *text)
{
	unsigned length = (unsigned)strnlen(text, COLUMNS + 1);

	if (length <= COLUMNS || text[COLUMNS] == ' ')
		return MIN(length, (unsigned)COLUMNS);
	for (length = COLUMNS; length > COLUMNS - WORD_MAX; length--)
		if (text[length - 1] == ' ')
			return length;
	return COLUMNS;
}

/* The next row's first character: a blank at a row's end is left out. */
static const char *behind(const char *text, unsigned length)
{
	return text + length + (length == COLUMNS && text[length] == ' ');
}

unsigned text_screen_rows(const char *text)
{
	unsigned count = 0;

	do {
		text = behind(text, row_of(text));
		count++;
	} while (*text);
	return count;
}

void text_screen_line(const char *text, bool highlight)
{
	text_screen_begin_row();
	for (bool is_first = true; is_first || *text; is_first = false) {
		unsigned length = row_of(text);

		if (!is_first)
			next_row();
		current()->highlight = highlight;
		for (unsigned i = 0; i < length; i++)
			put(text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?');
		text = behind(text, length);
	}
	line_end_is_due = true;
}

static void clear_all(void)
{
	memset(rows, 0, sizeof(rows));
	changed = (1u << ROWS) - 1;
}

/* ESC [ number letter; the number may be missing. Returns how many bytes it has. */
static size_t obey(const char *text, size_t bytes)
{
	unsigned number = 0;
	size_t at = 2;

	for (; at < bytes && text[at] >= '0' && text[at] <= '9'; at++)
		number = MIN(number * 10 + (unsigned)(text[at] - '0'), (unsigned)COLUMNS);
	if (at >= bytes)
		return bytes;
	if (text[at] == 'K') {
		memset(current()->text + cursor_column, 0, COLUMNS - cursor_column);
		current()->is_used = cursor_column;
	} else if (text[at] == 'C') {
		cursor_column = MIN(cursor_column + number, (unsigned)COLUMNS - 1);
	} else if (text[at] == 'D') {
		cursor_column -= MIN(number, cursor_column);
	} else if (text[at] == 'J') {
		clear_all();
	} else if (text[at] == 'H') {
		mark(); /* the cursor leaves it */
		cursor_row = cursor_column = 0;
	}
	mark();
	return at + 1;
}

void text_screen_write(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		end_line();
		if (text[i] == '\n')
			line_end_is_due = true;
		else if (text[i] == '\r')
			cursor_column = 0;
		else if (text[i] == '\b')
			cursor_column -= cursor_column ? 1 : 0;
		else if (text[i] == ESC)
			i += obey(text + i, bytes - i) - 1;
		else
			put(text[i]);
		mark();
	}
}

void text_screen_set_cursor(bool is_on)
{
	cursor_is_on = is_on;
	mark();
}

static struct shown wanted(unsigned r, unsigned c)
{
	const struct row *row = &rows[(top + r) % ROWS];
	bool has_cursor = cursor_is_on && !line_end_is_due && r == cursor_row && c == MIN(cursor_column, (unsigned)COLUMNS - 1);

	return (struct shown){ row->text[c] ? row->text[c] : ' ',
	                       has_cursor ? SCREEN_REVERSED : row->highlight ? SCREEN_HIGHLIGHT : SCREEN_ORDINARY };
}

/* False: too much effort; what was drawn isn't drawn again. */
static bool draw_row(unsigned r, unsigned columns, unsigned *effort)
{
	for (unsigned c = 0; c < columns; c++) {
		struct shown cell = wanted(r, c), *now = &shown[r][c];
		bool is_same = now->text == cell.text && now->style == cell.style;
		unsigned cost = is_same ? EFFORT_LOOK : EFFORT_PUT;

		if (*effort < cost)
			return false;
		*effort -= cost;
		if (!is_same)
			arch_screen_put(c, r, cell.text, (enum screen_style)cell.style);
		*now = cell;
	}
	return true;
}

bool text_screen_draw(unsigned effort)
{
	unsigned columns, row_count;

	if (!arch_screen_size(&columns, &row_count))
		return true;
	for (unsigned r = 0; r < MIN(row_count, (unsigned)ROWS); r++) {
		if (!(changed & 1u << r))
			continue;
		if (!draw_row(r, MIN(columns, (unsigned)COLUMNS), &effort))
			return false;
		changed &= ~(1u << r);
	}
	return true;
}
