/* SPDX-License-Identifier: MIT */
/* cmd_help.c: help. */
#include "sh.h"

#define USE_COLUMNS 23

static void say_program(void *context, const char *name)
{
	if (!command_find(name) && !is_for_init(name))
		say_item(context, name);
}

static void say_init_program(void *context, const char *name)
{
	if (is_for_init(name))
		say_item(context, name);
}

/* What is too wide for its column has a line of its own. */
static void say_command(const struct command *command)
{
	char use[SCREEN_COLUMNS];
	int bytes = format(use, sizeof(use), "%s %s", command->name, command->usage);

	if (bytes > USE_COLUMNS)
		say("%s\n%-23s %s\n", use, "", command->text);
	else
		say("%-23s %s\n", use, command->text);
}

static void say_all(void)
{
	unsigned column = 9, init_column = 19;

	for (const struct command *command = command_behind(""); command; command = command_behind(command->name))
		say_command(command);
	say("programs:");
	program_names(say_program, &column);
	say("\nonly as init=NAME:");
	program_names(say_init_program, &init_column);
	say("\nPROGRAM [ARG]... runs it; with & as the last word in the background.\n"
	    "Ctrl-C ends what runs; Tab completes; ' and \" keep blanks together.\n");
}

struct wanted {
	const char *name;
	bool is_found;
};

static void compare(void *context, const char *name)
{
	struct wanted *wanted = context;

	wanted->is_found |= !strcmp(wanted->name, name);
}

/* No command: a program says itself how it is used. */
static void say_no_command(const char *name)
{
	struct wanted wanted = { name, false };

	program_names(compare, &wanted);
	if (is_service(name))
		say("%s: a program that the supervisor alone starts\n", name);
	else if (!wanted.is_found)
		say("help: %s: no such command\n", name);
	else if (is_for_init(name))
		say("%s: a program, only as init=%s (docs/programs.md)\n", name, name);
	else
		say("%s: a program (docs/programs.md)\n", name);
}

static bool help(int count, char **words)
{
	const struct command *only = count == 2 ? command_find(words[1]) : NULL;

	if (count == 1)
		say_all();
	else if (only)
		say_command(only);
	else if (count == 2)
		say_no_command(words[1]);
	return count <= 2;
}
COMMAND(help, "[COMMAND]", "this list, or how to use one of them", help);
