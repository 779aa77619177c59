/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/cmdline_test.c: the boot options, sentence by sentence as the contract states them.
 *
 * sources: kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/inject_parse.c kernel/format.c kernel/policy/chain.c kernel/chain_parse.c kernel/policy/panic.c kernel/policy/oops.c kernel/policy/unprotect.c kernel/policy/ignore.c kernel/policy/once.c kernel/policy/same.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include "cmdline_expect.h"

#include "cmdline.h"

static void test_defaults(void **state)
{
	(void)state;
	static const char *const empty[] = { "", " ", "      " };

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		struct options expected;
		memset(&expected, 0, sizeof(expected));
		expected.rodata = true;
		expected.loglevel = 2;
		expected.smp = MAX_CPUS;
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
	static const char *const later[] = { "break=wp", "break=list", "ask_timeout=1" };
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
	complains("initcall_order=x",
		  "cmdline: initcall_order=x: value is neither 'reversed' nor 'normal'; using normal");
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

static void test_run(void **state)
{
	(void)state;
	good("'run=ps; maps \"x\" ;poweroff'");
	assert_true(parsed.has_run);
	assert_string_equal(parsed.run, "ps; maps \"x\" ;poweroff");
	good("lab=on inject=lab_sealed_word:store8:1 run=ps");
	assert_true(parsed.has_run && parsed.has_inject && !parsed.inject_failed);
	complains("run=", "cmdline: run=: there is no command; ignored");
	assert_false(parsed.has_run);
	complains("run", "cmdline: run: there is no command; ignored");
	complains("run=a run=b", "cmdline: run=b: option 'run' was given before; using this one");
	assert_string_equal(parsed.run, "b");
	complains("run=a run=", "cmdline: run=: option 'run' was given before; using this one\n"
				"cmdline: run=: there is no command; ignored");
	assert_false(parsed.has_run);
	assert_string_equal(parsed.run, "");
	/* A shell is what there is without them. */
	complains("run=a init=hello", "cmdline: run=a: there is no shell with init=; ignored");
	assert_false(parsed.has_run);
	assert_string_equal(parsed.run, "");
	assert_string_equal(parsed.init, "hello");
	complains("init=hello run=a", "cmdline: run=a: there is no shell with init=; ignored");
	complains("test=x 'run=a b'", "cmdline: run=a b: there is no shell with test=; ignored");
	assert_true(parsed.has_test);
	complains("init=/ run=a", "cmdline: init=/: a program's name has letters, digits, - _ and . only; nothing is started\n"
				  "cmdline: run=a: there is no shell with init=; ignored");
	complains("runx=a", "cmdline: runx=a: unknown option; ignored");
}

static void test_longest_run(void **state)
{
	char text[RUN_MAX + 1];

	(void)state;
	memset(text, 'x', RUN_MAX);
	memcpy(text, "run=", 4);
	text[RUN_MAX] = '\0';
	good(text);
	assert_string_equal(parsed.run, text + 4);
}

static void test_smp(void **state)
{
	(void)state;
	static const char *const bad[] = { "0", "9", "", "10", "08", "-1", "+1", "1 ", " 1", "0x2", "x", "2x", "1.5", "8,1" };

	assert_int_equal(MAX_CPUS, 8);
	for (unsigned cpus = 1; cpus <= MAX_CPUS; cpus++) {
		char text[32];
		snprintf(text, sizeof(text), "smp=%u", cpus);
		good(text);
		assert_int_equal(parsed.smp, cpus);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[32], expected[192];
		snprintf(text, sizeof(text), "smp=3 'smp=%s'", bad[i]); /* a bad value is not the one before either */
		snprintf(expected, sizeof(expected), "cmdline: smp=%s: option 'smp' was given before; using this one\n"
			 "cmdline: smp=%s: value is not 1 to 8; using 8", bad[i], bad[i]);
		complains(text, expected);
		assert_int_equal(parsed.smp, MAX_CPUS);
	}
	complains("smp", "cmdline: smp: value is not 1 to 8; using 8");
	assert_int_equal(parsed.smp, MAX_CPUS);
	complains("smp=9 smp=2", "cmdline: smp=9: value is not 1 to 8; using 8\n"
				 "cmdline: smp=2: option 'smp' was given before; using this one");
	assert_int_equal(parsed.smp, 2);
}

static void test_no_value_is_an_empty_value(void **state)
{
	(void)state;
	static const char *const names[] = {
		"lab", "rodata", "exit", "loglevel", "ro_fault", "nonce", "smp", "initcall_trace"
	};

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

static void test_init(void **state)
{
	(void)state;
	good("init=hello");
	assert_string_equal(parsed.init, "hello");
	assert_false(parsed.init_failed);
	good("\"init=a-b_c.9 x=1  'y' \"");
	assert_string_equal(parsed.init, "a-b_c.9 x=1  'y' ");
	good("init=\"fuzz 7 1000000\"");
	assert_string_equal(parsed.init, "fuzz 7 1000000");
	static const char *const bad[] = { "init=", "init", "init=' x'", "init=a/b", "init=a,b", "'init=a\" b'" };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		parse(bad[i]);
		assert_int_equal(complaint_count, 1);
		assert_non_null(strstr(complaints, ": a program's name has letters, digits, - _ and . only; nothing is started\n"));
		assert_string_equal(parsed.init, "");
		assert_true(parsed.init_failed);
	}
	for (int length = INIT_MAX; length <= INIT_MAX + 1; length++) {
		char text[INIT_MAX + 40];
		snprintf(text, sizeof(text), "init=%0*d", length, 0);
		parse(text);
		assert_int_equal(complaint_count, length > INIT_MAX);
		assert_int_equal(strlen(parsed.init), length > INIT_MAX ? 0 : length);
		assert_int_equal(parsed.init_failed, length > INIT_MAX);
	}
	assert_non_null(strstr(complaints, ": longer than 255 bytes; nothing is started\n"));
	parse("init=/ init=hello");
	assert_string_equal(parsed.init, "hello");
	assert_false(parsed.init_failed);
}

static void test_last_of_two_wins(void **state)
{
	(void)state;
	complains("lab=on lab=off", "cmdline: lab=off: option 'lab' was given before; using this one");
	assert_false(parsed.lab);
	complains("ro_fault=ignore rodata=off ro_fault=once",
		  "cmdline: ro_fault=once: option 'ro_fault' was given before; using this one");
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
	static const char *const bad[] = { "ignore,FOO", "ignore:0",          "ignore:",   "ignore,", ",",
					   "",           "ignore:4294967296", "same(a=1)", "ask" };

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
	complains("ro_fault=ignore ro_fault.nobody=once",
		  "cmdline: ro_fault.nobody=once: unknown symbol 'nobody'; ignored");
	assert_int_equal(parsed_chains.count, 1);
	assert_string_equal(DEFAULT_CHAIN, "ignore");
	complains("ro_fault.twin=once",
		  "cmdline: ro_fault.twin=once: 'twin' is ambiguous (a.c:twin, b.c:twin); ignored");
	assert_int_equal(parsed_chains.count, 1);
	complains("ro_fault.nobody=FOO", "cmdline: ro_fault.nobody=FOO: unknown symbol 'nobody'; ignored");
	complains("ro_fault.=once", "cmdline: ro_fault.=once: the symbol is missing; ignored");
	complains("ro_fault.", "cmdline: ro_fault.: the symbol is missing; ignored");
	complains("ro_fault.nobody", "cmdline: ro_fault.nobody: unknown symbol 'nobody'; ignored");
	/* Only sealed data has a chain. */
	complains("ro_fault.kernel_main=once",
		  "cmdline: ro_fault.kernel_main=once: 'kernel_main' is no sealed object; ignored");
	complains("ro_fault.chain_table=once",
		  "cmdline: ro_fault.chain_table=once: 'chain_table' is no sealed object; ignored");
	complains("ro_fault.sealed_label=once",
		  "cmdline: ro_fault.sealed_label=once: 'sealed_label' is no sealed object; ignored");
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
		  "cmdline: inject=lab_sealed_word:store8:1;nobody:store1:1: unknown symbol 'nobody'; nothing is "
		  "injected");
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
	static const char *const names[] = { "ro_fault", "ro_fault.",      "rodata",        "lab",
					     "inject",   "init",           "run",           "test",
					     "exit",     "nonce",          "smp",           "loglevel",
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
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_longest_run),
		cmocka_unit_test(test_smp),
		cmocka_unit_test(test_no_value_is_an_empty_value),
		cmocka_unit_test(test_nonce),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_last_of_two_wins),
		cmocka_unit_test(test_last_of_two_wins_although_bad),
		cmocka_unit_test(test_any_error_in_a_chain_makes_it_panic),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_override_errors),
		cmocka_unit_test(test_override_twice),
		cmocka_unit_test(test_too_many_overrides),
		cmocka_unit_test(test_lab_is_needed_for_inject),
		cmocka_unit_test(test_inject_errors_and_repetition),
		cmocka_unit_test(test_no_report_function),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
