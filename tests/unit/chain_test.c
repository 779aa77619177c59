/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/chain_test.c: chains of policies: their syntax, what each policy says, budgets, objects.
 *
 * sources: kernel/policy/chain.c kernel/chain_parse.c kernel/policy/panic.c kernel/policy/oops.c kernel/policy/unprotect.c kernel/policy/ignore.c kernel/policy/once.c kernel/policy/same.c kernel/format.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amber/chain.h>

static struct chain_table table = { .count = 1 };
static struct chain *const chain = &table.chains[0];
static char why[320];
static unsigned stores;

/* A policy of this test's own: it hands over every second time, and counts in its state. */
static struct decision odd_decide(const struct violation *violation, void *state)
{
	uint8_t *count = state;

	(void)violation;
	return ++*count % 2 ? policy_decided(VERDICT_IGNORE) : policy_hand_over("even");
}

static const struct policy policy_odd = { .name = "test-odd",
					  .help = "ignore every other write",
					  .state_bytes = 1,
					  .decide = odd_decide };
POLICY(policy_odd);

/* What the gate does in the kernel. */
static void store(struct chain_element *element, uint32_t used, const uint8_t *state)
{
	stores++;
	element->used = used;
	if (state)
		memcpy(element->state, state, element->policy->state_bytes);
}

static bool parse(const char *text)
{
	char *exact = strdup(text); /* so that a read behind the end is seen: the final 0 is cut off */
	size_t length = strlen(text);
	bool good;

	exact = realloc(exact, length ? length : 1);
	strcpy(why, "untouched");
	good = chain_parse(chain, exact, length, why, sizeof(why));
	table.count = 1;
	memset(table.states, 0, sizeof(table.states));
	chain_table_bind(&table);
	free(exact);
	return good;
}

/* A violation that every policy can decide about, unless the test changes something. */
static struct violation example(void)
{
	return (struct violation){ .class = CLASS_DATA,
				   .context = CONTEXT_THREAD,
				   .can_oops = true,
				   .has_dry_run = true,
				   .has_values = true,
				   .has_size = true,
				   .size_bytes = 8,
				   .verdict = VERDICT_COUNT };
}

static void ask(struct violation *violation)
{
	chain_ask(chain, violation, store);
	assert_ptr_equal(violation->chain, chain->text);
}

static void expect_ask(struct violation violation, const char *asked, enum verdict verdict)
{
	char text[512] = "";

	ask(&violation);
	for (uint32_t i = 0; i < violation.asked_count; i++) {
		const char *reason = violation.asked[i].why;
		sprintf(text + strlen(text), "%s%s%s%s", i ? "; " : "", violation.asked[i].policy, reason ? ": " : "",
			reason ? reason : "");
	}
	assert_string_equal(text, asked);
	assert_int_equal(violation.verdict, verdict);
}

static void test_good_chains(void **state)
{
	(void)state;
	static const char *const names[] = {
		"panic", "oops", "log-and-unprotect", "ignore", "once", "same", "unprotect"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_true(parse(names[i]));
		assert_string_equal(chain->text, names[i]);
		assert_int_equal(chain->count, 1);
		assert_int_equal(chain->elements[0].budget, 0);
		assert_string_equal(chain->elements[0].policy->name, i == 6 ? "log-and-unprotect" : names[i]);
	}
	assert_true(parse("same,ignore:3,once:4294967295,panic"));
	assert_int_equal(chain->count, 4);
	assert_int_equal(chain->elements[1].budget, 3);
	assert_int_equal(chain->elements[2].budget, 4294967295u);
	assert_int_equal(chain->object, 0);
	assert_int_equal(chain->object_end, 0);
	assert_true(parse("ignore:1,ignore:1,once,ignore"));
	/* The longest that there is. */
	assert_true(parse("log-and-unprotect:4294967295,log-and-unprotect:4294967295,log-and-unprotect:4294967295,"
			  "log-and-unprotect:4294967295,log-and-unprotect:4294967295,log-and-unprotect:4294967295,"
			  "log-and-unprotect:4294967295,log-and-unprotect:4294967295"));
	assert_int_equal(chain->count, CHAIN_ELEMENTS_MAX);
}

