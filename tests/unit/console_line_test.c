/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/console_line_test.c: the console driver's line editor, and how the line looks: random keys, compared with a model that
 * knows neither rows nor buffers; the bytes that are sent go to a small terminal, which must show what the editor has.
 *
 * sources: user/program/console/line.c user/program/console/view.c
 * flags: -I user/program/console
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"
#include "line.h"

#define TERMINAL_COLUMNS 80

static struct editor editor;

static int begin(void **state)
{
	(void)state;
	memset(&editor, 0, sizeof(editor));
	line_begin(&editor, "amber> ", 7, "", 0, 0);
	return 0;
}

/* Keys as they are; returns what the last one led to. Those before it go on. */
static enum line_event type(const char *keys)
{
	enum line_event event = LINE_GOES_ON;

	for (; *keys; keys++) {
		assert_int_equal(event, LINE_GOES_ON);
		event = line_key(&editor, (uint8_t)*keys);
	}
	return event;
}

static void press(uint8_t key)
{
	assert_int_equal(line_key(&editor, key), LINE_GOES_ON);
}

static void expect(const char *text, unsigned cursor)
{
	assert_int_equal(editor.line.length, strlen(text));
	assert_memory_equal(editor.line.text, text, strlen(text));
	assert_int_equal(editor.line.cursor, cursor);
}

static void again(void)
{
	line_begin(&editor, "amber> ", 7, "", 0, 0);
}

static void enter(const char *text)
{
	assert_int_equal(type(text), LINE_GOES_ON);
	assert_int_equal(type("\n"), LINE_DONE);
	again();
}

static void test_insert_and_move(void **state)
{
	(void)state;
	assert_int_equal(type("helo"), LINE_GOES_ON);
	press(KEY_LEFT);
	type("l");
	expect("hello", 4);
	press(KEY_HOME);
	press(KEY_LEFT);
	type("X");
	expect("Xhello", 1);
	press(KEY_END);
	press(KEY_RIGHT);
	type("Y");
	expect("XhelloY", 7);
	type("\x01" "a\x05" "e\x02\x02" "b\x06" "f"); /* Ctrl-A, E, B, F */
	expect("aXhellobYfe", 10);
}

static void test_cut(void **state)
{
	(void)state;
	type("one two  three");
	type("\x17"); /* Ctrl-W */
	expect("one two  ", 9);
	type("\x17");
	expect("one ", 4);
	type("two\x02\x02\x0b"); /* Ctrl-K */
	expect("one t", 5);
	press(KEY_HOME);
	press(KEY_DELETE);
	type("\x04"); /* Ctrl-D */
	expect("e t", 0);
	press(KEY_END);
	press(KEY_DELETE);
	type("\x04");
	expect("e t", 3);
	type("\b\b\b\b\b");
	expect("", 0);
	type("\x17\x15\x0b\x04"); /* of nothing */
	expect("", 0);
	type("left right\x02\x02\x15"); /* Ctrl-U */
	expect("ht", 0);
}

static void test_keys_without_a_meaning(void **state)
{
	(void)state;
	type("ab");
	for (unsigned key = 0; key < 256; key++)
		if ((key < ' ' || key > '~') && !strchr("\x01\x02\x03\x04\x05\x06\b\t\n\x0b\x0c\x0e\x10\x15\x17", (int)key) &&
		    !(key >= KEY_DELETE && key <= KEY_END))
			press((uint8_t)key);
	press(KEY_NONE);
	expect("ab", 2);
}

static void test_events(void **state)
{
	(void)state;
	assert_int_equal(type("a\x03"), LINE_INTERRUPTED);
	again();
	expect("", 0);
	assert_int_equal(type("a\x0c"), LINE_CLEAR_SCREEN);
	expect("a", 1);
	assert_int_equal(type("\t"), LINE_COMPLETE);
	assert_int_equal(type("\n"), LINE_DONE);
	expect("a", 1);
}

