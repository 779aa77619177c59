/* SPDX-License-Identifier: MIT */
/* line.h: the line that is being typed: line.c, and how it looks: view.c. Pure. */
#ifndef AMBER_CONSOLE_LINE_H
#define AMBER_CONSOLE_LINE_H

#include <amber/types.h>

#define LINE_CHARACTERS 255
#define PROMPT_MAX      80
#define HISTORY_LINES   32

struct line {
	unsigned length, cursor;
	char text[LINE_CHARACTERS];
};

struct editor {
	unsigned prompt_length;
	char prompt[PROMPT_MAX];
	struct line line;
	unsigned excess; /* characters typed beyond what it takes: the line won't be accepted */
	unsigned first;  /* the leftmost character that is shown; view.c */
	/* Lines before, the newest at history_next - 1. */
	struct line history[HISTORY_LINES];
	unsigned history_count, history_next;
	unsigned steps_back; /* which of them is shown: 0 = none of them */
	struct line unfinished; /* what stood there before the first step back */
};

/* What a key led to. Behind all but the first two the line is done with. */
enum line_event { LINE_GOES_ON, LINE_CLEAR_SCREEN, LINE_DONE, LINE_TOO_LONG, LINE_INTERRUPTED, LINE_COMPLETE };

/* Cut to what fits; bytes that are no printable characters count as dots. */
void line_begin(struct editor *editor, const char *prompt, unsigned prompt_length, const char *text, unsigned length, unsigned cursor);
enum line_event line_key(struct editor *editor, uint8_t key);

/* One row of a terminal, whose last column stays free: not all of them agree on what happens there. */
#define VIEW_COLUMNS 79
struct view {
	unsigned length, cursor; /* the cursor may stand behind the last character */
	char text[VIEW_COLUMNS];
};
#define VIEW_UPDATE_MAX 160
void view_make(struct editor *editor, struct view *view);
/* The bytes that turn what stands there into `now`: at the cursor of `before`, or a whole new line (NULL), where
 * has_rest says that something may stand already. Returns how many. */
unsigned view_update(const struct view *before, const struct view *now, bool has_rest, char *bytes);

#endif
