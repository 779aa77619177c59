/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/cmdline_test.c: the boot options, sentence by sentence as docs/reference.md states them.
 *
 * sources: kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/inject_parse.c kernel/format.c kernel/policy/chain.c kernel/policy/panic.c kernel/policy/oops.c kernel/policy/unprotect.c kernel/policy/ignore.c kernel/policy/once.c kernel/policy/same.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmdline.h"
#include "cmdline_fixture.h"

#define DEFAULT_CHAIN parsed_chains.chains[0].text

/* The line is fine. */
static void good(const char *text)
{
	parse(text);
	assert_string_equal(complaints, "");
}

/* The line has exactly this complaint (several: each ends with \n but the last). */
static void complains(const char *text, const char *complaint)
{
	parse(text);
	assert_true(complaint_count > 0);
	complaints[strlen(complaints) - 1] = '\0';
	assert_string_equal(complaints, complaint);
}

static void test_defaults(void **state)
{
	(void)state;
	static const char *const empty[] = { "", " ", "      " };

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		struct options expected;
		memset(&expected, 0, sizeof(expected));
		expected.rodata = true;
		expected.loglevel = 2;
		good(empty[i]);
		assert_memory_equal(&parsed, &expected, sizeof(expected));
		assert_int_equal(parsed_chains.count, 1);
		assert_string_equal(DEFAULT_CHAIN, "panic");
		assert_int_equal(parsed_chains.chains[0].count, 1);
		assert_string_equal(parsed_chains.chains[0].elements[0].policy->name, "panic");
	}
}

static void test_values(void **state)
{
	(void)state;
	good("ro_fault=same,ignore:3,panic rodata=off lab=on test=dry_run_* exit=debug nonce=Abc012 loglevel=4 "
	     "initcall_trace=on initcall_order=reversed");
	assert_string_equal(DEFAULT_CHAIN, "same,ignore:3,panic");
	assert_false(parsed.rodata);
	assert_true(parsed.lab);
	assert_true(parsed.has_test);
	assert_string_equal(parsed.test, "dry_run_*");
	assert_true(parsed.exit_debug);
	assert_string_equal(parsed.nonce, "Abc012");
	assert_int_equal(parsed.loglevel, 4);
	assert_true(parsed.initcall_trace);
	assert_true(parsed.initcall_reversed);
	assert_false(parsed.has_inject);

	good("rodata=on lab=off initcall_trace=off initcall_order=normal loglevel=0");
	assert_true(parsed.rodata);
	assert_false(parsed.lab);
	assert_false(parsed.initcall_trace);
	assert_false(parsed.initcall_reversed);
	assert_int_equal(parsed.loglevel, 0);
	good("test=*");
	assert_string_equal(parsed.test, "*");
}

static void test_unknown_options(void **state)
{
	(void)state;
	complains("x=y", "cmdline: x=y: unknown option; ignored");
	complains("x", "cmdline: x: unknown option; ignored");
	complains("=", "cmdline: =: unknown option; ignored");
	complains("LAB=on", "cmdline: LAB=on: unknown option; ignored");
	complains("labx=on", "cmdline: labx=on: unknown option; ignored");
	complains("la=on", "cmdline: la=on: unknown option; ignored");
	complains("-lab", "cmdline: -lab: unknown option; ignored");
	/* Those of later issues, and those of the broken kernel. */
	static const char *const later[] = { "smp=2", "init=sh", "run=ps", "break=wp", "break=list", "ask_timeout=1" };
	for (size_t i = 0; i < ARRAY_SIZE(later); i++) {
		parse(later[i]);
		assert_int_equal(complaint_count, 1);
		assert_non_null(strstr(complaints, ": unknown option; ignored"));
	}
	/* The rest counts. */
	complains("x=y lab=on", "cmdline: x=y: unknown option; ignored");
	assert_true(parsed.lab);
	complains("x=y rodata=off y=z", "cmdline: x=y: unknown option; ignored\ncmdline: y=z: unknown option; ignored");
	assert_false(parsed.rodata);
}

static void test_bad_values(void **state)
{
	(void)state;
	complains("lab=yes", "cmdline: lab=yes: value is neither 'on' nor 'off'; using off");
	assert_false(parsed.lab);
	complains("rodata=ON", "cmdline: rodata=ON: value is neither 'on' nor 'off'; using on");
	assert_true(parsed.rodata);
	complains("initcall_trace=1", "cmdline: initcall_trace=1: value is neither 'on' nor 'off'; using off");
	complains("initcall_order=x", "cmdline: initcall_order=x: value is neither 'reversed' nor 'normal'; using normal");
	complains("exit=now", "cmdline: exit=now: value is not 'debug'; using ordinary power-off");
	assert_false(parsed.exit_debug);
	static const char *const levels[] = { "5", "-1", "10", "00", "x", "", "2 ", "0x1" };
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		char text[32], expected[96];
		snprintf(text, sizeof(text), "'loglevel=%s'", levels[i]);
		snprintf(expected, sizeof(expected), "cmdline: loglevel=%s: value is not 0 to 4; using 2", levels[i]);
		complains(text, expected);
		assert_int_equal(parsed.loglevel, 2);
	}
}

