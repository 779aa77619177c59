/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/ktap_test.c: the runner of self-tests: patterns, lines, counts, tests with variants.
 *
 * sources: tests/unit/fake_kernel.c kernel/selftest/ktap.c kernel/format.c
 * flags: -I arch/x86_64 -Wl,-T,tests/unit/host_sets.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kernel.h"
#include <amber/selftest.h>

static void gate_refuses(struct selftest_run *run)
{
	EXPECT(run, 1 + 1 == 2);
}
SELFTEST(gate_refuses);

static void gate_fails(struct selftest_run *run)
{
	selftest_fail(run, "got %d", 7);
	selftest_fail(run, "and %s", "more");
}
SELFTEST(gate_fails);

static void seal_skips(struct selftest_run *run)
{
	selftest_skip(run, "no PAN");
}
SELFTEST(seal_skips);

static unsigned probe_count(void)
{
	return 3;
}

static const char *probe_name(unsigned variant)
{
	static const char *const names[] = { "store8", "push", "rep_stosb" };

	return names[variant];
}

static void dry_run(struct selftest_run *run)
{
	if (run->variant == 1)
		selftest_fail(run, "variant %u", run->variant);
}
SELFTEST_EACH(dry_run, probe_count, probe_name);

static void expect(const char *pattern, int result, const char *output)
{
	fake_log_clear();
	assert_int_equal(selftest_run_matching(pattern), result);
	assert_string_equal(fake_log_text, output);
}

/* In which order tests of one file run is the compiler's choice. */
static void test_each(void **state)
{
	(void)state;
	expect("gate_refuses", 0, "KTAP version 1\n1..1\nok 1 gate_refuses\n");
	expect("gate_fails", 1, "KTAP version 1\n1..1\n# got 7\n# and more\nnot ok 1 gate_fails\n");
	expect("seal_skips", 0, "KTAP version 1\n1..1\nok 1 seal_skips # SKIP no PAN\n");
	expect("dry_run_*", 1,
	       "KTAP version 1\n1..3\nok 1 dry_run_store8\n# variant 1\nnot ok 2 dry_run_push\nok 3 "
	       "dry_run_rep_stosb\n");
}

static void test_all(void **state)
{
	(void)state;
	unsigned number = 0;

	fake_log_clear();
	assert_int_equal(selftest_run_matching("*"), 2);
	assert_memory_equal(fake_log_text, "KTAP version 1\n1..6\n", 20);
	for (char *line = strtok(fake_log_text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned found;
		if (sscanf(line, "ok %u ", &found) == 1 || sscanf(line, "not ok %u ", &found) == 1)
			assert_int_equal(found, ++number);
	}
	assert_int_equal(number, 6);
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern;
		unsigned count;
	} cases[] = {
		{ "gate_refuses", 1 },
		{ "gate_*", 2 },
		{ "*_s*", 3 },
		{ "*s", 3 },
		{ "**", 6 },
		{ "dry_run_*", 3 },
		{ "dry_run_store8", 1 },
		{ "d*r*u*8", 1 },
		{ "*e*e*e*", 1 },
		{ "*gate_refuses*", 1 },
		{ "gate_refuses*", 1 },
		{ "", 0 },
		{ "gate", 0 },
		{ "gate_refusesx", 0 },
		{ "x*", 0 },
		{ "*x", 0 },
		{ "dry_run", 0 },
		{ "Gate_*", 0 },
		{ "gate_refuse?", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char plan[48];
		fake_log_clear();
		snprintf(plan, sizeof(plan), "KTAP version 1\n1..%u\n", cases[i].count);
		int result = selftest_run_matching(cases[i].pattern);
		assert_memory_equal(fake_log_text, plan, strlen(plan));
		assert_int_equal(result == -1, cases[i].count == 0);
	}
}

static void test_no_match(void **state)
{
	(void)state;
	expect("nothing", -1, "KTAP version 1\n1..0\n# no test matches 'nothing'\n");
}

static void test_long_diagnostics(void **state)
{
	(void)state;
	struct selftest_run run = { 0 };
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fake_log_clear();
	selftest_fail(&run, "%s", text);
	assert_int_equal(run.failures, 1);
	assert_int_equal(strlen(fake_log_text), 256); /* cut, and still a line */
	assert_int_equal(fake_log_text[255], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_no_match),
		cmocka_unit_test(test_long_diagnostics),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
