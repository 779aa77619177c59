/* SPDX-License-Identifier: MIT */
/*
 * kernel/cmdline.c: the boot command line, word by word. The text is untrusted; whatever it is, options
 * and chains are valid afterwards, and each word that has no effect, or another one than it seems, is
 * complained about in one line. Pure (host-tested, fuzzed); init only.
 */
#include "cmdline.h"

#include "cmdline_words.h"
#include <amber/string.h>

#define LINE_BYTES     1800
#define WORD_SHOWN_MAX 1200 /* more than any printable word has */
#define OVERRIDE       "ro_fault."
#define OVERRIDE_BYTES (sizeof(OVERRIDE) - 1)

static char __initdata line[LINE_BYTES];
static char __initdata word[CMDLINE_MAX + 1];
/* The last inject=… and run=…, which may be complained about at the end. */
static char __initdata inject_word[CMDLINE_MAX + 1];
static char __initdata run_word[CMDLINE_MAX + 1];

/* Writes the word; bytes that would disturb the line as \u00XX, as the boot event shows them. */
static size_t __init show_word(const struct cmdline *cmdline, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < cmdline->word_length && used + 6 < WORD_SHOWN_MAX; i++) {
		uint8_t c = (uint8_t)cmdline->word[i];
		if (c >= 0x20 && c <= 0x7e)
			out[used++] = (char)c;
		else
			used += (size_t)format(out + used, WORD_SHOWN_MAX - used, "\\u%04x", c);
	}
	return used;
}

void __init cmdline_complain(const struct cmdline *cmdline, const char *fmt, ...)
{
	static const char prefix[] = "cmdline: ";
	size_t used = sizeof(prefix) - 1;
	va_list args;

	if (!cmdline->environment->report)
		return;
	memcpy(line, prefix, used);
	used += show_word(cmdline, line + used);
	line[used++] = ':';
	line[used++] = ' ';
	va_start(args, fmt);
	format_args(line + used, sizeof(line) - used, fmt, args);
	va_end(args);
	cmdline->environment->report(cmdline->environment->context, line);
}

static const struct cmdline_option *__init find_option(const char *name, size_t length)
{
	for (unsigned i = 0; i < cmdline_option_count; i++) {
		const char *known = cmdline_options[i].name;
		if (strlen(known) == length && memcmp(known, name, length) == 0)
			return &cmdline_options[i];
	}
	return NULL;
}

static void __init parse_option(struct cmdline *cmdline, const struct cmdline_option *option, const char *value)
{
	uint32_t bit = 1u << (option - cmdline_options);

	if (cmdline->seen & bit)
		cmdline_complain(cmdline, "option '%s' was given before; using this one", option->name);
	cmdline->seen |= bit;
	option->parse(cmdline, value);
}

static void __init parse_word(struct cmdline *cmdline)
{
	const char *equals = strchr(cmdline->word, '=');
	size_t length = equals ? (size_t)(equals - cmdline->word) : cmdline->word_length;
	const char *value = equals ? equals + 1 : "";
	const struct cmdline_option *option = find_option(cmdline->word, length);

	if (length > OVERRIDE_BYTES && memcmp(cmdline->word, OVERRIDE, OVERRIDE_BYTES) == 0)
		cmdline_parse_override(cmdline, cmdline->word + OVERRIDE_BYTES, length - OVERRIDE_BYTES, value);
	else if (option)
		parse_option(cmdline, option, value);
	else
		cmdline_complain(cmdline, "unknown option; ignored");
}

static void __init look_at_word(struct cmdline *cmdline, enum word_state state)
{
	switch (state) {
	case WORD_GOOD:
		parse_word(cmdline);
		return;
	case WORD_CUT:
		cmdline_complain(cmdline, "does not fit into the first %d bytes; ignored", CMDLINE_MAX);
		return;
	case WORD_UNCLOSED:
		cmdline_complain(cmdline, "a quote has no end; ignored");
		return;
	case WORD_BAD_BYTE:
		cmdline_complain(cmdline, "has a byte outside 0x20-0x7e; ignored");
		return;
	}
}

static void __init set_defaults(struct options *options, struct chain_table *chains)
{
	memset(options, 0, sizeof(*options));
	options->rodata = true;
	options->loglevel = 2;
	options->smp = MAX_CPUS;
	memset(chains, 0, sizeof(*chains));
	chains->count = 1;
	chain_set_panic(&chains->chains[0]);
}

static bool __init is_option(const char *text, const char *name)
{
	size_t length = strlen(name);

	return strncmp(text, name, length) == 0 && (text[length] == '=' || text[length] == '\0');
}

static void __init keep_word(void)
{
	if (is_option(word, "inject"))
		memcpy(inject_word, word, sizeof(inject_word));
	else if (is_option(word, "run"))
		memcpy(run_word, word, sizeof(run_word));
}

/* lab=on may stand behind inject=, so this is known at the end only. */
static void __init check_lab(struct cmdline *cmdline)
{
	struct options *options = cmdline->options;

	if (!options->has_inject || options->lab)
		return;
	options->inject_failed = true;
	options->injection_count = 0;
	cmdline->word = inject_word;
	cmdline->word_length = strlen(inject_word);
	cmdline_complain(cmdline, "needs lab=on; nothing is injected");
}

/* There is no shell beside a program that was asked for, or self-tests; they may stand behind run=, too. */
static void __init check_run(struct cmdline *cmdline)
{
	struct options *options = cmdline->options;
	bool has_init = options->init[0] || options->init_failed;

	if (!options->has_run || !(has_init || options->has_test))
		return;
	options->has_run = false;
	options->run[0] = '\0';
	cmdline->word = run_word;
	cmdline->word_length = strlen(run_word);
	cmdline_complain(cmdline, "there is no shell with %s; ignored", has_init ? "init=" : "test=");
}

void __init cmdline_parse(const char *text, size_t bytes, bool was_cut, struct options *options,
                          struct chain_table *chains, const struct cmdline_environment *environment)
{
	struct cmdline cmdline = { .options = options, .chains = chains, .environment = environment, .word = word };
	struct words words;
	enum word_state state;

	set_defaults(options, chains);
	words_start(&words, text, bytes, was_cut);
	while (words_next(&words, word, &cmdline.word_length, &state)) {
		look_at_word(&cmdline, state);
		if (state == WORD_GOOD)
			keep_word();
	}
	check_lab(&cmdline);
	check_run(&cmdline);
	chain_table_bind(chains);
}
