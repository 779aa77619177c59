/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/cmdline_words_test.c: words of the command line: quotes, escapes, odd bytes, and that those
 * which fit into the first 1023 bytes count.
 *
 * sources: kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/inject_parse.c kernel/format.c kernel/policy/chain.c kernel/chain_parse.c kernel/policy/panic.c kernel/policy/oops.c kernel/policy/unprotect.c kernel/policy/ignore.c kernel/policy/once.c kernel/policy/same.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include "cmdline_expect.h"

static void test_words(void **state)
{
	(void)state;
	good("  lab=on   rodata=off  ");
	assert_true(parsed.lab);
	assert_false(parsed.rodata);
	/* Both kinds of quotes, wherever they stand in the word. */
	good("\"lab=on\" 'rodata=off' te\"st\"='a'\"b\"c");
	assert_true(parsed.lab);
	assert_false(parsed.rodata);
	assert_string_equal(parsed.test, "abc");
	/* A quoted space doesn't separate; the other quote inside is an ordinary character. */
	good("test=\"a b'c\"");
	assert_string_equal(parsed.test, "a b'c");
	good("test='a  \"b\" ' lab=on");
	assert_string_equal(parsed.test, "a  \"b\" ");
	assert_true(parsed.lab);
	good("'test=a b'");
	assert_string_equal(parsed.test, "a b");
	/* A word of nothing but quotes is a word. */
	complains("\"\"", "cmdline: : unknown option; ignored");
	good("test=''");
	assert_string_equal(parsed.test, "");
	/* Only the space separates. */
	parse("lab=on\trodata=off");
	assert_false(parsed.lab);
	assert_true(parsed.rodata);
	assert_int_equal(complaint_count, 1);
}

static void test_unescaping_comes_first(void **state)
{
	(void)state;
	good("test=\\\"a b;c\\\" lab=on"); /* as GRUB hands over test="a b;c" */
	assert_string_equal(parsed.test, "a b;c");
	assert_true(parsed.lab);
	good("test=\\'a b\\'");
	assert_string_equal(parsed.test, "a b");
	good("test=a\\\\b");
	assert_string_equal(parsed.test, "a\\b");
	good("test=\\\\\\\\");
	assert_string_equal(parsed.test, "\\\\");
	good("test=\\\\\\\"x y\\\""); /* a backslash, then a quote */
	assert_string_equal(parsed.test, "\\x y");
	good("test='\\\\'"); /* also inside quotes */
	assert_string_equal(parsed.test, "\\");
	/* An escaped quote is a quote: it ends the first one. */
	complains("test=\"a\\\" b\" c\\\"", "cmdline: b c: unknown option; ignored");
	assert_string_equal(parsed.test, "a");
}

static void test_other_backslashes_stay(void **state)
{
	(void)state;
	good("test=a\\nb");
	assert_string_equal(parsed.test, "a\\nb");
	good("test=\\");
	assert_string_equal(parsed.test, "\\");
	good("test=a\\ lab=on"); /* no escape: the space separates */
	assert_string_equal(parsed.test, "a\\");
	assert_true(parsed.lab);
}

static void test_unclosed_quote(void **state)
{
	(void)state;
	complains("rodata=off lab=\"on", "cmdline: lab=on: a quote has no end; ignored");
	assert_false(parsed.lab);
	assert_false(parsed.rodata);
	complains("ro_fault='ignore rodata=off", "cmdline: ro_fault=ignore rodata=off: a quote has no end; ignored");
	assert_string_equal(DEFAULT_CHAIN, "panic");
	complains("\"", "cmdline: : a quote has no end; ignored");
}

static void test_word_in_complaints(void **state)
{
	(void)state;
	/* As received, only its quotes removed. */
	complains("ro_fault=\"FOO\"",
		  "cmdline: ro_fault=FOO: unknown policy 'FOO' (known: panic, oops, log-and-unprotect, "
		  "ignore, once, same); using panic");
	complains("'a b'=\"c  d\"", "cmdline: a b=c  d: unknown option; ignored");
	complains("x:y", "cmdline: x:y: unknown option; ignored");
	complains("100%s%n", "cmdline: 100%s%n: unknown option; ignored");
}

