/* SPDX-License-Identifier: MIT */
/* user/program/console/sane.c: state_is_sane: a driver that died may have left anything, also because it had gone mad before. Pure. */
#include "state.h"

static bool text_is_sane(const char *text, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

static bool line_is_sane(const struct line *line)
{
	return line->length <= LINE_CHARACTERS && line->cursor <= line->length && text_is_sane(line->text, line->length);
}

static bool history_is_sane(const struct editor *editor)
{
	if (editor->history_count > HISTORY_LINES || editor->history_next >= HISTORY_LINES || editor->steps_back > editor->history_count)
		return false;
	for (unsigned i = 0; i < HISTORY_LINES; i++)
		if (!line_is_sane(&editor->history[i]))
			return false;
	return editor->history_count == HISTORY_LINES || editor->history_next == editor->history_count;
}

static bool editor_is_sane(const struct editor *editor)
{
	return editor->prompt_length <= PROMPT_MAX && text_is_sane(editor->prompt, editor->prompt_length) && line_is_sane(&editor->line) &&
	       (!editor->excess || editor->line.length == LINE_CHARACTERS) && editor->first <= LINE_CHARACTERS &&
	       line_is_sane(&editor->unfinished) && history_is_sane(editor);
}

static bool is_flag(const bool *flag)
{
	return *(const uint8_t *)flag <= 1;
}

/* Flags, but for the number in the second byte. */
static bool keyboard_is_sane(const struct keyboard_input *keyboard)
{
	const uint8_t *bytes = (const uint8_t *)keyboard;

	for (unsigned i = 0; i < sizeof(*keyboard); i++)
		if (bytes[i] > (bytes + i == &keyboard->skip ? PAUSE_BYTES : 1))
			return false;
	return true;
}

/* Any keys will do in the queue (line_key), and any numbers in the terminal's input (keys.c) and in the badge. */
bool state_is_sane(const struct state *state)
{
	return editor_is_sane(&state->editor) && state->queue.first < QUEUE_KEYS && state->queue.count <= QUEUE_KEYS &&
	       is_flag(&state->terminal.has_number) && is_flag(&state->terminal.has_returned) && keyboard_is_sane(&state->keyboard) &&
	       is_flag(&state->is_reading) && is_flag(&state->is_completing) && is_flag(&state->is_cut) && is_flag(&state->is_owed) &&
	       is_flag(&state->is_dropping) && is_flag(&state->is_busy);
}
