/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/replay.c: build/host/replay CHAIN: reads recorded violations, one a line as "key=value …", asks
 * CHAIN about each in order, and prints "verdict: policy: why; policy …" for each. Keys: class (data, core),
 * context (thread, irq, commit, init), can_oops, has_dry_run, redundant, several_chains (0 or 1), count.
 * `--list` prints all policies and boot options.
 *
 * sources: kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/inject_parse.c kernel/format.c kernel/chain_parse.c kernel/policy/[a-z]*.c
 * flags: -Wl,-T,tests/unit/host_sets.ld
 */
#include <amber/chain.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "policy_check.h"

static void store(struct chain_element *element, uint32_t used, const uint8_t *state)
{
	element->used = used;
	if (state)
		memcpy(element->state, state, element->policy->state_bytes);
}

static void fail_at(unsigned line, const char *what, const char *text)
{
	fprintf(stderr, "replay: line %u: %s '%s'\n", line, what, text);
	exit(2);
}

/* Index of `value` in a list of names. */
static unsigned choose(unsigned line, const char *value, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(value, names[i]) == 0)
			return i;
	}
	fail_at(line, "unknown value", value);
	return 0;
}

static bool flag(unsigned line, const char *value)
{
	static const char *const names[] = { "0", "1" };

	return choose(line, value, names, 2) == 1;
}

static void set(struct violation *violation, unsigned line, const char *key, const char *value)
{
	static const char *const classes[] = { "none", "data", "core" };
	static const char *const contexts[] = { "thread", "irq", "commit", "init" };

	if (strcmp(key, "class") == 0)
		violation->class = (enum sealed_class)choose(line, value, classes, 3);
	else if (strcmp(key, "context") == 0)
		violation->context = (enum violation_context)choose(line, value, contexts, 4);
	else if (strcmp(key, "can_oops") == 0)
		violation->can_oops = flag(line, value);
	else if (strcmp(key, "has_dry_run") == 0)
		violation->has_dry_run = flag(line, value);
	else if (strcmp(key, "redundant") == 0)
		violation->redundant = flag(line, value);
	else if (strcmp(key, "several_chains") == 0)
		violation->several_chains = flag(line, value);
	else if (strcmp(key, "count") == 0)
		violation->count = strtoull(value, NULL, 0);
	else
		fail_at(line, "unknown key", key);
}

static struct violation read_violation(char *text, unsigned line)
{
	struct violation violation = { .class = CLASS_DATA, .count = 1 };

	for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) {
		char *equals = strchr(word, '=');
		if (!equals)
			fail_at(line, "not key=value:", word);
		*equals = '\0';
		set(&violation, line, word, equals + 1);
	}
	return violation;
}

static void decide(struct chain *chain, struct violation *violation)
{
	/* As kernel/decide.c: the protection's own data is never up for decision. */
	if (violation->class == CLASS_CORE)
		violation->verdict = VERDICT_PANIC;
	else
		chain_ask(chain, violation, store);
	printf("%s", verdict_text(violation->verdict));
	for (uint32_t i = 0; i < violation->asked_count; i++) {
		const struct violation_asked *asked = &violation->asked[i];
		printf("%s%s%s%s", i ? "; " : ": ", asked->policy, asked->why ? ": " : "",
		       asked->why ? asked->why : "");
	}
	printf("\n");
}

static int list(void)
{
	SET_FOREACH(policy, policy)
		printf("policy\t%s\t%s\t%s\n", (*policy)->name, (*policy)->alias ? (*policy)->alias : "",
		       (*policy)->help);
	for (unsigned i = 0; i < cmdline_option_count; i++)
		printf("option\t%s\t%s\t%s\n", cmdline_options[i].name, cmdline_options[i].values,
		       cmdline_options[i].help);
	return 0;
}

/* A wrong policy would look like a wrong chain, or write behind its state. */
static void refuse_wrong_policies(void)
{
	char why[320];
	bool all_good = true;

	SET_FOREACH(policy, policy) {
		if (policy_is_good(*policy, why, sizeof(why)))
			continue;
		fprintf(stderr, "replay: %s\n", why);
		all_good = false;
	}
	if (!all_good)
		exit(2);
}

int main(int argc, char **argv)
{
	static struct chain_table table = { .count = 1 };
	struct chain *chain = &table.chains[0];
	static char text[4096];
	char why[320];
	unsigned line = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: replay CHAIN < violations, or replay --list\n");
		return 2;
	}
	refuse_wrong_policies();
	if (strcmp(argv[1], "--list") == 0)
		return list();
	if (!chain_parse(chain, argv[1], strlen(argv[1]), why, sizeof(why))) {
		fprintf(stderr, "replay: %s\n", why);
		return 2;
	}
	chain_table_bind(&table);
	while (fgets(text, sizeof(text), stdin)) {
		struct violation violation = read_violation(text, ++line);
		decide(chain, &violation);
	}
	return 0;
}