static void test_bytes_outside_ascii(void **state)
{
	(void)state;
	complains("lab=on t\xc3\xa4st=x rodata=off",
		  "cmdline: t\\u00c3\\u00a4st=x: has a byte outside 0x20-0x7e; ignored");
	assert_true(parsed.lab);
	assert_false(parsed.rodata);
	complains("lab=on\n", "cmdline: lab=on\\u000a: has a byte outside 0x20-0x7e; ignored");
	assert_false(parsed.lab);
	complains("\x7f", "cmdline: \\u007f: has a byte outside 0x20-0x7e; ignored");
	complains("'a \x1b[2J b' lab=on", "cmdline: a \\u001b[2J b: has a byte outside 0x20-0x7e; ignored");
	assert_true(parsed.lab);
	parse_bytes("lab=on\0x rodata=off", 19, false);
	assert_string_equal(complaints, "cmdline: lab=on\\u0000x: has a byte outside 0x20-0x7e; ignored\n");
	assert_false(parsed.lab);
	assert_false(parsed.rodata);
	for (int c = 1; c < 256; c++) {
		if (c == ' ')
			continue;
		char text[] = { 't', 'e', 's', 't', '=', (char)c, 'z', 0 };
		parse(text);
		if (c == '"' || c == '\'')
			assert_non_null(strstr(complaints, "a quote has no end"));
		else if (c < 0x20 || c > 0x7e)
			assert_non_null(strstr(complaints, "has a byte outside"));
		else
			assert_int_equal(complaint_count, 0);
		assert_int_equal(parsed.has_test, complaint_count == 0);
	}
}

/* A line of exactly `bytes` bytes that ends with the word. */
static char *line_ending_with(const char *word, size_t bytes)
{
	static char text[4096];

	memset(text, ' ', bytes);
	memcpy(text + bytes - strlen(word), word, strlen(word) + 1);
	return text;
}

static void test_words_that_fit_count(void **state)
{
	(void)state;
	good(line_ending_with("lab=on", CMDLINE_MAX));
	assert_true(parsed.lab);
	parse(line_ending_with("lab=on", CMDLINE_MAX + 1));
	assert_false(parsed.lab);
	assert_string_equal(complaints, "cmdline: lab=o: does not fit into the first 1023 bytes; ignored\n");
	/* It ends with the last byte that counts, and something stands behind the next space. */
	char *text = line_ending_with("lab=on", CMDLINE_MAX);
	strcat(text, " rodata=off");
	good(text);
	assert_true(parsed.lab);
	assert_true(parsed.rodata);
	/* A long word that begins early. */
	text = line_ending_with("", 2000);
	memset(text, 'x', 2000);
	memcpy(text, "lab=on ", 7);
	parse(text);
	assert_true(parsed.lab);
	assert_int_equal(complaint_count, 1);
	/* The longest word there is, and the longest complaint. */
	memset(text, 'x', CMDLINE_MAX);
	parse_bytes(text, CMDLINE_MAX, false);
	assert_int_equal(strlen(complaints), strlen("cmdline: : unknown option; ignored\n") + CMDLINE_MAX);
}

/* What the kernel does: it has the first 1023 bytes only, and knows whether that cut a word. */
static void test_cut_by_the_boot_protocol(void **state)
{
	(void)state;
	const char *text = line_ending_with("lab=on", CMDLINE_MAX);

	parse_bytes(text, CMDLINE_MAX, true);
	assert_false(parsed.lab);
	assert_string_equal(complaints, "cmdline: lab=on: does not fit into the first 1023 bytes; ignored\n");
	parse_bytes(text, CMDLINE_MAX, false);
	assert_true(parsed.lab);
	/* A word that is cut inside its quotes, at a space. */
	text = line_ending_with("lab=on \"rodata=off", CMDLINE_MAX);
	parse_bytes(text, CMDLINE_MAX, false);
	assert_true(parsed.lab);
	assert_true(parsed.rodata);
	assert_int_equal(complaint_count, 1);
	/* Nothing was cut but spaces. */
	parse_bytes(line_ending_with("lab=on ", CMDLINE_MAX), CMDLINE_MAX, true);
	assert_true(parsed.lab);
	assert_int_equal(complaint_count, 0);
}

/* The limit is on bytes as received: an escape has two. */
static void test_escapes_count_as_received(void **state)
{
	(void)state;
	char text[2 * CMDLINE_MAX] = "test=";

	for (unsigned i = 0; i < 600; i++)
		strcat(text, "\\\\");
	parse(text);
	assert_false(parsed.has_test);
	text[5 + 2 * 509] = '\0'; /* 1023 bytes */
	good(text);
	assert_int_equal(strlen(parsed.test), 509);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_unescaping_comes_first),
		cmocka_unit_test(test_other_backslashes_stay),
		cmocka_unit_test(test_unclosed_quote),
		cmocka_unit_test(test_word_in_complaints),
		cmocka_unit_test(test_bytes_outside_ascii),
		cmocka_unit_test(test_words_that_fit_count),
		cmocka_unit_test(test_cut_by_the_boot_protocol),
		cmocka_unit_test(test_escapes_count_as_received),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