static void test_no_value_is_an_empty_value(void **state)
{
	(void)state;
	static const char *const names[] = { "lab", "rodata", "exit", "loglevel", "ro_fault", "nonce", "initcall_trace" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char without[64], with[64], *text;
		snprintf(with, sizeof(with), "%s=", names[i]);
		parse(names[i]);
		assert_int_equal(complaint_count, 1);
		snprintf(without, sizeof(without), "%s", strrchr(complaints, ':'));
		parse(with);
		assert_int_equal(complaint_count, 1);
		text = strrchr(complaints, ':');
		assert_string_equal(text, without);
		assert_string_equal(DEFAULT_CHAIN, "panic");
	}
	good("test"); /* a pattern that no test matches */
	assert_true(parsed.has_test);
	assert_string_equal(parsed.test, "");
}

static void test_nonce(void **state)
{
	(void)state;
	good("nonce=abcdefghijklmnopqrstuvwxyzABCDEF");
	assert_string_equal(parsed.nonce, "abcdefghijklmnopqrstuvwxyzABCDEF");
	good("nonce=0");
	static const char *const bad[] = { "abcdefghijklmnopqrstuvwxyzABCDEFG", "a-b", "a_b", "\"a b\"", "", "a=b" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[80];
		snprintf(text, sizeof(text), "nonce=%s", bad[i]);
		parse(text);
		assert_int_equal(complaint_count, 1);
		assert_non_null(strstr(complaints, ": value is not 1 to 32 letters and digits; using no nonce\n"));
		assert_string_equal(parsed.nonce, "");
	}
}

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
	complains("ro_fault=\"FOO\"", "cmdline: ro_fault=FOO: unknown policy 'FOO' (known: panic, oops, log-and-unprotect, "
	                              "ignore, once, same); using panic");
	complains("'a b'=\"c  d\"", "cmdline: a b=c  d: unknown option; ignored");
	complains("x:y", "cmdline: x:y: unknown option; ignored");
	complains("100%s%n", "cmdline: 100%s%n: unknown option; ignored");
}

