/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/format_test.c: format() against the C library's snprintf, and the edges of the buffer.
 *
 * sources: kernel/format.c
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <amber/error.h>
#include <amber/string.h>

#define SAME(...) \
	do { \
		char ours[256], theirs[256]; \
		int length = format(ours, sizeof(ours), __VA_ARGS__); \
		assert_int_equal(length, snprintf(theirs, sizeof(theirs), __VA_ARGS__)); \
		assert_string_equal(ours, theirs); \
	} while (0)

static void test_numbers(void **state)
{
	(void)state;
	static const long long values[] = { 0,         1,         -1,         9,         10,       123456789,
					    INT32_MIN, INT32_MAX, UINT32_MAX, INT64_MIN, INT64_MAX };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		SAME("%d|%u|%x", (int)values[i], (unsigned)values[i], (unsigned)values[i]);
		SAME("%ld|%lu|%lx", (long)values[i], (unsigned long)values[i], (unsigned long)values[i]);
		SAME("%lld|%llu|%llx", values[i], (unsigned long long)values[i], (unsigned long long)values[i]);
		SAME("%zd|%zu|%zx", (ssize_t)values[i], (size_t)values[i], (size_t)values[i]);
		SAME("%hd|%hu|%hx", (short)values[i], (unsigned short)values[i], (unsigned short)values[i]);
		SAME("%hhd|%hhu|%hhx", (signed char)values[i], (unsigned char)values[i], (unsigned char)values[i]);
		SAME("[%20lld|%-20lld|%020lld|%3lld]", values[i], values[i], values[i], values[i]);
		SAME("[%8x|%-8x|%08x|%2x]", (unsigned)values[i], (unsigned)values[i], (unsigned)values[i],
		     (unsigned)values[i]);
	}
	SAME("%*d|%-*d|%*d", 7, 42, 7, 42, -7, 42);
	SAME("%06lu", 412031ul);
	SAME("%i", -5);
}

static void test_text(void **state)
{
	(void)state;
	char unterminated[3] = { 'a', 'b', 'c' };

	SAME("%s|%10s|%-10s|", "amber", "amber", "amber");
	SAME("%.3s|%.0s|%.99s|%10.2s|%-10.2s|", "amber", "amber", "amber", "amber", "amber");
	SAME("%.*s|%.*s", 2, "amber", -1, "amber");
	SAME("%.3s", unterminated);
	SAME("%.*s", 2, unterminated);
	SAME("%c%c|%3c|%-3c|", 'o', 'k', 'x', 'y');
	SAME("100%%");
	SAME("%s", "");
	SAME("%p", (void *)0xffff800000001000);
}

static void test_null_text(void **state)
{
	(void)state;
	char buf[32];
	const char *volatile null = NULL;

	format(buf, sizeof(buf), "%s", null);
	assert_string_equal(buf, "(null)");
}

static void test_buffer_edge(void **state)
{
	(void)state;

	for (size_t bytes = 0; bytes < 16; bytes++) {
		char ours[16], theirs[16];
		memset(ours, '#', sizeof(ours));
		memset(theirs, '#', sizeof(theirs));
		assert_int_equal(format(ours, bytes, "%d-%s", 12345, "abcdef"), 12);
		if (bytes > 0)
			snprintf(theirs, bytes, "%d-%s", 12345, "abcdef");
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
}

static void test_odd_formats(void **state)
{
	(void)state;
	char buf[32];
	const char *volatile odd = "a%"; /* volatile: hidden from the compiler's own check */

	assert_int_equal(format(buf, sizeof(buf), (const char *)odd), 1);
	assert_string_equal(buf, "a");
	odd = "%y!";
	format(buf, sizeof(buf), (const char *)odd);
	assert_string_equal(buf, "%y!");
	odd = "%-08";
	format(buf, sizeof(buf), (const char *)odd);
	assert_string_equal(buf, "");
}

static void test_copy_text(void **state)
{
	(void)state;
	char buf[4] = "zzz";

	assert_true(copy_text(buf, sizeof(buf), "abc"));
	assert_string_equal(buf, "abc");
	assert_false(copy_text(buf, sizeof(buf), "defg"));
	assert_string_equal(buf, "def");
	assert_true(copy_text(buf, 1, ""));
	assert_string_equal(buf, "");
	assert_false(copy_text(buf, 0, "x"));
}

static void test_error_text(void **state)
{
	(void)state;
	for (int error = OK; error <= ERR_HARDWARE; error++) {
		assert_string_not_equal(error_text((enum error)error), "unknown error");
		for (int other = OK; other < error; other++)
			assert_string_not_equal(error_text((enum error)error), error_text((enum error)other));
	}
	assert_string_equal(error_text((enum error)999), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),     cmocka_unit_test(test_text),
		cmocka_unit_test(test_null_text),   cmocka_unit_test(test_buffer_edge),
		cmocka_unit_test(test_odd_formats), cmocka_unit_test(test_copy_text),
		cmocka_unit_test(test_error_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
