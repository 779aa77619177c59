/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/text_screen_test.c: the text screen: kernel lines and a console's text, compared with what a terminal would show; drawing
 * in steps; and which bytes a console driver may send at all.
 *
 * sources: tests/unit/fake_arch/fake_arch.c kernel/text_screen.c kernel/console_filter.c
 * flags: -I tests/unit/fake_arch -I arch/x86_64
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console.h"
#include "fake_arch.h"
#include "text_screen.h"

#define COLUMNS 80
#define ROWS    25

static void write_text(const char *text)
{
	text_screen_write(text, strlen(text));
}

static void draw(void)
{
	assert_true(text_screen_draw(TEXT_SCREEN_ALL));
}

static void expect_row(unsigned row, const char *text)
{
	char padded[COLUMNS + 1];

	draw();
	snprintf(padded, sizeof(padded), "%-80s", text);
	assert_string_equal(fake_screen[row], padded);
}

static void expect_cursor(unsigned column, unsigned row)
{
	text_screen_set_cursor(false);
	draw();
	text_screen_set_cursor(true);
	fake_cursor_column = fake_cursor_row = 999;
	fake_puts = 0;
	draw();
	assert_int_equal(fake_cursor_column, column);
	assert_int_equal(fake_cursor_row, row);
	assert_int_equal(fake_puts, 1);
	text_screen_set_cursor(false);
	draw();
}

static int begin(void **state)
{
	(void)state;
	fake_columns = COLUMNS;
	fake_rows = ROWS;
	write_text("\x1b[2J\x1b[H");
	text_screen_set_cursor(false);
	draw();
	return 0;
}

static void test_a_line_editors_bytes(void **state)
{
	(void)state;
	write_text("amber> abc");
	expect_row(0, "amber> abc");
	expect_cursor(10, 0);
	write_text("\b\b\x1b[K");
	expect_row(0, "amber> a");
	expect_cursor(8, 0);
	write_text("\rx\x1b[3Cy\x1b[2Dz\x1b[99C");
	expect_row(0, "xmbzy> a");
	expect_cursor(79, 0);
	write_text("\x1b[99D\b");
	expect_cursor(0, 0);
	write_text("\x1b[K");
	expect_row(0, "");
	write_text("one\n");
	fake_cursor_row = 999;
	text_screen_set_cursor(true);
	draw();
	assert_int_equal(fake_cursor_row, 999); /* a line has ended, none stands */
	text_screen_set_cursor(false);
	write_text("\n\ntwo");
	expect_row(0, "one");
	expect_row(3, "two");
	expect_cursor(3, 3);
	write_text("\x1b[2J\x1b[Htop");
	expect_row(0, "top");
	expect_row(3, "");
}

static void test_lines_and_a_line_that_stands(void **state)
{
	(void)state;
	write_text("amber> ty");
	text_screen_line("[0.1] a: one", false);
	text_screen_line("[0.1] a: two", true);
	text_screen_begin_row();
	write_text("amber> ty");
	expect_row(0, "amber> ty");
	expect_row(1, "[0.1] a: one");
	expect_row(2, "[0.1] a: two");
	expect_row(3, "amber> ty");
	assert_true(fake_highlight[2] && !fake_highlight[1] && !fake_highlight[3]);
	expect_cursor(9, 3);
	write_text("\r\x1b[Kclient\n"); /* in its place, and the line below it again */
	text_screen_begin_row();
	write_text("amber> ty");
	expect_row(3, "client");
	expect_row(4, "amber> ty");
}

static void test_scrolling(void **state)
{
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 3 * ROWS; i++) {
		snprintf(text, sizeof(text), "%u\n", i);
		write_text(text);
	}
	for (unsigned row = 0; row < ROWS; row++) {
		snprintf(text, sizeof(text), "%u", 2 * ROWS + row);
		expect_row(row, text);
	}
	text_screen_line("last", true);
	expect_row(ROWS - 1, "last");
	assert_true(fake_highlight[ROWS - 1] && !fake_highlight[ROWS - 2]);
	write_text("prompt");
	expect_row(ROWS - 2, "last");
	assert_true(!fake_highlight[ROWS - 1] && fake_highlight[ROWS - 2]);
	expect_cursor(6, ROWS - 1);
}

static void test_long_rows(void **state)
{
	char text[COLUMNS + 3];

	(void)state;
	memset(text, 'x', sizeof(text));
	text_screen_write(text, COLUMNS);
	expect_cursor(COLUMNS - 1, 0);
	write_text("y");
	expect_row(1, "y");
	expect_cursor(1, 1);
	text[COLUMNS + 2] = '\0';
	text_screen_line(text, true);
	expect_row(3, "xx");
	assert_true(fake_highlight[2] && fake_highlight[3]);
}

/* `text` as a line: these rows. */
static void expect_wrapped(const char *text, const char *first, const char *second)
{
	write_text("\x1b[2J\x1b[H");
	text_screen_line(text, false);
	expect_row(0, first);
	expect_row(1, second);
	assert_int_equal(text_screen_rows(text), second[0] ? 2 : 1);
}