static void test_bytes_outside_ascii(void **state)
{
	(void)state;
	complains("lab=on t\xc3\xa4st=x rodata=off", "cmdline: t\\u00c3\\u00a4st=x: has a byte outside 0x20-0x7e; ignored");
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

static void test_last_of_two_wins(void **state)
{
	(void)state;
	complains("lab=on lab=off", "cmdline: lab=off: option 'lab' was given before; using this one");
	assert_false(parsed.lab);
	complains("ro_fault=ignore rodata=off ro_fault=once", "cmdline: ro_fault=once: option 'ro_fault' was given before; using this one");
	assert_string_equal(DEFAULT_CHAIN, "once");
	complains("test=a test=b test=c", "cmdline: test=b: option 'test' was given before; using this one\n"
	                                  "cmdline: test=c: option 'test' was given before; using this one");
	assert_string_equal(parsed.test, "c");
	complains("nonce=a nonce=bb", "cmdline: nonce=bb: option 'nonce' was given before; using this one");
	assert_string_equal(parsed.nonce, "bb");
	/* Also the same value again, and also without a value. */
	complains("lab=on lab=on", "cmdline: lab=on: option 'lab' was given before; using this one");
	assert_true(parsed.lab);
	complains("test=x test", "cmdline: test: option 'test' was given before; using this one");
	assert_string_equal(parsed.test, "");
}

static void test_last_of_two_wins_although_bad(void **state)
{
	(void)state;
	parse("loglevel=4 loglevel=x");
	assert_int_equal(complaint_count, 2);
	assert_int_equal(parsed.loglevel, 2);
	parse("ro_fault=ignore ro_fault=FOO");
	assert_int_equal(complaint_count, 2);
	assert_string_equal(DEFAULT_CHAIN, "panic");
	parse("nonce=abc nonce=-");
	assert_string_equal(parsed.nonce, "");
	parse("exit=debug exit=x");
	assert_false(parsed.exit_debug);
	/* A bad one before a good one has no effect. */
	parse("ro_fault=FOO ro_fault=ignore");
	assert_int_equal(complaint_count, 2);
	assert_string_equal(DEFAULT_CHAIN, "ignore");
	/* A dropped word is no option. */
	parse("lab=on lab=off\x01");
	assert_int_equal(complaint_count, 1);
	assert_true(parsed.lab);
}

static void test_any_error_in_a_chain_makes_it_panic(void **state)
{
	(void)state;
	static const char *const bad[] = { "ignore,FOO", "ignore:0", "ignore:", "ignore,", ",", "", "ignore:4294967296", "same(a=1)", "ask" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[64];
		snprintf(text, sizeof(text), "ro_fault=%s", bad[i]);
		parse(text);
		assert_int_equal(complaint_count, 1);
		assert_non_null(strstr(complaints, "; using panic\n"));
		assert_string_equal(DEFAULT_CHAIN, "panic");
		assert_int_equal(parsed_chains.chains[0].count, 1);
	}
	good("ro_fault=unprotect");
	assert_string_equal(DEFAULT_CHAIN, "unprotect"); /* as it was given */
}

static void test_override(void **state)
{
	(void)state;
	good("ro_fault=ignore ro_fault.lab_sealed_word=once:2 ro_fault.seal.c:state=oops");
	assert_int_equal(parsed_chains.count, 3);
	assert_string_equal(DEFAULT_CHAIN, "ignore");
	assert_string_equal(chain_for(&parsed_chains, 0x10000)->text, "once:2");
	assert_string_equal(chain_for(&parsed_chains, 0x10007)->text, "once:2");
	assert_string_equal(chain_for(&parsed_chains, 0x10008)->text, "ignore");
	assert_string_equal(chain_for(&parsed_chains, 0x13003)->text, "oops");
	/* Before or behind the default. */
	good("ro_fault.lab_sealed_word=once ro_fault=ignore");
	assert_string_equal(chain_for(&parsed_chains, 0x10000)->text, "once");
	assert_string_equal(chain_for(&parsed_chains, 0x11000)->text, "ignore");
}

static void test_override_errors(void **state)
{
	(void)state;
	/* An unknown or ambiguous symbol: no other effect. */
	complains("ro_fault=ignore ro_fault.nobody=once", "cmdline: ro_fault.nobody=once: unknown symbol 'nobody'; ignored");
	assert_int_equal(parsed_chains.count, 1);
	assert_string_equal(DEFAULT_CHAIN, "ignore");
	complains("ro_fault.twin=once", "cmdline: ro_fault.twin=once: 'twin' is ambiguous (a.c:twin, b.c:twin); ignored");
	assert_int_equal(parsed_chains.count, 1);
	complains("ro_fault.nobody=FOO", "cmdline: ro_fault.nobody=FOO: unknown symbol 'nobody'; ignored");
	complains("ro_fault.=once", "cmdline: ro_fault.=once: the symbol is missing; ignored");
	complains("ro_fault.", "cmdline: ro_fault.: the symbol is missing; ignored");
	complains("ro_fault.nobody", "cmdline: ro_fault.nobody: unknown symbol 'nobody'; ignored");
	/* Only sealed data has a chain. */
	complains("ro_fault.kernel_main=once", "cmdline: ro_fault.kernel_main=once: 'kernel_main' is no sealed object; ignored");
	complains("ro_fault.chain_table=once", "cmdline: ro_fault.chain_table=once: 'chain_table' is no sealed object; ignored");
	complains("ro_fault.sealed_label=once", "cmdline: ro_fault.sealed_label=once: 'sealed_label' is no sealed object; ignored");
	assert_int_equal(parsed_chains.count, 1);
	/* An error in its chain makes that chain panic. */
	complains("ro_fault=ignore ro_fault.lab_sealed_word=once:0",
	          "cmdline: ro_fault.lab_sealed_word=once:0: budget of 'once' is not 1 to 4294967295; using panic");
	assert_string_equal(chain_for(&parsed_chains, 0x10000)->text, "panic");
	assert_string_equal(DEFAULT_CHAIN, "ignore");
	parse("ro_fault=ignore ro_fault.lab_sealed_word");
	assert_int_equal(complaint_count, 1);
	assert_string_equal(chain_for(&parsed_chains, 0x10000)->text, "panic");
}

static void test_override_twice(void **state)
{
	(void)state;
	complains("ro_fault.lab_sealed_word=once:5 ro_fault.lab_sealed_page=oops ro_fault.lab_sealed_word=ignore",
	          "cmdline: ro_fault.lab_sealed_word=ignore: the object was given a chain before; using this one");
	assert_int_equal(parsed_chains.count, 3);
	assert_string_equal(chain_for(&parsed_chains, 0x10000)->text, "ignore");
	assert_int_equal(chain_for(&parsed_chains, 0x10000)->elements[0].budget, 0);
	assert_string_equal(chain_for(&parsed_chains, 0x11000)->text, "oops");
}

static void test_too_many_overrides(void **state)
{
	(void)state;
	char text[1024] = "";

	for (unsigned i = 0; i < CHAINS_MAX - 1; i++)
		sprintf(text + strlen(text), "ro_fault.obj%u=ignore ", i);
	good(text);
	assert_int_equal(parsed_chains.count, CHAINS_MAX);
	strcat(text, "ro_fault.obj15=once");
	complains(text, "cmdline: ro_fault.obj15=once: more than 15 objects; ignored");
	assert_int_equal(parsed_chains.count, CHAINS_MAX);
	assert_string_equal(chain_for(&parsed_chains, 0x15000 + 16 * 15)->text, "panic");
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

static void test_lab_is_needed_for_inject(void **state)
{
	(void)state;
	good("lab=on inject=lab_sealed_word:store8:1");
	assert_true(parsed.has_inject);
	assert_false(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, 1);
	good("inject=lab_sealed_word:store8:1 lab=on"); /* in any order */
	assert_false(parsed.inject_failed);
	complains("inject='lab_sealed_word:store8:1' test=x",
	          "cmdline: inject=lab_sealed_word:store8:1: needs lab=on; nothing is injected");
	assert_true(parsed.has_inject);
	assert_true(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, 0);
	parse("lab=off inject=lab_sealed_word:store8:1");
	assert_true(parsed.inject_failed);
	parse("lab=on lab=off inject=lab_sealed_word:store8:1");
	assert_true(parsed.inject_failed);
	complains("inject", "cmdline: inject: '' is not TARGET[+OFF]:FORM:VALUE[@CONTEXT]; nothing is injected\n"
	                    "cmdline: inject: needs lab=on; nothing is injected");
}

static void test_inject_errors_and_repetition(void **state)
{
	(void)state;
	complains("lab=on inject=lab_sealed_word:store8:1;nobody:store1:1",
	          "cmdline: inject=lab_sealed_word:store8:1;nobody:store1:1: unknown symbol 'nobody'; nothing is injected");
	assert_true(parsed.has_inject);
	assert_true(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, 0);
	/* The last one counts, whatever the first was, and the other way round. */
	parse("lab=on inject=bad inject=lab_sealed_word:store8:1");
	assert_false(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, 1);
	parse("lab=on inject=lab_sealed_word:store8:1 inject=bad");
	assert_true(parsed.inject_failed);
	assert_int_equal(parsed.injection_count, 0);
}

static void test_no_report_function(void **state)
{
	(void)state;
	struct cmdline_environment silent = environment;
	static const char text[] = "x=y lab=maybe ro_fault=FOO inject=x \"";

	silent.report = NULL;
	cmdline_parse(text, sizeof(text) - 1, false, &parsed, &parsed_chains, &silent);
	assert_string_equal(DEFAULT_CHAIN, "panic");
	assert_true(parsed.inject_failed);
}

static void test_table(void **state)
{
	(void)state;
	static const char *const names[] = { "ro_fault", "ro_fault.", "rodata", "lab", "inject", "test", "exit", "nonce", "loglevel",
		                             "initcall_trace", "initcall_order" };

	assert_int_equal(cmdline_option_count, ARRAY_SIZE(names));
	for (unsigned i = 0; i < cmdline_option_count; i++) {
		assert_string_equal(cmdline_options[i].name, names[i]);
		assert_true(strlen(cmdline_options[i].values) > 0);
		assert_true(strlen(cmdline_options[i].help) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_unknown_options),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_no_value_is_an_empty_value),
		cmocka_unit_test(test_nonce),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_unescaping_comes_first),
		cmocka_unit_test(test_other_backslashes_stay),
		cmocka_unit_test(test_unclosed_quote),
		cmocka_unit_test(test_word_in_complaints),
		cmocka_unit_test(test_bytes_outside_ascii),
		cmocka_unit_test(test_last_of_two_wins),
		cmocka_unit_test(test_last_of_two_wins_although_bad),
		cmocka_unit_test(test_any_error_in_a_chain_makes_it_panic),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_override_errors),
		cmocka_unit_test(test_override_twice),
		cmocka_unit_test(test_too_many_overrides),
		cmocka_unit_test(test_words_that_fit_count),
		cmocka_unit_test(test_cut_by_the_boot_protocol),
		cmocka_unit_test(test_escapes_count_as_received),
		cmocka_unit_test(test_lab_is_needed_for_inject),
		cmocka_unit_test(test_inject_errors_and_repetition),
		cmocka_unit_test(test_no_report_function),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
