/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/console_keys_test.c: what the console driver makes of a terminal's bytes and of a keyboard's scan codes.
 *
 * sources: user/program/console/keys.c user/program/console/keyboard.c
 * flags: -I user/program/console
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"

static struct terminal_input terminal;
static struct keyboard_input keyboard;

static int begin(void **state)
{
	(void)state;
	memset(&terminal, 0, sizeof(terminal));
	memset(&keyboard, 0, sizeof(keyboard));
	return 0;
}

/* The bytes become exactly these keys, and then an x is an x: nothing is left under way. */
#define TERMINAL(bytes, ...) expect_terminal(bytes, sizeof(bytes) - 1, (const uint8_t[]){ __VA_ARGS__ __VA_OPT__(,) 0 })
static void expect_terminal(const char *bytes, size_t count, const uint8_t *keys)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t key = key_from_terminal(&terminal, (uint8_t)bytes[i]);

		if (key)
			assert_int_equal(key, *keys++);
	}
	assert_int_equal(*keys, 0);
	assert_int_equal(key_from_terminal(&terminal, 'x'), 'x');
}

static void test_plain_bytes(void **state)
{
	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t wanted = byte == 0x7f ? KEY_BACKSPACE : byte == '\r' ? KEY_ENTER : byte == 0x1b || byte >= 0x80 ? 0 : (uint8_t)byte;

		begin(NULL);
		assert_int_equal(key_from_terminal(&terminal, (uint8_t)byte), wanted);
	}
}

static void test_line_ends(void **state)
{
	(void)state;
	TERMINAL("a\rb\nc\r\nd", 'a', KEY_ENTER, 'b', KEY_ENTER, 'c', KEY_ENTER, 'd');
	TERMINAL("\r\r\n\n\n\r", KEY_ENTER, KEY_ENTER, KEY_ENTER, KEY_ENTER, KEY_ENTER);
	TERMINAL("\r\x1b[A\n", KEY_ENTER, KEY_UP, KEY_ENTER);
}

static void test_sequences(void **state)
{
	(void)state;
	TERMINAL("\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END);
	TERMINAL("\x1bOA\x1bOB\x1bOC\x1bOD\x1bOH\x1bOF", KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END);
	TERMINAL("\x1b[1~\x1b[3~\x1b[4~\x1b[7~\x1b[8~", KEY_HOME, KEY_DELETE, KEY_END, KEY_HOME, KEY_END);
	TERMINAL("\x1b[1;5C\x1b[3;2~", KEY_RIGHT, KEY_DELETE);
	TERMINAL("\x1b\x1b[A", KEY_UP);
}

/* What nobody knows is swallowed to its end; a control character ends it and counts. */
static void test_unknown_sequences(void **state)
{
	(void)state;
	TERMINAL("\x1b[2~\x1b[5~\x1b[6~\x1b[15~\x1b[24~\x1b[33~\x1b[103~\x1b[~\x1b[200~");
	TERMINAL("\x1b[?25l\x1b[38;5;1m\x1b[0;10;1R\x1bP\x1bz\x1b" "7\x1bOP\x1b[1;3;3~", KEY_HOME);
	TERMINAL("\x1b[12\ra", KEY_ENTER, 'a');
	TERMINAL("\x1b\x03\x1bO\x03", 3, 3);
	TERMINAL("\x1b[\xff" "ab", 'a', 'b');
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(key_from_terminal(&terminal, i ? i == 1 ? 0x5b : "0123456789;:<=>? !/"[i % 19] : 0x1b), 0);
}

/* Whatever comes: only keys that there are; an ESC, a letter and a Return lead back to a plain state. */
static void test_random_bytes(void **state)
{
	(void)state;
	srand(1);
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t key = key_from_terminal(&terminal, (uint8_t)(rand() % 3 ? rand() : "\x1b[O\r"[rand() % 4]));

		assert_true(key <= KEY_END && key != 0x1b && key != 0x7f);
		if (i % 100 == 0) {
			(void)key_from_terminal(&terminal, '\r');
			assert_int_equal(key_from_terminal(&terminal, 'x'), 'x');
		}
	}
}

/* --- the keyboard -------------------------------------------------------------------------------------------------- */
#define KEYBOARD(codes, ...) expect_keyboard(codes, sizeof(codes) - 1, (const uint8_t[]){ __VA_ARGS__ __VA_OPT__(,) 0 })
static void expect_keyboard(const char *codes, size_t count, const uint8_t *keys)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t key = key_from_keyboard(&keyboard, (uint8_t)codes[i]);

		if (key)
			assert_int_equal(key, *keys++);
	}
	assert_int_equal(*keys, 0);
}

