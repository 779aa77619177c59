/* SPDX-License-Identifier: MIT */
/*
 * kernel/cmdline_options.c: the table of boot options, one parser each. A parser sets the default first,
 * so that the last of two equal options decides alone, also if its value is bad. Pure; init only, apart
 * from the table's texts.
 */
#include "cmdline.h"

#include "inject_parse.h"
#include <amber/broken.h>
#include <amber/string.h>

#define WHY_BYTES        320
#define LOGLEVEL_DEFAULT 2

static void __init parse_switch(struct cmdline *cmdline, const char *value, const char *on, const char *off,
                                bool normal, bool *option)
{
	*option = normal;
	if (strcmp(value, on) == 0)
		*option = true;
	else if (strcmp(value, off) == 0)
		*option = false;
	else
		cmdline_complain(cmdline, "value is neither '%s' nor '%s'; using %s", on, off, normal ? on : off);
}

static void __init parse_chain(struct cmdline *cmdline, struct chain *chain, const char *value)
{
	char why[WHY_BYTES];

	bool good = chain_parse(chain, value, strlen(value), why, sizeof(why));

	if (good && chain_table_states(cmdline->chains) > CHAIN_STATES_MAX) {
		format(why, sizeof(why), "more than %d policies that keep state", CHAIN_STATES_MAX);
		chain_set_panic(chain);
		good = false;
	}
	if (!good)
		cmdline_complain(cmdline, "%s; using panic", why);
}

static void __init parse_ro_fault(struct cmdline *cmdline, const char *value)
{
	parse_chain(cmdline, &cmdline->chains->chains[0], value);
}

/* Only for the table: such words go to cmdline_parse_override, because their names differ. */
static void __init parse_override_name(struct cmdline *cmdline, const char *value)
{
	(void)value;
	cmdline_complain(cmdline, "the symbol is missing; ignored");
}

static void __init parse_rodata(struct cmdline *cmdline, const char *value)
{
	parse_switch(cmdline, value, "on", "off", true, &cmdline->options->rodata);
}

static void __init parse_lab(struct cmdline *cmdline, const char *value)
{
	parse_switch(cmdline, value, "on", "off", false, &cmdline->options->lab);
}

static void __init parse_inject(struct cmdline *cmdline, const char *value)
{
	char why[WHY_BYTES];

	cmdline->options->has_inject = true;
	cmdline->options->inject_failed =
		!inject_parse(cmdline->options, value, cmdline->environment, why, sizeof(why));
	if (cmdline->options->inject_failed)
		cmdline_complain(cmdline, "%s; nothing is injected", why);
}

static void __init parse_test(struct cmdline *cmdline, const char *value)
{
	cmdline->options->has_test = true;
	copy_text(cmdline->options->test, sizeof(cmdline->options->test), value);
}

static bool __init is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void __init parse_init(struct cmdline *cmdline, const char *value)
{
	size_t name = 0, length = strlen(value);

	while (is_letter_or_digit(value[name]) || (value[name] && strchr("-_.", value[name])))
		name++;
	cmdline->options->init[0] = '\0';
	cmdline->options->init_failed = true;
	if (!name || (value[name] && value[name] != ' '))
		cmdline_complain(cmdline, "a program's name has letters, digits, - _ and . only; nothing is started");
	else if (length > INIT_MAX)
		cmdline_complain(cmdline, "longer than %d bytes; nothing is started", INIT_MAX);
	else
		cmdline->options->init_failed = !copy_text(cmdline->options->init, sizeof(cmdline->options->init), value);
}

static void __init parse_run(struct cmdline *cmdline, const char *value)
{
	cmdline->options->has_run = value[0] != '\0';
	copy_text(cmdline->options->run, sizeof(cmdline->options->run), value);
	if (!cmdline->options->has_run)
		cmdline_complain(cmdline, "there is no command; ignored");
}

static void __init parse_exit(struct cmdline *cmdline, const char *value)
{
	cmdline->options->exit_debug = strcmp(value, "debug") == 0;
	if (!cmdline->options->exit_debug)
		cmdline_complain(cmdline, "value is not 'debug'; using ordinary power-off");
}

static void __init parse_nonce(struct cmdline *cmdline, const char *value)
{
	size_t length = 0;

	while (is_letter_or_digit(value[length]))
		length++;
	cmdline->options->nonce[0] = '\0';
	if (length == 0 || length > NONCE_MAX || value[length])
		cmdline_complain(cmdline, "value is not 1 to %d letters and digits; using no nonce", NONCE_MAX);
	else
		copy_text(cmdline->options->nonce, sizeof(cmdline->options->nonce), value);
}

static void __init parse_loglevel(struct cmdline *cmdline, const char *value)
{
	cmdline->options->loglevel = LOGLEVEL_DEFAULT;
	if (value[0] >= '0' && value[0] <= '4' && !value[1])
		cmdline->options->loglevel = (unsigned)(value[0] - '0');
	else
		cmdline_complain(cmdline, "value is not 0 to 4; using %d", LOGLEVEL_DEFAULT);
}

static void __init parse_smp(struct cmdline *cmdline, const char *value)
{
	cmdline->options->smp = MAX_CPUS;
	if (value[0] >= '1' && value[0] <= '0' + MAX_CPUS && !value[1])
		cmdline->options->smp = (unsigned)(value[0] - '0');
	else
		cmdline_complain(cmdline, "value is not 1 to %d; using %d", MAX_CPUS, MAX_CPUS);
}

