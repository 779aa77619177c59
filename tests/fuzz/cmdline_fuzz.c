/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/cmdline_fuzz.c: random command lines (libFuzzer). Whatever the text: nothing is read behind its
 * end, each complaint is one well-formed line, options and chains are valid, and only the first 1023 bytes count.
 *
 * sources: kernel/cmdline.c kernel/cmdline_words.c kernel/cmdline_options.c kernel/inject_parse.c kernel/format.c kernel/policy/chain.c kernel/chain_parse.c kernel/policy/panic.c kernel/policy/oops.c kernel/policy/unprotect.c kernel/policy/ignore.c kernel/policy/once.c kernel/policy/same.c
 * flags: -Wl,-T,tests/unit/host_sets.ld -fsanitize-ignorelist=tests/fuzz/ignore.list
 */
#include "cmdline_fixture.h"
#include "fuzz.h"

#include <ctype.h>

static struct options first_options;
static struct chain_table first_chains;

/* "cmdline: WORD: what is wrong; what is done instead", whatever WORD contains. */
static void check_complaint(void *context, const char *line)
{
	const char *behind_word;

	check_printable(line, 1800);
	REQUIRE(strncmp(line, "cmdline: ", 9) == 0);
	behind_word = strstr(line + 9, ": ");
	REQUIRE(behind_word && strstr(behind_word, "; "));
	++*(unsigned *)context;
}

static void check_chain(const struct chain *chain)
{
	static struct chain again;
	char why[320];

	check_printable(chain->text, sizeof(chain->text));
	REQUIRE(chain->count >= 1 && chain->count <= CHAIN_ELEMENTS_MAX);
	for (uint32_t i = 0; i < chain->count; i++)
		REQUIRE(chain->elements[i].policy && chain->elements[i].used == 0);
	REQUIRE(chain_parse(&again, chain->text, strlen(chain->text), why, sizeof(why)));
	REQUIRE(again.count == chain->count && memcmp(again.elements, chain->elements, sizeof(again.elements)) == 0);
}

static void check_chains(struct chain_table *table)
{
	REQUIRE(table->count >= 1 && table->count <= CHAINS_MAX);
	REQUIRE(table->chains[0].object == 0 && table->chains[0].object_end == 0);
	for (uint32_t i = 0; i < table->count; i++) {
		const struct chain *chain = &table->chains[i];
		check_chain(chain);
		if (i == 0)
			continue;
		REQUIRE(chain->object >= SEALED_START && chain->object < SEALED_END &&
			chain->object_end > chain->object);
		REQUIRE(chain_for(table, chain->object) == chain); /* no two for one object */
	}
}

static void check_injection(const struct injection *injection)
{
	unsigned bytes = inject_form_bytes(injection->form);

	REQUIRE(injection->form <= INJECT_FILL && inject_form_text(injection->form));
	REQUIRE(injection->context <= CONTEXT_COMMIT);
	REQUIRE(!injection->same || (injection->form != INJECT_FILL && injection->value == 0));
	REQUIRE(bytes >= 8 || injection->value >> (8 * bytes) == 0);
	check_printable(injection->target, sizeof(injection->target));
	REQUIRE(injection->target[0]);
}

static void check_options(const struct options *options)
{
	REQUIRE(options->loglevel <= 4);
	REQUIRE(options->broken == 0 && !options->break_list);
	check_printable(options->nonce, sizeof(options->nonce));
	for (const char *c = options->nonce; *c; c++)
		REQUIRE(isalnum((unsigned char)*c));
	check_printable(options->test, sizeof(options->test));
	REQUIRE(options->has_test || !options->test[0]);
	check_printable(options->init, sizeof(options->init));
	REQUIRE(!options->init_failed || !options->init[0]);
	REQUIRE(options->init[0] != ' ');
	REQUIRE(options->injection_count <= INJECTIONS_MAX);
	REQUIRE(options->has_inject || !options->inject_failed);
	REQUIRE((options->injection_count > 0) == (options->has_inject && !options->inject_failed));
	REQUIRE(options->injection_count == 0 || options->lab);
	for (unsigned i = 0; i < options->injection_count; i++)
		check_injection(&options->injections[i]);
}

/* Parses once more in another way, and compares. */
static void check_same_result(const char *text, size_t bytes, bool was_cut)
{
	struct cmdline_environment silent = environment;

	silent.report = NULL;
	memset(&parsed, 0x5a, sizeof(parsed));
	memset(&parsed_chains, 0x5a, sizeof(parsed_chains));
	cmdline_parse(text, bytes, was_cut, &parsed, &parsed_chains, &silent);
	REQUIRE(memcmp(&parsed, &first_options, sizeof(parsed)) == 0);
	REQUIRE(memcmp(&parsed_chains, &first_chains, sizeof(parsed_chains)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned count = 0;
	struct cmdline_environment checking = environment;

	checking.report = check_complaint;
	checking.context = &count;
	memset(&first_options, 0xa5, sizeof(first_options));
	memset(&first_chains, 0xa5, sizeof(first_chains));
	cmdline_parse((const char *)data, size, false, &first_options, &first_chains, &checking);
	check_options(&first_options);
	check_chains(&first_chains);
	check_same_result((const char *)data, size, false);
	if (size > CMDLINE_MAX) {
		/* As a boot protocol hands it over; in a block of its own, so that a read behind it is seen. */
		char *cut = malloc(CMDLINE_MAX);
		memcpy(cut, data, CMDLINE_MAX);
		check_same_result(cut, CMDLINE_MAX, data[CMDLINE_MAX] != ' ');
		free(cut);
	}
	return 0;
}