/* As it stands on a US keyboard, key by key. */
static const struct {
	uint8_t first;
	const char *plain, *shifted;
} rows[] = {
	{ 0x02, "1234567890-=", "!@#$%^&*()_+" }, { 0x10, "qwertyuiop[]", "QWERTYUIOP{}" }, { 0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
	{ 0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?" }, { 0x39, " ", " " }, { 0x0f, "\t", "\t" }, { 0x0e, "\b", "\b" }, { 0x1c, "\n", "\n" },
};

static void test_characters(void **state)
{
	(void)state;
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		for (unsigned i = 0; rows[r].plain[i]; i++) {
			uint8_t code = (uint8_t)(rows[r].first + i);
			char c = rows[r].plain[i];
			bool is_letter = c >= 'a' && c <= 'z';

			KEYBOARD(((char[]){ (char)code, (char)(code | 0x80), 0 }), (uint8_t)c);
			KEYBOARD(((char[]){ 0x2a, (char)code, (char)(code | 0x80), (char)0xaa, 0 }), (uint8_t)rows[r].shifted[i]);
			KEYBOARD(((char[]){ 0x36, (char)code, (char)(code | 0x80), (char)0xb6, 0 }), (uint8_t)rows[r].shifted[i]);
			/* Caps lock, twice; it repeats while it is held down. */
			KEYBOARD(((char[]){ 0x3a, 0x3a, 0x3a, (char)0xba, (char)code, 0 }), is_letter ? (uint8_t)(c - 32) : (uint8_t)c);
			KEYBOARD(((char[]){ 0x2a, (char)code, (char)0xaa, 0 }), (uint8_t)(is_letter ? c : rows[r].shifted[i]));
			KEYBOARD(((char[]){ 0x3a, (char)0xba, (char)code, 0 }), (uint8_t)c);
		}
}

static void test_control(void **state)
{
	(void)state;
	KEYBOARD("\x1d\x2e\xae\x9d", CONTROL('C'));
	KEYBOARD("\xe0\x1d\x26\xe0\x9d\x26", CONTROL('L'), 'l');
	KEYBOARD("\x1d\x2a\x1e\xaa\x9d", CONTROL('A'));
	KEYBOARD("\x1d\xe0\x1d\x9d\x1e\xe0\x9d\x1e", CONTROL('A'), 'a'); /* one of two is still down */
	KEYBOARD("\x1d\x02\x39\x1a\x9d"); /* of no meaning: 1, space; and ESC is ignored */
	KEYBOARD("\x1d\x32\x24\x17\x23\x9d", KEY_ENTER, KEY_ENTER, KEY_TAB, KEY_BACKSPACE);
}

static void test_keys_with_names(void **state)
{
	(void)state;
	KEYBOARD("\xe0\x48\xe0\xc8\xe0\x50\xe0\xd0\xe0\x4b\xe0\xcb\xe0\x4d\xe0\xcd", KEY_UP, KEY_DOWN, KEY_LEFT, KEY_RIGHT);
	KEYBOARD("\xe0\x47\xe0\xc7\xe0\x4f\xe0\xcf\xe0\x53\xe0\xd3", KEY_HOME, KEY_END, KEY_DELETE);
	KEYBOARD("\xe0\x2a\xe0\x4b\xe0\xcb\xe0\xaa\x1e", KEY_LEFT, 'a'); /* the shift that the keyboard pretends */
	KEYBOARD("\x2a\xe0\xaa\xe0\x4b\xe0\xcb\xe0\x2a\x1e\xaa", KEY_LEFT, 'A'); /* … and takes back for a moment */
	KEYBOARD("\xe0\x1c\xe0\x9c\xe0\x35\xe0\xb5", KEY_ENTER, '/');
	KEYBOARD("\x48\x50\x4b\x4d\x47\x4f\x53\x4a\x4e\x37", KEY_UP, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END, KEY_DELETE, '-', '+', '*');
	KEYBOARD("\xe1\x1d\x45\xe1\x9d\xc5\x1e", 'a'); /* Pause */
	KEYBOARD("\x01\x81\x3b\xbb\x58\xd8\x38\xb8\xe0\x38\xe0\xb8\xe0\x5b\xe0\xdb\x46\xe0\x52\xe0\x49\xe0\x20"); /* nothing to us */
	KEYBOARD("\xfa\xfe\xff\x00\x55\x1e", 'a');
}

/* Num Lock: the keypad's digits, and nothing else changes; it repeats while it is held down. */
static void test_num_lock(void **state)
{
	(void)state;
	KEYBOARD("\x47\x45\x45\x45\xc5\x47\x48\x49\x4a\x4b\x4c\x4d\x4e\x4f\x50\x51\x52\x53", KEY_HOME, '7', '8', '9', '-', '4', '5', '6', '+', '1',
	         '2', '3', '0', '.');
	KEYBOARD("\xe0\x47\xe0\x48\xe0\x53\x08", KEY_HOME, KEY_UP, KEY_DELETE, '7');
	KEYBOARD("\xe0\x2a\xe0\x4b\xe0\xcb\xe0\xaa\x4b", KEY_LEFT, '4');
	KEYBOARD("\xe1\x1d\x45\xe1\x9d\xc5\x4b", '4'); /* Pause */
	KEYBOARD("\x45\xc5\x4b\x4c", KEY_LEFT);
}

static void test_the_key_of_other_countries(void **state)
{
	(void)state;
	KEYBOARD("\x56\xd6\x2a\x56\xd6\xaa\x1d\x56\xd6\x9d", '<', '>');
}

/* Whatever comes: keys that there are, and afterwards it still types. */
static void test_random_codes(void **state)
{
	(void)state;
	srand(2);
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t key = key_from_keyboard(&keyboard, (uint8_t)rand());

		assert_true(key <= KEY_END && key != 0x1b && key != '\r');
	}
	KEYBOARD("\xaa\xaa\xaa\xaa\xaa\xaa\xb6\x9d\xe0\x9d\xba"); /* everything is let go */
	begin(NULL);
	KEYBOARD("\x1e", 'a');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_plain_bytes, begin),
		cmocka_unit_test_setup(test_line_ends, begin),
		cmocka_unit_test_setup(test_sequences, begin),
		cmocka_unit_test_setup(test_unknown_sequences, begin),
		cmocka_unit_test_setup(test_random_bytes, begin),
		cmocka_unit_test_setup(test_characters, begin),
		cmocka_unit_test_setup(test_control, begin),
		cmocka_unit_test_setup(test_keys_with_names, begin),
		cmocka_unit_test_setup(test_num_lock, begin),
		cmocka_unit_test_setup(test_the_key_of_other_countries, begin),
		cmocka_unit_test_setup(test_random_codes, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
