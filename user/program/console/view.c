/* SPDX-License-Identifier: MIT */
/*
 * user/program/console/view.c: how the line looks in one row of a terminal: a long one is shown in part, around the cursor; and the
 * few bytes that bring a terminal from one look to the next. Pure.
 */
#include "line.h"

#include <amber/string.h>

#define PROMPT_SHOWN 40 /* there must be room for the line */
#define FEW          4  /* so many steps are shorter than a sequence */

static char *put_text(char *to, const char *text, unsigned length)
{
	memcpy(to, text, length);
	return to + length;
}

void view_make(struct editor *editor, struct view *view)
{
	const struct line *line = &editor->line;
	unsigned prompt = MIN(editor->prompt_length, (unsigned)PROMPT_SHOWN), width = VIEW_COLUMNS - prompt;

	/* It moves by half a row, so that not every key draws everything. */
	if (line->length <= width)
		editor->first = 0;
	else if (line->cursor < editor->first || line->cursor > editor->first + width)
		editor->first = line->cursor > width / 2 ? line->cursor - width / 2 : 0;
	memcpy(view->text, editor->prompt, prompt);
	view->length = prompt + MIN(width, line->length - MIN(editor->first, line->length));
	view->cursor = prompt + line->cursor - editor->first;
	memcpy(view->text + prompt, line->text + editor->first, view->length - prompt);
}

static char *put_sequence(char *to, unsigned number, char letter)
{
	*to++ = '\x1b';
	*to++ = '[';
	if (number >= 10)
		*to++ = (char)('0' + number / 10);
	*to++ = (char)('0' + number % 10);
	*to++ = letter;
	return to;
}

/* The cursor, from one column to another; what stands in between is known. */
static char *put_move(char *to, const struct view *view, unsigned from, unsigned until)
{
	if (until > from && until - from <= FEW)
		return put_text(to, view->text + from, until - from);
	if (until > from)
		return put_sequence(to, until - from, 'C');
	if (from - until > FEW)
		return put_sequence(to, from - until, 'D');
	for (; from > until; from--)
		*to++ = '\b';
	return to;
}

unsigned view_update(const struct view *before, const struct view *now, bool has_rest, char *bytes)
{
	unsigned same = 0, column = before ? before->cursor : 0;
	char *to = bytes;

	if (!before)
		*to++ = '\r';
	while (before && same < before->length && same < now->length && before->text[same] == now->text[same])
		same++;
	if (!before || same < before->length || same < now->length) {
		to = put_move(to, now, column, same);
		to = put_text(to, now->text + same, now->length - same);
		column = now->length;
		if (before ? now->length < before->length : has_rest)
			to = put_text(to, "\x1b[K", 3);
	}
	to = put_move(to, now, column, now->cursor);
	return (unsigned)(to - bytes);
}