static void test_bad_chains(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "a policy's name is missing" },
		{ ",", "a policy's name is missing" },
		{ "ignore,", "a policy's name is missing" },
		{ ",ignore", "a policy's name is missing" },
		{ "ignore,,once", "a policy's name is missing" },
		{ ":3", "a policy's name is missing" },
		{ "FOO", "unknown policy 'FOO' (known: " },
		{ "Ignore", "unknown policy 'Ignore' (known: " },
		{ "ignor", "unknown policy 'ignor' (known: " },
		{ "ignored", "unknown policy 'ignored' (known: " },
		{ " ignore", "unknown policy ' ignore' (known: " },
		{ "ask", "unknown policy 'ask' (known: " },
		{ "same(x=1)", "unknown policy 'same(x=1)' (known: " },
		{ "ignore,FOO:x", "unknown policy 'FOO' (known: " },
		{ "ignore:", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:0", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:000", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:-1", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:+1", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:4294967296", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:18446744073709551617", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:3x", "budget of 'ignore' is not 1 to 4294967295" },
		{ "ignore:3:4", "budget of 'ignore' is not 1 to 4294967295" },
		{ "unprotect: 3", "budget of 'log-and-unprotect' is not 1 to 4294967295" },
		{ "same,same,same,same,same,same,same,same,same", "more than 8 policies" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(parse(bad[i].text));
		assert_memory_equal(why, bad[i].why, strlen(bad[i].why));
		assert_string_equal(chain->text, "panic");
		assert_int_equal(chain->count, 1);
		assert_string_equal(chain->elements[0].policy->name, "panic");
		assert_int_equal(chain->elements[0].budget, 0);
	}
}