/* Kernel lines: words stay whole, unless they are longer than 24. */
static void test_words_stay_whole(void **state)
{
	char text[COLUMNS + 40], whole[COLUMNS + 1];

	(void)state;
	expect_wrapped("", "", "");
	memset(text, 'x', sizeof(text));
	text[COLUMNS] = '\0';
	strcpy(whole, text);
	expect_wrapped(text, whole, "");
	strcpy(text + COLUMNS, " y");
	expect_wrapped(text, whole, "y");
	strcpy(text + COLUMNS - 1, " yz");
	whole[COLUMNS - 1] = '\0';
	expect_wrapped(text, whole, "yz");
	text[COLUMNS - 1] = 'x';
	text[COLUMNS - 24] = ' ';
	whole[COLUMNS - 24] = '\0';
	expect_wrapped(text, whole, "xxxxxxxxxxxxxxxxxxxxxxxyz");
	text[COLUMNS - 24] = 'x';
	text[COLUMNS - 25] = ' ';
	memcpy(whole, text, COLUMNS);
	expect_wrapped(text, whole, "yz");
}

/* A little at a time: each step draws some, in the end all is there, and nothing is drawn twice. */
static void test_drawing_in_steps(void **state)
{
	unsigned steps = 0, puts = 0, most = 0;

	(void)state;
	for (unsigned i = 0; i < ROWS; i++)
		write_text("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n");
	for (;;) {
		bool is_all;

		fake_puts = 0;
		is_all = text_screen_draw(6000);
		puts += fake_puts;
		most = fake_puts > most ? fake_puts : most;
		steps++;
		if (is_all)
			break;
		assert_true(fake_puts > 0);
	}
	assert_int_equal(puts, ROWS * 78);
	assert_true(most <= 10 && steps >= ROWS * 78 / 10);
	fake_puts = 0;
	draw();
	assert_int_equal(fake_puts, 0);
}

/* A screen that comes up late shows what was written before. */
static void test_late(void **state)
{
	(void)state;
	fake_columns = fake_rows = 0;
	write_text("early");
	assert_true(text_screen_draw(0));
	fake_columns = COLUMNS;
	fake_rows = ROWS;
	expect_row(0, "early");
}

/* Whatever a console may send (and it may send anything): nothing breaks, and all that is drawn can be seen. */
static void test_random(void **state)
{
	static const char common[] = "\x1b\x1b\x1b[[[KCDJH2\n\r\b0123456789ab ";
	bool has_begun = false;
	char text[256];

	(void)state;
	srand(4);
	for (unsigned round = 0; round < 20000; round++) {
		size_t bytes = (size_t)rand() % sizeof(text);

		for (size_t i = 0; i < bytes; i++)
			text[i] = rand() % 4 ? common[(size_t)rand() % (sizeof(common) - 1)] : (char)rand();
		console_filter(text, bytes, &has_begun);
		text_screen_write(text, bytes);
		if (rand() % 8 == 0)
			text_screen_line("a line", rand() % 2);
		if (rand() % 8 == 0)
			text_screen_begin_row();
		text_screen_set_cursor(rand() % 2);
		if (rand() % 2)
			(void)text_screen_draw((unsigned)rand() % 10000);
	}
	draw();
	for (unsigned row = 0; row < ROWS; row++)
		for (unsigned column = 0; column < COLUMNS; column++)
			assert_true(fake_screen[row][column] >= ' ' && fake_screen[row][column] <= '~');
}

static void filter(const char *text, size_t bytes, const char *wanted)
{
	bool has_begun = false;
	char copy[64];

	memcpy(copy, text, bytes);
	console_filter(copy, bytes, &has_begun);
	assert_memory_equal(copy, wanted, bytes);
}
#define FILTER(text, wanted) filter(text, sizeof(text) - 1, wanted)

static void test_filter(void **state)
{
	(void)state;
	FILTER("abc \n\r\b~", "abc \n\r\b~");
	FILTER("\x1b[K\x1b[H\x1b[2J\x1b[5C\x1b[79D\x1b[100C", "\x1b[K\x1b[H\x1b[2J\x1b[5C\x1b[79D\x1b[100C");
	FILTER("\x1b[1000C\x1b[C\x1b[D\x1b[3J\x1b[2K\x1b[J\x1b[2;3H", ".[1000C.[C.[D.[3J.[2K.[J.[2;3H");
	FILTER("\x1b[31m\x1b]0;title\x07\x1b" "c\x1b\x1b[K", ".[31m.]0;title..c.\x1b[K");
	FILTER("\x1b[", ".[");
	FILTER("\x1b[2", ".[2");
	FILTER("\x1b", ".");
	FILTER("\x1b[77", ".[77");
	FILTER("@amber\n@\r@@\b@\n\x1b[K\b@ @\nx@", ".amber\n.\r.@\b@\n\x1b[K\b. @\nx@");
	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c;
		bool passes = (c >= ' ' && c <= '~' && c != '@') || c == '\n' || c == '\r' || c == '\b';

		filter(&byte, 1, passes ? &byte : ".");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_line_editors_bytes, begin),
		cmocka_unit_test_setup(test_lines_and_a_line_that_stands, begin),
		cmocka_unit_test_setup(test_scrolling, begin),
		cmocka_unit_test_setup(test_long_rows, begin),
		cmocka_unit_test_setup(test_words_stay_whole, begin),
		cmocka_unit_test_setup(test_drawing_in_steps, begin),
		cmocka_unit_test_setup(test_late, begin),
		cmocka_unit_test_setup(test_random, begin),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