static void __init parse_initcall_trace(struct cmdline *cmdline, const char *value)
{
	parse_switch(cmdline, value, "on", "off", false, &cmdline->options->initcall_trace);
}

static void __init parse_initcall_order(struct cmdline *cmdline, const char *value)
{
	parse_switch(cmdline, value, "reversed", "normal", false, &cmdline->options->initcall_reversed);
}

#ifdef AMBER_BREAK
/* Adds the name to the set; false: this machine doesn't know it. */
static bool __init add_broken(struct options *options, const char *name, size_t length)
{
	unsigned count;
	const struct broken_name *names = broken_names(&count);

	for (unsigned i = 0; i < count; i++) {
		if (strlen(names[i].name) == length && memcmp(names[i].name, name, length) == 0) {
			options->broken |= 1u << names[i].id;
			return true;
		}
	}
	return false;
}

static void __init parse_break(struct cmdline *cmdline, const char *value)
{
	cmdline->options->broken = 0;
	cmdline->options->break_list = strcmp(value, "list") == 0;
	if (cmdline->options->break_list)
		return;
	for (;;) {
		const char *comma = strchr(value, ',');
		size_t length = comma ? (size_t)(comma - value) : strlen(value);
		if (!add_broken(cmdline->options, value, length)) {
			cmdline->options->broken = 0;
			cmdline_complain(cmdline, "unknown name '%.*s' (break=list shows them); nothing is left out",
			                 (int)MIN(length, 64), value);
			return;
		}
		if (!comma)
			return;
		value = comma + 1;
	}
}
#endif

const struct cmdline_option cmdline_options[] = {
	{ "ro_fault", "CHAIN",
	  "what a write to sealed data leads to: policy[:budget][,policy[:budget]]…; default panic", parse_ro_fault },
	{ "ro_fault.", "SYMBOL=CHAIN", "the same for one sealed object", parse_override_name },
	{ "rodata", "on|off", "off: nothing is sealed; default on", parse_rodata },
	{ "lab", "on|off", "on: allows inject=; default off", parse_lab },
	{ "inject", "TARGET[+OFF]:FORM:VALUE[@CONTEXT][;…]",
	  "stores to execute after the seal, then power off (or run=); needs lab=on", parse_inject },
	{ "init", "PROGRAM [ARG]…", "the first user program (quote it); power off when it ends", parse_init },
	{ "run", "CMD[;CMD…]", "commands for the shell to run at once (quote them); poweroff as the last one ends it", parse_run },
	{ "test", "PATTERN", "run the self-tests that match (* = any text), then power off", parse_test },
	{ "exit", "debug", "end QEMU with an exit status", parse_exit },
	{ "nonce", "TEXT", "up to 32 letters and digits, repeated in every event", parse_nonce },
	{ "smp", "1…8", "use at most that many CPUs (default 8)", parse_smp },
	{ "loglevel", "0…4", "0 errors, 1 warnings, 2 information (default), 3 more, 4 debug", parse_loglevel },
	{ "initcall_trace", "on|off", "find out which initcall wrote each sealed object last; default off",
	  parse_initcall_trace },
	{ "initcall_order", "reversed|normal", "reversed: run each level of initcalls backwards; default normal",
	  parse_initcall_order },
#ifdef AMBER_BREAK
	{ "break", "NAME[,NAME…]|list", "leave protections out, or list the names and power off", parse_break },
#endif
};
const unsigned cmdline_option_count = ARRAY_SIZE(cmdline_options);

/* The object's own chain, or a free slot; NULL: the table is full. */
static struct chain *__init chain_slot(struct cmdline *cmdline, vaddr_t object, bool *is_new)
{
	struct chain_table *table = cmdline->chains;

	*is_new = false;
	for (uint32_t i = 1; i < table->count; i++) {
		if (table->chains[i].object == object)
			return &table->chains[i];
	}
	*is_new = true;
	return table->count < CHAINS_MAX ? &table->chains[table->count++] : NULL;
}

void __init cmdline_parse_override(struct cmdline *cmdline, const char *symbol, size_t symbol_length, const char *value)
{
	const struct cmdline_environment *environment = cmdline->environment;
	struct chain *chain;
	vaddr_t start;
	uint64_t bytes;
	bool is_new;
	char why[WHY_BYTES];

	if (!symbol_lookup(environment, symbol, symbol_length, &start, &bytes, why, sizeof(why))) {
		cmdline_complain(cmdline, "%s; ignored", why);
		return;
	}
	if (bytes == 0 || start < environment->sealed_start || start >= environment->sealed_end) {
		cmdline_complain(cmdline, "'%.*s' is no sealed object; ignored", (int)MIN(symbol_length, 64), symbol);
		return;
	}
	chain = chain_slot(cmdline, start, &is_new);
	if (!chain) {
		cmdline_complain(cmdline, "more than %d objects; ignored", CHAINS_MAX - 1);
		return;
	}
	if (!is_new)
		cmdline_complain(cmdline, "the object was given a chain before; using this one");
	parse_chain(cmdline, chain, value);
	chain->object = start;
	chain->object_end = start + bytes;
}