/* 255 characters are a line; one more and it is none, however many. */
static void test_too_long(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINE_CHARACTERS; i++)
		type("x");
	assert_int_equal(type("\n"), LINE_DONE);
	again();
	for (unsigned i = 0; i < 100000; i++)
		type("x");
	assert_int_equal(type("\t"), LINE_GOES_ON);
	press(KEY_UP); /* not now */
	assert_int_equal(editor.line.length, LINE_CHARACTERS);
	assert_int_equal(type("\n"), LINE_TOO_LONG);
	again();
	for (unsigned i = 0; i < LINE_CHARACTERS + 2; i++)
		type("y");
	type("\b");
	assert_int_equal(type("\n"), LINE_TOO_LONG);
	again();
	for (unsigned i = 0; i < LINE_CHARACTERS + 2; i++)
		type("y");
	type("\b\b");
	assert_int_equal(type("\n"), LINE_DONE);
	again();
	for (unsigned i = 0; i < LINE_CHARACTERS + 2; i++)
		type("y");
	type("\x15");
	expect("", 0);
	enter("ok");
}

static void test_history(void **state)
{
	char text[16];

	(void)state;
	press(KEY_UP);
	press(KEY_DOWN);
	expect("", 0);
	enter("one");
	enter("two");
	enter("two");
	enter("");
	type("new");
	press(KEY_UP);
	expect("two", 3);
	type("\x10"); /* Ctrl-P */
	expect("one", 3);
	press(KEY_UP);
	expect("one", 3);
	type("\x0e"); /* Ctrl-N */
	expect("two", 3);
	press(KEY_DOWN);
	expect("new", 3);
	press(KEY_DOWN);
	expect("new", 3);
	press(KEY_UP);
	type("!");
	assert_int_equal(type("\n"), LINE_DONE);
	expect("two!", 4);
	again();
	press(KEY_UP);
	press(KEY_UP);
	expect("two", 3); /* a remembered line isn't changed by editing it */
	again();
	for (unsigned i = 0; i < 2 * HISTORY_LINES + 3; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		enter(text);
	}
	for (unsigned i = 0; i < HISTORY_LINES + 5; i++)
		press(KEY_UP);
	snprintf(text, sizeof(text), "line %u", 2 * HISTORY_LINES + 3 - HISTORY_LINES);
	expect(text, (unsigned)strlen(text));
}

static void test_begin_is_careful(void **state)
{
	char text[400];

	(void)state;
	memset(text, 'x', sizeof(text));
	line_begin(&editor, text, 400, text, 400, 1000);
	assert_int_equal(editor.prompt_length, PROMPT_MAX);
	assert_int_equal(editor.line.length, LINE_CHARACTERS);
	assert_int_equal(editor.line.cursor, LINE_CHARACTERS);
	line_begin(&editor, "\x1b>", 2, "a\nb", 3, 1);
	expect("a.b", 1);
	assert_memory_equal(editor.prompt, ".>", 2);
}

/* --- a terminal ------------------------------------------------------------------------------------------------------- */
static char row[TERMINAL_COLUMNS + 1];
static unsigned column;

static void terminal_obey(const char *bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		char c = bytes[i];
		unsigned number = 0;

		if (c == '\r') {
			column = 0;
		} else if (c == '\b') {
			assert_true(column > 0);
			column--;
		} else if (c == '\x1b') {
			assert_int_equal(bytes[++i], '[');
			for (i++; bytes[i] >= '0' && bytes[i] <= '9'; i++)
				number = number * 10 + (unsigned)(bytes[i] - '0');
			assert_true(i < count);
			if (bytes[i] == 'K') {
				memset(row + column, ' ', TERMINAL_COLUMNS - column);
			} else if (bytes[i] == 'C') {
				column += number;
			} else {
				assert_int_equal(bytes[i], 'D');
				assert_true(column >= number);
				column -= number;
			}
		} else {
			assert_true(c >= ' ' && c <= '~');
			assert_true(column < TERMINAL_COLUMNS - 1); /* never the last one: terminals differ there */
			row[column++] = c;
		}
		assert_true(column < TERMINAL_COLUMNS);
	}
}

static struct view shown;
static unsigned sent;

/* Draws it and looks at it: prompt, a part of the line around the cursor, nothing else. */
static void draw(bool is_anew)
{
	char bytes[VIEW_UPDATE_MAX];
	const struct line *line = &editor.line;
	unsigned prompt = editor.prompt_length < 40 ? editor.prompt_length : 40, count, at, width = VIEW_COLUMNS - prompt;
	struct view now;

	view_make(&editor, &now);
	count = view_update(is_anew ? NULL : &shown, &now, true, bytes);
	assert_true(count <= VIEW_UPDATE_MAX);
	sent = count;
	terminal_obey(bytes, count);
	shown = now;
	assert_memory_equal(row, editor.prompt, prompt);
	assert_int_equal(column, prompt + line->cursor - editor.first);
	at = editor.first;
	for (unsigned i = 0; i < width; i++, at++)
		assert_int_equal(row[prompt + i], at < line->length ? line->text[at] : ' ');
	assert_true(line->length > width || editor.first == 0);
}