static void test_known_names_are_listed(void **state)
{
	(void)state;
	static const char *const names[] = { "panic", "oops", "log-and-unprotect", "ignore", "once", "same" };

	assert_false(parse("FOO"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(strstr(why, names[i]));
	assert_int_equal(why[strlen(why) - 1], ')');
}

static void test_long_text(void **state)
{
	(void)state;
	char text[1024];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(parse(text));
	assert_string_equal(why, "longer than 239 characters");
	text[200] = '\0';
	assert_false(parse(text));
	assert_true(strlen(why) < 200);               /* the name is cut */
	for (size_t bytes = 0; bytes < 80; bytes++) { /* a small buffer */
		char small[80];
		memset(small, '#', sizeof(small));
		assert_false(chain_parse(chain, "FOO", 3, small, bytes));
		for (size_t i = bytes; i < sizeof(small); i++)
			assert_int_equal(small[i], '#');
	}
}

static void test_each_policy(void **state)
{
	(void)state;
	struct violation plain = example(), redundant = example(), blind = example();

	redundant.redundant = true;
	blind.has_dry_run = false;
	assert_true(parse("panic"));
	expect_ask(plain, "panic", VERDICT_PANIC);
	expect_ask(blind, "panic", VERDICT_PANIC);
	assert_true(parse("oops"));
	expect_ask(plain, "oops", VERDICT_OOPS);
	expect_ask(blind, "oops", VERDICT_OOPS);
	assert_true(parse("unprotect")); /* recorded under its first name */
	expect_ask(plain, "log-and-unprotect", VERDICT_UNPROTECT);
	expect_ask(blind, "log-and-unprotect", VERDICT_UNPROTECT);
	assert_true(parse("ignore"));
	expect_ask(plain, "ignore", VERDICT_IGNORE);
	expect_ask(redundant, "ignore", VERDICT_IGNORE);
	expect_ask(blind, "ignore: no dry run", VERDICT_PANIC);
	assert_true(parse("once"));
	expect_ask(plain, "once", VERDICT_ONCE);
	expect_ask(blind, "once: no dry run", VERDICT_PANIC);
	assert_true(parse("same"));
	expect_ask(redundant, "same", VERDICT_ONCE);
	expect_ask(plain, "same: the store changes data", VERDICT_PANIC);
	expect_ask(blind, "same: no dry run", VERDICT_PANIC);
	blind.redundant = true; /* means nothing without a dry run */
	expect_ask(blind, "same: no dry run", VERDICT_PANIC);
}

static void test_oops_needs_a_victim(void **state)
{
	(void)state;
	static const struct {
		enum violation_context context;
		const char *asked;
	} cases[] = {
		{ CONTEXT_IRQ, "oops: in an interrupt; ignore" },
		{ CONTEXT_COMMIT, "oops: in a commit section; ignore" },
		{ CONTEXT_INIT, "oops: while starting; ignore" },
		{ CONTEXT_THREAD, "oops: no thread that may be killed; ignore" },
	};

	assert_true(parse("oops,ignore"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct violation violation = example();
		violation.context = cases[i].context;
		violation.can_oops = false;
		expect_ask(violation, cases[i].asked, VERDICT_IGNORE);
	}
}

static void test_order(void **state)
{
	(void)state;
	struct violation redundant = example();

	redundant.redundant = true;
	assert_true(parse("same,ignore,panic"));
	expect_ask(example(), "same: the store changes data; ignore", VERDICT_IGNORE);
	expect_ask(redundant, "same", VERDICT_ONCE);
	assert_true(parse("panic,ignore"));
	expect_ask(example(), "panic", VERDICT_PANIC);
	assert_true(parse("same,same,same,same,same,same,same,same")); /* runs out */
	expect_ask(example(),
		   "same: the store changes data; same: the store changes data; same: the store changes data; "
		   "same: the store changes data; same: the store changes data; same: the store changes data; "
		   "same: the store changes data; same: the store changes data",
		   VERDICT_PANIC);
}

static void test_budgets(void **state)
{
	(void)state;

	assert_true(parse("ignore:2,once:1"));
	expect_ask(example(), "ignore", VERDICT_IGNORE);
	expect_ask(example(), "ignore", VERDICT_IGNORE);
	expect_ask(example(), "ignore: budget used up; once", VERDICT_ONCE);
	expect_ask(example(), "ignore: budget used up; once: budget used up", VERDICT_PANIC);
	expect_ask(example(), "ignore: budget used up; once: budget used up", VERDICT_PANIC);
	assert_int_equal(chain->elements[0].used, 2);
	/* Two elements of one policy have a budget each. */
	assert_true(parse("ignore:1,ignore:1,panic"));
	expect_ask(example(), "ignore", VERDICT_IGNORE);
	expect_ask(example(), "ignore: budget used up; ignore", VERDICT_IGNORE);
	expect_ask(example(), "ignore: budget used up; ignore: budget used up; panic", VERDICT_PANIC);
}

/* Only a decision uses budget, and only then anything is stored. */
static void test_handing_over_is_free(void **state)
{
	(void)state;
	struct violation redundant = example();

	redundant.redundant = true;
	assert_true(parse("same:1,ignore"));
	stores = 0;
	expect_ask(example(), "same: the store changes data; ignore", VERDICT_IGNORE);
	expect_ask(example(), "same: the store changes data; ignore", VERDICT_IGNORE);
	assert_int_equal(stores, 0);
	expect_ask(redundant, "same", VERDICT_ONCE);
	assert_int_equal(stores, 1);
	expect_ask(redundant, "same: budget used up; ignore", VERDICT_IGNORE);
	assert_int_equal(stores, 1);
}

static void test_largest_budget(void **state)
{
	(void)state;

	assert_true(parse("ignore:4294967295"));
	chain->elements[0].used = 4294967294u;
	expect_ask(example(), "ignore", VERDICT_IGNORE);
	expect_ask(example(), "ignore: budget used up", VERDICT_PANIC);
	assert_int_equal(chain->elements[0].used, 4294967295u);
}

static void test_state_is_kept(void **state)
{
	(void)state;

	assert_true(parse("test-odd,test-odd:2,once"));
	expect_ask(example(), "test-odd", VERDICT_IGNORE);
	expect_ask(example(), "test-odd: even; test-odd", VERDICT_IGNORE);
	expect_ask(example(), "test-odd", VERDICT_IGNORE);
	expect_ask(example(), "test-odd: even; test-odd: even; once", VERDICT_ONCE);
	assert_int_equal(chain->elements[0].state[0], 4);
	assert_int_equal(chain->elements[1].state[0], 2);
	assert_int_equal(chain->elements[1].used, 1);
	assert_int_equal(chain->elements[0].used, 0); /* no budget: not counted */
}

static void test_several_chains(void **state)
{
	(void)state;
	struct violation violation = example();

	violation.several_chains = true;
	assert_true(parse("ignore"));
	expect_ask(violation, "", VERDICT_PANIC);
}

static void test_needs_dry_run(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool needs;
	} cases[] = {
		{ "panic", false }, { "oops", false }, { "unprotect", false },  { "ignore", true },
		{ "once", true },   { "same", true },  { "oops,panic", false }, { "oops,ignore:1", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct violation violation = example();
		bool needs = false;

		violation.has_dry_run = false;
		violation.can_oops = false;
		assert_true(parse(cases[i].text));
		chain_ask(chain, &violation, store);
		for (uint32_t j = 0; j < violation.asked_count; j++)
			needs |= violation.asked[j].why && strcmp(violation.asked[j].why, "no dry run") == 0;
		assert_int_equal(needs, cases[i].needs);
	}
	assert_true(parse("ignore:1,oops")); /* not being asked uses no budget */
	expect_ask(example(), "ignore", VERDICT_IGNORE);
}

/* A policy that forgot to say that it needs one: test-odd. */
static void test_forgotten_needs_dry_run(void **state)
{
	(void)state;
	struct violation violation = example();

	assert_true(parse("test-odd:1,oops"));
	violation.has_dry_run = false;
	expect_ask(violation, "test-odd: needs a dry run: set .needs_dry_run; oops", VERDICT_OOPS);
	assert_int_equal(chain->elements[0].used, 0);
	assert_true(parse("test-odd"));
	expect_ask(violation, "test-odd: needs a dry run: set .needs_dry_run", VERDICT_PANIC);
}

static void object(unsigned i, const char *text, vaddr_t start, vaddr_t end)
{
	assert_true(chain_parse(&table.chains[i], text, strlen(text), why, sizeof(why)));
	table.chains[i].object = start;
	table.chains[i].object_end = end;
	table.count = i + 1;
}

static void test_objects(void **state)
{
	(void)state;

	object(0, "ignore", 0, 0);
	object(1, "panic", 0x1000, 0x1008);
	object(2, "once", 0x1008, 0x1010);
	assert_ptr_equal(chain_for(&table, 0xfff), &table.chains[0]);
	assert_ptr_equal(chain_for(&table, 0x1000), &table.chains[1]);
	assert_ptr_equal(chain_for(&table, 0x1007), &table.chains[1]);
	assert_ptr_equal(chain_for(&table, 0x1008), &table.chains[2]);
	assert_ptr_equal(chain_for(&table, 0x1010), &table.chains[0]);
	assert_ptr_equal(chain_for(&table, 0), &table.chains[0]);
	assert_ptr_equal(chain_for(&table, UINT64_MAX), &table.chains[0]);

	assert_true(chain_is_one(&table, 0xff8, 8));
	assert_false(chain_is_one(&table, 0xff9, 8));
	assert_true(chain_is_one(&table, 0x1000, 8));
	assert_false(chain_is_one(&table, 0x1001, 8));
	assert_true(chain_is_one(&table, 0x1007, 1));
	assert_true(chain_is_one(&table, 0x1008, 8));
	assert_false(chain_is_one(&table, 0x100c, 8));
	assert_true(chain_is_one(&table, 0x1010, 4096));
	assert_false(chain_is_one(&table, 0, 0x2000)); /* begins and ends in the same chain */
	assert_true(chain_is_one(&table, 0x1000, 0));
	assert_true(chain_is_one(&table, UINT64_MAX - 3, 8)); /* wraps around */
}

static void test_equal_chains_are_one(void **state)
{
	(void)state;

	object(0, "panic", 0, 0);
	object(1, "ignore:2", 0x1000, 0x1008);
	object(2, "ignore:2", 0x1008, 0x1010);
	object(3, "ignore:3", 0x1010, 0x1018);
	object(4, "panic", 0x1020, 0x1028);
	assert_true(chain_is_one(&table, 0x1004, 8));
	assert_false(chain_is_one(&table, 0x100c, 8)); /* the budgets differ */
	assert_true(chain_is_one(&table, 0x1018, 32));
}

static void test_verdict_texts(void **state)
{
	(void)state;
	assert_string_equal(verdict_text(VERDICT_PANIC), "panic");
	assert_string_equal(verdict_text(VERDICT_OOPS), "oops");
	assert_string_equal(verdict_text(VERDICT_UNPROTECT), "unprotect");
	assert_string_equal(verdict_text(VERDICT_IGNORE), "ignore");
	assert_string_equal(verdict_text(VERDICT_ONCE), "once");
	assert_string_equal(verdict_text(VERDICT_COUNT), "unknown");
}

static void test_every_policy_has_help(void **state)
{
	(void)state;
	unsigned count = 0;

	SET_FOREACH(entry, policy) {
		count++;
		assert_non_null((*entry)->name);
		assert_non_null((*entry)->help);
		assert_non_null((*entry)->decide);
	}
	assert_int_equal(count, 7); /* and this test's own */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_chains),
		cmocka_unit_test(test_bad_chains),
		cmocka_unit_test(test_known_names_are_listed),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_each_policy),
		cmocka_unit_test(test_oops_needs_a_victim),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_budgets),
		cmocka_unit_test(test_handing_over_is_free),
		cmocka_unit_test(test_largest_budget),
		cmocka_unit_test(test_state_is_kept),
		cmocka_unit_test(test_several_chains),
		cmocka_unit_test(test_needs_dry_run),
		cmocka_unit_test(test_forgotten_needs_dry_run),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_equal_chains_are_one),
		cmocka_unit_test(test_verdict_texts),
		cmocka_unit_test(test_every_policy_has_help),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
