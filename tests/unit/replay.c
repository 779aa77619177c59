/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/replay.c: build/host/replay CHAIN: reads recorded violations, one a line as "key=value …", asks
 * CHAIN about each in order, and prints "verdict: policy: why; policy …" for each. The keys are in
 * tests/unit/README.md; `tools/explain --replay` makes such lines of a log.
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

static uint64_t flag(unsigned line, const char *value)
{
	static const char *const names[] = { "0", "1" };

	return choose(line, value, names, 2);
}

static uint64_t number(unsigned line, const char *value)
{
	char *end;
	uint64_t found = strtoull(value, &end, 0);

	if (!*value || *end || *value == '-')
		fail_at(line, "no number:", value);
	return found;
}

/* Bytes in hex, in memory order, as the event has them; returns how many. */
static unsigned bytes(unsigned line, const char *value, uint8_t data[VIOLATION_BYTES_MAX])
{
	unsigned count = (unsigned)strlen(value) / 2;

	if (strlen(value) % 2 || count > VIOLATION_BYTES_MAX || strspn(value, "0123456789abcdefABCDEF") != strlen(value))
		fail_at(line, "not up to 64 bytes in hex:", value);
	for (unsigned i = 0; i < count; i++)
		sscanf(value + 2 * i, "%2hhx", &data[i]);
	return count;
}

/* A record and how many bytes of it the line has given. */
struct reading {
	struct violation violation;
	unsigned old_bytes, new_bytes;
};

static bool set_word(struct reading *reading, unsigned line, const char *key, const char *value)
{
	static const char *const classes[] = { "none", "data", "core" };
	static const char *const contexts[] = { "thread", "irq", "commit", "init" };
	static const char *const kinds[] = { "unknown", "store", "atomic", "string", "zero-block", "exclusive" };
	struct violation *violation = &reading->violation;

	if (strcmp(key, "class") == 0)
		violation->class = (enum sealed_class)choose(line, value, classes, ARRAY_SIZE(classes));
	else if (strcmp(key, "context") == 0)
		violation->context = (enum violation_context)choose(line, value, contexts, ARRAY_SIZE(contexts));
	else if (strcmp(key, "kind") == 0)
		violation->kind = (enum store_kind)choose(line, value, kinds, ARRAY_SIZE(kinds));
	else if (strcmp(key, "thread") == 0)
		snprintf(violation->thread, sizeof(violation->thread), "%s", value);
	else if (strcmp(key, "old") == 0)
		reading->old_bytes = bytes(line, value, violation->old);
	else if (strcmp(key, "new") == 0)
		reading->new_bytes = bytes(line, value, violation->new);
	else
		return false;
	return true;
}

static bool set_flag(struct violation *violation, unsigned line, const char *key, const char *value)
{
	const struct {
		const char *key;
		bool *where;
	} flags[] = {
		{ "can_oops", &violation->can_oops },     { "has_dry_run", &violation->has_dry_run },
		{ "redundant", &violation->redundant },   { "several_chains", &violation->several_chains },
		{ "size_exact", &violation->size_exact },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(key, flags[i].key) == 0) {
			*flags[i].where = flag(line, value);
			return true;
		}
	}
	return false;
}

static bool set_number(struct violation *violation, unsigned line, const char *key, const char *value)
{
	const struct {
		const char *key;
		uint64_t *where;
	} numbers[] = {
		{ "seq", &violation->seq }, { "time_us", &violation->time_us }, { "pc", &violation->pc },
		{ "addr", &violation->addr }, { "size", &violation->size_bytes }, { "count", &violation->count },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (strcmp(key, numbers[i].key) == 0) {
			*numbers[i].where = number(line, value);
			return true;
		}
	}
	return false;
}

/* What the values that were given say together; a policy may rely on it in the kernel, too. */
static void complete(struct reading *reading, unsigned line)
{
	struct violation *violation = &reading->violation;
	uint64_t known = violation->size_bytes ? MIN(violation->size_bytes, (uint64_t)VIOLATION_BYTES_MAX) : 8;

	violation->has_size = violation->size_bytes != 0;
	violation->has_values = reading->old_bytes != 0;
	violation->object_bytes = violation->has_size ? violation->size_bytes : 1;
	if (reading->old_bytes && reading->old_bytes != known)
		fail_at(line, "old= must have", violation->has_size ? "as many bytes as size= says, 64 at most" : "8 bytes without size=");
	if (reading->new_bytes && (!violation->has_size || !violation->has_dry_run))
		fail_at(line, "new= needs", "size= and has_dry_run=1");
	if (violation->has_size && reading->new_bytes != reading->old_bytes)
		fail_at(line, "size= and old= need new=", "as many bytes as old=");
}

static struct violation read_violation(char *text, unsigned line)
{
	struct reading reading = { .violation = { .class = CLASS_DATA, .count = 1 } };
	struct violation *violation = &reading.violation;

	for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n")) {
		char *equals = strchr(word, '=');
		if (!equals)
			fail_at(line, "not key=value:", word);
		*equals = '\0';
		if (!set_word(&reading, line, word, equals + 1) && !set_flag(violation, line, word, equals + 1) &&
		    !set_number(violation, line, word, equals + 1))
			fail_at(line, "unknown key", word);
	}
	complete(&reading, line);
	return *violation;
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
