/* SPDX-License-Identifier: MIT */
/*
 * user/program/console/output.c: what stands on terminal and screen. The kernel prints lines of its own at any time and ends the one
 * that stands; whoever then goes on with it hears ERR_BUSY and begins anew.
 */
#include "server.h"

#define WRITE_MAX 256 /* of console_write */
#define ATTEMPTS  3   /* then the kernel's next word brings it back: EVENT_LINES */

static struct view shown;
static bool stands;   /* `shown` is there, as far as anybody knows */
static bool has_rest; /* something like it may still be on one of the two */

void output_begin(void)
{
	(void)!sys_console_write(HANDLE_SYSTEM, "\r", 1, false);
}

void output_line(struct editor *editor)
{
	char bytes[VIEW_UPDATE_MAX];
	struct view now;

	view_make(editor, &now);
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		unsigned length = view_update(stands ? &shown : NULL, &now, has_rest, bytes);

		if (stands && !length)
			return;
		if (sys_console_write(HANDLE_SYSTEM, bytes, length, true) != ERR_BUSY) {
			shown = now;
			stands = true;
			has_rest = false;
			return;
		}
		stands = false;
		has_rest = true;
	}
}

void output_line_again(struct editor *editor)
{
	has_rest = stands;
	stands = false;
	output_line(editor);
}

void output_end_line(const char *mark)
{
	char bytes[WRITE_MAX];
	unsigned length = 0;

	bytes[length++] = '\r';
	for (const char *c = mark; *c; c++)
		bytes[length++] = *c;
	bytes[length++] = '\n';
	if (sys_console_write(HANDLE_SYSTEM, bytes + 1, length - 1, false) == ERR_BUSY) /* it has ended already: the mark, alone */
		(void)!sys_console_write(HANDLE_SYSTEM, bytes, *mark ? length : 1, false);
	stands = false;
}

void output_clear(struct editor *editor)
{
	static const char clear[] = "\r\x1b[2J\x1b[H";

	(void)!sys_console_write(HANDLE_SYSTEM, clear, sizeof(clear) - 1, true); /* else the line would begin in the second row */
	stands = false;
	output_line(editor);
}

void output_text(const char *text, uint64_t bytes, struct editor *editor)
{
	char part[WRITE_MAX];

	if (stands && !editor)
		output_end_line("");
	for (bool is_first = true; bytes; is_first = false) {
		uint64_t before = 0, length;

		if (is_first && stands) { /* in its place */
			memcpy(part, "\r\x1b[K", 4);
			before = 4;
			stands = false;
		}
		length = MIN(bytes, WRITE_MAX - before);
		memcpy(part + before, text, length);
		(void)!sys_console_write(HANDLE_SYSTEM, part, before + length, false);
		text += length;
		bytes -= length;
	}
	if (editor)
		output_line(editor);
}
