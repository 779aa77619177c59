/* SPDX-License-Identifier: MIT */
/*
 * systest: what a handle to the kernel shows and orders, one line for each record, for the tests. init="systest COMMAND …", or
 * in the supervisor's place (a module with this file under that name) with run="COMMAND …": then it has all rights. Several
 * commands have `;` in between.
 */
#include "systest.h"

#define WORDS_MAX 8

/* --- orders --------------------------------------------------------------------------------------------------------- */

static void say_result(const char *what, enum error error)
{
	printf("%s: %s", what, error ? error_text(error) : "done");
}

static void order(enum system_order order, const char *what, uint64_t argument)
{
	say_result(what, sys_system_control(HANDLE_SYSTEM, order, argument));
}

uint64_t number_of(const char *word)
{
	uint64_t value;

	if (word && parse_number(word, &value))
		return value;
	printf("not a number: '%s'", word ? word : "");
	exit(2);
}

static void power_off(char **words)
{
	(void)words;
	order(SYSTEM_POWER_OFF, "poweroff", 0);
}

static void reboot(char **words)
{
	(void)words;
	order(SYSTEM_REBOOT, "reboot", 0);
}

static void note_failure(char **words)
{
	(void)words;
	order(SYSTEM_FAILED, "failed", 0);
}

static void kill_by_id(char **words)
{
	order(SYSTEM_KILL, "kill", number_of(words[1]));
}

static void give_order(char **words)
{
	order((enum system_order)number_of(words[1]), "order", 0);
}

static void end(char **words)
{
	exit((uint32_t)number_of(words[1]));
}

static void crash(char **words)
{
	(void)words;
	*(volatile int *)(USER_END - sizeof(int)) = 1; /* the vDSO's code */
}

/* --- which one ------------------------------------------------------------------------------------------------------ */

static const struct command {
	const char *name;
	void (*run)(char **words);
} commands[] = {
	{ "poweroff", power_off }, { "reboot", reboot },   { "failed", note_failure }, { "kill", kill_by_id },
	{ "order", give_order },   { "end", end },         { "crash", crash },         { "threads", show_threads },
	{ "symbol", show_symbol }, { "counts", show_counts },   { "seal", show_seal },         { "sealed", show_sealed },
	{ "violations", show_violations }, { "states", show_states }, { "start", start_and_wait }, { "spin", spin },
	{ "killchild", kill_child }, { "linger", linger },     { "crowd", make_crowd },       { "records", make_records },
	{ "maps", read_maps },
};

static void run(char **words)
{
	for (unsigned i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, words[0]) == 0)
			return commands[i].run(words);
	printf("no such command: '%s'", words[0]);
	exit(2);
}

/* Up to the next `;`, whose place is returned; NULL: that was the last. */
static char *run_one(char *text)
{
	char *words[WORDS_MAX + 1] = { NULL }, *end = text;
	unsigned count = 0;
	bool is_last;

	for (; *end && *end != ';'; end++) {
		if (*end == ' ')
			*end = '\0';
		else if (count < WORDS_MAX && (end == text || !end[-1]))
			words[count++] = end;
	}
	is_last = !*end;
	*end = '\0';
	if (count)
		run(words);
	return is_last ? NULL : end + 1;
}

/* init= makes words of what run= leaves in one. */
int main(int count, char **words)
{
	char text[MESSAGE_ARGUMENTS_MAX];
	size_t at = 0;

	if (count == 1) {
		printf("usage systest COMMAND [; COMMAND]...");
		return 2;
	}
	for (int i = 1; i < count; i++)
		at += (size_t)format(text + at, sizeof(text) - at, "%s%s", i > 1 ? " " : "", words[i]);
	for (char *next = text; next; next = run_one(next))
		;
	return 0;
}
