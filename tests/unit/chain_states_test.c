/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/chain_states_test.c: the pool from which elements get the state that their policy keeps: who gets which part, and
 * what happens to the chain for which it has no room. A policy of this test's own keeps state.
 *
 * sources: kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/inject_parse.c kernel/format.c kernel/policy/chain.c kernel/chain_parse.c kernel/policy/panic.c kernel/policy/oops.c kernel/policy/unprotect.c kernel/policy/ignore.c kernel/policy/once.c kernel/policy/same.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include "cmdline_expect.h"

/* Ignores, and counts in the last byte of its state. */
static struct decision keep_decide(const struct violation *violation, void *state)
{
	uint8_t *bytes = state;

	(void)violation;
	if (!bytes)
		return policy_hand_over("no state");
	bytes[POLICY_STATE_BYTES - 1]++;
	return policy_decided(VERDICT_IGNORE);
}

static const struct policy policy_keep = { .name = "test-keep",
					   .help = "ignore every write, and count",
					   .state_bytes = POLICY_STATE_BYTES,
					   .decide = keep_decide };
POLICY(policy_keep);

static void store(struct chain_element *element, uint32_t used, const uint8_t *state)
{
	element->used = used;
	if (state)
		memcpy(element->state, state, element->policy->state_bytes);
}

/* "NAME=test-keep,test-keep,…" with that many elements. */
static void add_option(char *line, const char *name, unsigned elements)
{
	sprintf(line + strlen(line), "%s=", name);
	for (unsigned i = 0; i < elements; i++)
		sprintf(line + strlen(line), "%stest-keep", i ? "," : "");
	strcat(line, " ");
}

/* Each element that keeps state has a part of its own, in order; the others have none. */
static void expect_bound(unsigned expected)
{
	unsigned bound = 0;

	for (unsigned i = 0; i < parsed_chains.count; i++)
		for (unsigned k = 0; k < parsed_chains.chains[i].count; k++) {
			const struct chain_element *element = &parsed_chains.chains[i].elements[k];

			if (element->policy == &policy_keep)
				assert_ptr_equal(element->state, parsed_chains.states[bound++]);
			else
				assert_null(element->state);
		}
	assert_int_equal(bound, expected);
	assert_int_equal(chain_table_states(&parsed_chains), expected);
	for (unsigned i = 0; i < sizeof(parsed_chains.states); i++)
		assert_int_equal(((const uint8_t *)parsed_chains.states)[i], 0);
}

static void test_none(void **state)
{
	(void)state;
	good("");
	expect_bound(0);
	good("ro_fault=same,ignore:3,once ro_fault.obj1=oops,panic");
	expect_bound(0);
}

static void test_each_has_its_own(void **state)
{
	struct violation violation = { .class = CLASS_DATA, .has_dry_run = true };

	(void)state;
	good("ro_fault=same,test-keep:2,ignore,test-keep ro_fault.obj1=once ro_fault.obj2=test-keep");
	expect_bound(3);
	for (unsigned i = 0; i < 5; i++)
		chain_ask(&parsed_chains.chains[0], &violation, store);
	chain_ask(&parsed_chains.chains[2], &violation, store);
	assert_int_equal(parsed_chains.states[0][POLICY_STATE_BYTES - 1], 2); /* then `ignore` decides */
	assert_int_equal(parsed_chains.states[1][POLICY_STATE_BYTES - 1], 0);
	assert_int_equal(parsed_chains.states[2][POLICY_STATE_BYTES - 1], 1);
}

/* 8 + 7 and one more is all that there is room for. */
static void test_sixteen_fit(void **state)
{
	char line[1024] = "";

	(void)state;
	add_option(line, "ro_fault", 8);
	add_option(line, "ro_fault.obj1", 7);
	add_option(line, "ro_fault.obj2", 1);
	assert_int_equal(CHAIN_STATES_MAX, 16);
	good(line);
	expect_bound(16);
}

/* The 17th: its chain, all of it, becomes panic; the others stay. */
static void test_seventeen_do_not(void **state)
{
	char line[1024] = "";

	(void)state;
	add_option(line, "ro_fault", 8);
	add_option(line, "ro_fault.obj1", 7);
	add_option(line, "ro_fault.obj2", 2);
	strcat(line, "ro_fault.obj3=test-keep");
	complains(line, "cmdline: ro_fault.obj2=test-keep,test-keep: more than 16 policies that keep state; using panic");
	assert_string_equal(chain_for(&parsed_chains, 0x15000 + 16 * 2)->text, "panic");
	assert_int_equal(chain_for(&parsed_chains, 0x15000 + 16 * 2)->count, 1);
	assert_int_equal(chain_for(&parsed_chains, 0x15000 + 16)->count, 7);
	assert_string_equal(chain_for(&parsed_chains, 0x15000 + 16 * 3)->text, "test-keep"); /* the room is there again */
	expect_bound(16);
}

/* The default comes last and finds the room taken. */
static void test_the_default_may_be_the_one(void **state)
{
	char line[1024] = "";

	(void)state;
	add_option(line, "ro_fault.obj1", 8);
	add_option(line, "ro_fault.obj2", 8);
	strcat(line, "ro_fault=ignore:1,test-keep,once");
	complains(line, "cmdline: ro_fault=ignore:1,test-keep,once: more than 16 policies that keep state; using panic");
	assert_string_equal(DEFAULT_CHAIN, "panic");
	expect_bound(16);
}

/* A chain that is given anew frees what the old one had. */
static void test_given_anew(void **state)
{
	char line[1024] = "";

	(void)state;
	add_option(line, "ro_fault.obj1", 8);
	add_option(line, "ro_fault.obj2", 8);
	add_option(line, "ro_fault.obj1", 4);
	add_option(line, "ro_fault", 4);
	parse(line);
	assert_int_equal(complaint_count, 1); /* obj1 twice */
	expect_bound(16);
	assert_int_equal(parsed_chains.chains[0].count, 4);
}

/* Whoever binds a table that has more than fit: the rest has none, and nothing lies outside. */
static void test_bind_never_leaves_the_pool(void **state)
{
	static struct chain_table table;
	unsigned bound = 0;
	char why[320];

	(void)state;
	table.count = CHAINS_MAX;
	for (unsigned i = 0; i < CHAINS_MAX; i++)
		assert_true(chain_parse(&table.chains[i], "ignore,test-keep,test-keep", 26, why, sizeof(why)));
	assert_int_equal(chain_table_states(&table), 2 * CHAINS_MAX);
	for (unsigned times = 0; times < 2; times++, bound = 0) {
		chain_table_bind(&table);
		for (unsigned i = 0; i < CHAINS_MAX; i++)
			for (unsigned k = 0; k < 3; k++) {
				const struct chain_element *element = &table.chains[i].elements[k];

				if (k && bound < CHAIN_STATES_MAX)
					assert_ptr_equal(element->state, table.states[bound++]);
				else
					assert_null(element->state);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_each_has_its_own),
		cmocka_unit_test(test_sixteen_fit),
		cmocka_unit_test(test_seventeen_do_not),
		cmocka_unit_test(test_the_default_may_be_the_one),
		cmocka_unit_test(test_given_anew),
		cmocka_unit_test(test_bind_never_leaves_the_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
