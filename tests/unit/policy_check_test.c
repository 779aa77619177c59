/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/policy_check_test.c: what build/host/replay refuses in a policy.
 *
 * sources: kernel/policy/panic.c kernel/policy/unprotect.c kernel/policy/ignore.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy_check.h"

static struct decision decide(const struct violation *violation, void *state)
{
	(void)violation, (void)state;
	return policy_decided(VERDICT_PANIC);
}

static const struct policy good = { .name = "Good_1-x", .alias = "g", .help = "x", .state_bytes = POLICY_STATE_BYTES, .decide = decide };

static void refuses(struct policy policy, const char *expected)
{
	char why[320] = "";

	assert_false(policy_is_good(&policy, why, sizeof(why)));
	assert_string_equal(why, expected);
}

static void test_good_ones(void **state)
{
	char why[320] = "";

	(void)state;
	assert_true(policy_is_good(&good, why, sizeof(why)));
	SET_FOREACH(entry, policy)
		assert_true(policy_is_good(*entry, why, sizeof(why)));
}

static void test_state(void **state)
{
	struct policy policy = good;

	(void)state;
	policy.state_bytes = 480;
	refuses(policy, "policy 'Good_1-x': state of 480 bytes, at most 256");
	policy.state_bytes = POLICY_STATE_BYTES + 1;
	refuses(policy, "policy 'Good_1-x': state of 257 bytes, at most 256");
}

/* What a chain's text could not name. */
static void test_names(void **state)
{
	static const char *const wrong[] = { "tight en", "a,b", "a:1", "", "a\t", "\xc3\xa4" };
	struct policy policy = good;
	char expected[320];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		policy = good;
		policy.name = wrong[i];
		snprintf(expected, sizeof(expected), "policy '%s': a name has letters, digits, '-' and '_', not '%s'", wrong[i], wrong[i]);
		refuses(policy, expected);
		policy = good;
		policy.alias = wrong[i];
		snprintf(expected, sizeof(expected), "policy 'Good_1-x': a name has letters, digits, '-' and '_', not '%s'", wrong[i]);
		refuses(policy, expected);
	}
	policy.name = NULL;
	refuses(policy, "policy '': a name has letters, digits, '-' and '_', not ''");
}

/* The first in the set would win, silently. */
static void test_doubled_names(void **state)
{
	struct policy policy = good;

	(void)state;
	policy.name = "ignore";
	refuses(policy, "policy 'ignore': another policy is called 'ignore'");
	policy.name = "unprotect"; /* an alias */
	refuses(policy, "policy 'unprotect': another policy is called 'unprotect'");
	policy = good;
	policy.alias = "panic";
	refuses(policy, "policy 'Good_1-x': another policy is called 'panic'");
}

static void test_what_is_missing(void **state)
{
	struct policy policy = good;

	(void)state;
	policy.help = NULL;
	refuses(policy, "policy 'Good_1-x': no .help");
	policy = good;
	policy.decide = NULL;
	refuses(policy, "policy 'Good_1-x': no .decide");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_ones), cmocka_unit_test(test_state), cmocka_unit_test(test_names),
		cmocka_unit_test(test_doubled_names), cmocka_unit_test(test_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
