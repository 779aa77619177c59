/* SPDX-License-Identifier: MIT */
/* cmd_help.c: help. */
#include "sh.h"

#define TEXT_COLUMN 24
#define ROW_COLUMNS 79

/* The one behind that name in the alphabet; NULL: it was the last. */
static const struct command *next_by_name(const char *name)
{
	const struct command *next = NULL;

	SET_FOREACH(command, command)
		if (strcmp((*command)->name, name) > 0 && (!next || strcmp((*command)->name, next->name) < 0) &&
		    command_find((*command)->name))
			next = *command;
	return next;
}

static void say_program(void *context, const char *name)
{
	unsigned *column = context, length = (unsigned)strlen(name) + 1;

	if (command_find(name))
		return;
	if (*column + length > ROW_COLUMNS) {
		say("\n         ");
		*column = sizeof("programs:") - 1;
	}
	say(" %s", name);
	*column += length;
}

static bool help(int count, char **words)
{
	unsigned column = sizeof("programs:") - 1;
	const struct command *only = count == 2 ? command_find(words[1]) : NULL;

	if (count == 2 && !only)
		say("help: %s: no such command\n", words[1]);
	if (count > 1) {
		if (only)
			say("%s %s: %s\n", only->name, only->usage, only->text);
		return count == 2;
	}
	for (const struct command *command = next_by_name(""); command; command = next_by_name(command->name)) {
		char use[96];

		format(use, sizeof(use), "%s %s", command->name, command->usage);
		say("%-*s%s%s\n", TEXT_COLUMN, use, strlen(use) < TEXT_COLUMN ? "" : "\n                        ", command->text);
	}
	say("programs:");
	program_names(say_program, &column);
	say("\nPROGRAM [ARG]... runs it, with & behind it in the background; Ctrl-C ends it;\n"
	    "Tab completes; ' and \" quote.\n");
	return true;
}
COMMAND(help, "[COMMAND]", "this list", help);
