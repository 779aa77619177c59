/* SPDX-License-Identifier: MIT */
/* user/program/console/line.c: a line editor without a screen: keys change the line, and some of them end it. Pure. */
#include "line.h"

#include <amber/string.h>

#include "keys.h"

static bool is_printable(uint8_t key)
{
	return key >= ' ' && key <= '~';
}

static void copy(char *to, const char *from, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		to[i] = is_printable((uint8_t)from[i]) ? from[i] : '.';
}

void line_begin(struct editor *editor, const char *prompt, unsigned prompt_length, const char *text, unsigned length, unsigned cursor)
{
	editor->prompt_length = MIN(prompt_length, (unsigned)PROMPT_MAX);
	copy(editor->prompt, prompt, editor->prompt_length);
	editor->line.length = MIN(length, (unsigned)LINE_CHARACTERS);
	copy(editor->line.text, text, editor->line.length);
	editor->line.cursor = MIN(cursor, editor->line.length);
	editor->excess = editor->first = editor->steps_back = 0;
}

static void insert(struct editor *editor, char c)
{
	struct line *line = &editor->line;

	if (line->length == LINE_CHARACTERS || editor->excess) {
		editor->excess += editor->excess < ~0u;
		return;
	}
	memmove(line->text + line->cursor + 1, line->text + line->cursor, line->length - line->cursor);
	line->text[line->cursor++] = c;
	line->length++;
}

/* The characters from `start` to `end`. */
static void cut(struct editor *editor, unsigned start, unsigned end)
{
	struct line *line = &editor->line;

	memmove(line->text + start, line->text + end, line->length - end);
	line->length -= end - start;
	line->cursor = start;
	if (end > start)
		editor->excess = 0;
}

static void backspace(struct editor *editor)
{
	if (editor->excess)
		editor->excess--;
	else if (editor->line.cursor)
		cut(editor, editor->line.cursor - 1, editor->line.cursor);
}

static void cut_word(struct editor *editor)
{
	unsigned start = editor->line.cursor;

	while (start && editor->line.text[start - 1] == ' ')
		start--;
	while (start && editor->line.text[start - 1] != ' ')
		start--;
	cut(editor, start, editor->line.cursor);
}

static const struct line *remembered(const struct editor *editor, unsigned steps_back)
{
	return &editor->history[(editor->history_next + HISTORY_LINES - steps_back) % HISTORY_LINES];
}

static void step_to(struct editor *editor, unsigned steps_back)
{
	if (steps_back > editor->history_count || editor->excess)
		return;
	if (!editor->steps_back)
		editor->unfinished = editor->line;
	editor->steps_back = steps_back;
	editor->line = steps_back ? *remembered(editor, steps_back) : editor->unfinished;
	editor->line.cursor = editor->line.length;
}

/* Not twice in a row, and no empty line. */
static void remember(struct editor *editor)
{
	const struct line *last = remembered(editor, 1);

	if (!editor->line.length)
		return;
	if (editor->history_count && last->length == editor->line.length && !memcmp(last->text, editor->line.text, last->length))
		return;
	editor->history[editor->history_next] = editor->line;
	editor->history_next = (editor->history_next + 1) % HISTORY_LINES;
	editor->history_count = MIN(editor->history_count + 1, (unsigned)HISTORY_LINES);
}

static void edit(struct editor *editor, uint8_t key)
{
	struct line *line = &editor->line;

	switch (key) {
	case KEY_BACKSPACE:
		backspace(editor);
		break;
	case KEY_DELETE:
	case CONTROL('D'):
		cut(editor, line->cursor, MIN(line->cursor + 1, line->length));
		break;
	case CONTROL('K'):
		cut(editor, line->cursor, line->length);
		break;
	case CONTROL('U'):
		cut(editor, 0, line->cursor);
		break;
	case CONTROL('W'):
		cut_word(editor);
		break;
	default:
		if (is_printable(key))
			insert(editor, (char)key);
	}
}

/* True: it was such a key. */
static bool move(struct editor *editor, uint8_t key)
{
	struct line *line = &editor->line;

	if (key == KEY_LEFT || key == CONTROL('B'))
		line->cursor -= line->cursor > 0;
	else if (key == KEY_RIGHT || key == CONTROL('F'))
		line->cursor += line->cursor < line->length;
	else if (key == KEY_HOME || key == CONTROL('A'))
		line->cursor = 0;
	else if (key == KEY_END || key == CONTROL('E'))
		line->cursor = line->length;
	else if (key == KEY_UP || key == CONTROL('P'))
		step_to(editor, editor->steps_back + 1);
	else if (key == KEY_DOWN || key == CONTROL('N')) {
		if (editor->steps_back)
			step_to(editor, editor->steps_back - 1);
	} else
		return false;
	return true;
}

enum line_event line_key(struct editor *editor, uint8_t key)
{
	switch (key) {
	case KEY_ENTER:
		if (editor->excess)
			return LINE_TOO_LONG;
		remember(editor);
		return LINE_DONE;
	case KEY_TAB:
		return editor->excess ? LINE_GOES_ON : LINE_COMPLETE;
	case CONTROL('C'):
		return LINE_INTERRUPTED;
	case CONTROL('L'):
		return LINE_CLEAR_SCREEN;
	default:
		if (!move(editor, key))
			edit(editor, key);
		return LINE_GOES_ON;
	}
}