static void test_few_bytes(void **state)
{
	(void)state;
	memset(row, ' ', TERMINAL_COLUMNS);
	draw(true);
	for (const char *c = "hello"; *c; c++) {
		line_key(&editor, (uint8_t)*c);
		draw(false);
		assert_int_equal(sent, 1);
	}
	press(KEY_LEFT);
	draw(false);
	assert_int_equal(sent, 1);
	press(KEY_HOME);
	draw(false);
	assert_int_equal(sent, 4);
	press(KEY_DELETE);
	draw(false);
	assert_int_equal(sent, 4 + 3 + 4);
	draw(false);
	assert_int_equal(sent, 0);
}

/* The model: an array and a position. */
static char model[LINE_CHARACTERS];
static unsigned model_length, model_cursor;

static void model_cut(unsigned start, unsigned end)
{
	memmove(model + start, model + end, model_length - end);
	model_length -= end - start;
	model_cursor = start;
}

static void model_key(uint8_t key)
{
	if (key >= ' ' && key <= '~' && model_length < LINE_CHARACTERS) {
		memmove(model + model_cursor + 1, model + model_cursor, model_length - model_cursor);
		model[model_cursor++] = (char)key;
		model_length++;
	} else if (key == KEY_LEFT && model_cursor) {
		model_cursor--;
	} else if (key == KEY_RIGHT && model_cursor < model_length) {
		model_cursor++;
	} else if (key == KEY_HOME) {
		model_cursor = 0;
	} else if (key == KEY_END) {
		model_cursor = model_length;
	} else if (key == KEY_BACKSPACE && model_cursor) {
		model_cut(model_cursor - 1, model_cursor);
	} else if (key == KEY_DELETE && model_cursor < model_length) {
		model_cut(model_cursor, model_cursor + 1);
	} else if (key == CONTROL('K')) {
		model_length = model_cursor;
	} else if (key == CONTROL('U')) {
		model_cut(0, model_cursor);
	}
}

static uint8_t random_key(unsigned round)
{
	static const uint8_t keys[] = { KEY_LEFT, KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END, KEY_BACKSPACE, KEY_DELETE, CONTROL('K'), CONTROL('U') };

	/* Some rounds fill the line, some only move about in it. */
	if (rand() % 100 < (round % 3 == 0 ? 90 : round % 3 == 1 ? 55 : 30))
		return (uint8_t)(' ' + rand() % 95);
	return rand() % 40 ? keys[rand() % 7] : keys[rand() % 9];
}

static void test_random(void **state)
{
	char prompt[PROMPT_MAX];

	(void)state;
	srand(3);
	memset(prompt, '#', sizeof(prompt));
	for (unsigned round = 0; round < 300; round++) {
		memset(row, ' ', TERMINAL_COLUMNS);
		column = model_length = model_cursor = 0;
		line_begin(&editor, prompt, (unsigned)rand() % (PROMPT_MAX + 1), "", 0, 0);
		draw(true);
		for (unsigned i = 0; i < 600; i++) {
			uint8_t key = random_key(round);

			if (model_length == LINE_CHARACTERS && key >= ' ' && key <= '~')
				continue;
			press(key);
			model_key(key);
			assert_int_equal(editor.line.length, model_length);
			assert_int_equal(editor.line.cursor, model_cursor);
			assert_memory_equal(editor.line.text, model, model_length);
			if (rand() % 3)
				draw(rand() % 50 == 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_insert_and_move, begin),
		cmocka_unit_test_setup(test_cut, begin),
		cmocka_unit_test_setup(test_keys_without_a_meaning, begin),
		cmocka_unit_test_setup(test_events, begin),
		cmocka_unit_test_setup(test_too_long, begin),
		cmocka_unit_test_setup(test_history, begin),
		cmocka_unit_test_setup(test_begin_is_careful, begin),
		cmocka_unit_test_setup(test_few_bytes, begin),
		cmocka_unit_test_setup(test_random, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
