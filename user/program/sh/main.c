/* SPDX-License-Identifier: MIT */
/*
 * main.c: sh, the shell: first the commands of run=, which the supervisor keeps, then those that a person types into the console.
 * A line is a command (a COMMAND() line in cmd_*.c) or a program of the archive, with its words.
 */
#include "sh.h"

bool is_in_run;
handle_t signals;
static uint64_t signalled; /* and not taken yet */

bool has_lab(void)
{
	uint64_t type, rights, badge;

	return !sys_handle_info(HANDLE_LAB, &type, &rights, &badge) && type == OBJECT_LAB;
}

const struct command *command_find(const char *name)
{
	SET_FOREACH(command, command)
		if (!strcmp((*command)->name, name))
			return (*command)->needs_lab && !has_lab() ? NULL : *command;
	return NULL;
}

const struct command *command_behind(const char *name)
{
	const struct command *next = NULL;

	SET_FOREACH(command, command)
		if (strcmp((*command)->name, name) > 0 && (!next || strcmp((*command)->name, next->name) < 0) &&
		    command_find((*command)->name))
			next = *command;
	return next;
}

uint64_t signals_take(uint64_t wanted, uint64_t timeout)
{
	uint64_t bits;

	while (!(signalled & wanted) && !sys_wait(signals, timeout, &bits))
		signalled |= bits;
	bits = signalled & wanted;
	signalled &= ~bits;
	return bits;
}

void say_item(unsigned *column, const char *text)
{
	const char *before = !*column ? "" : *column + 1 + strlen(text) < SCREEN_COLUMNS ? " " : "\n   ";

	say("%s%s", before, text);
	*column = (unsigned)((before[0] == '\n' ? 3 : *column + strlen(before)) + strlen(text));
}

bool was_interrupted(void)
{
	return signals_take(SIGNAL_INTERRUPT, TIMEOUT_NOW);
}

void listen_for_interrupts(void)
{
	(void)!console_interrupts(HANDLE_CONSOLE, signals, SIGNAL_INTERRUPT);
}

static void say_unknown(const char *name)
{
	say("sh: no such command '%s' (try help)\n", name);
	SET_FOREACH(command, command)
		if (!strcmp((*command)->name, name)) /* it is hidden */
			say("sh: '%s' needs the boot option lab=on\n", name);
}

static void execute_words(int count, char **words)
{
	const struct command *command = command_find(words[0]);
	bool in_background = count > 1 && !strcmp(words[count - 1], "&");
	uint64_t code;
	enum error error;

	if (command && command->run) {
		if (!command->run(count, words))
			say("%s: usage %s%s%s\n", command->name, command->name, command->usage[0] ? " " : "", command->usage);
		return;
	}
	if (in_background)
		words[count - 1] = NULL;
	error = in_background ? program_in_background(words) : program_run(words, NULL, &code);
	if (error == ERR_NOT_FOUND)
		say_unknown(words[0]);
}

/* line: at most CONSOLE_LINE_MAX characters; its words are made in place. */
static void execute(char *line)
{
	char *words[WORDS_MAX + 1];
	int count;
	const char *wrong = words_split(line, words, &count);

	if (wrong)
		say("sh: %s\n", wrong);
	if (wrong || !count)
		return;
	listen_for_interrupts();
	execute_words(count, words);
}

/* Ctrl-C from now on is meant for the next line: it may come as soon as that has been typed. */
static void expect_line(void)
{
	listen_for_interrupts();
	(void)was_interrupted();
}

static void say_too_long(void)
{
	say("sh: line too long (at most %u)\n", CONSOLE_LINE_MAX);
}

/* False: that was all. */
static bool run_next(void)
{
	struct message message = { MESSAGE_INFO(SUPERVISOR_NEXT, 0, 0), { 0 }, 0 };
	char line[SUPERVISOR_TEXT_MAX + 1];
	uint64_t bytes;

	expect_line();
	if (ipc_call(HANDLE_SUPERVISOR, &message, TIMEOUT_FOREVER) || !message.words[0])
		return false;
	bytes = MIN(message.words[0] - 1, (uint64_t)SUPERVISOR_TEXT_MAX);
	message_get_text(&message, 1, 0, line, bytes);
	line[bytes] = '\0';
	jobs_report();
	say("amber> %s\n", line);
	if (bytes > CONSOLE_LINE_MAX)
		say_too_long();
	else
		execute(line);
	return true;
}

static void type_line(struct console_line *line)
{
	enum console_answer answer;
	enum error error;

	expect_line();
	error = console_read_line(HANDLE_CONSOLE, "amber> ", line, &answer);
	if (!error && answer == CONSOLE_COMPLETE) {
		complete(line);
		return;
	}
	if (error)
		(void)!sys_sleep(100000); /* the console driver dies again and again */
	else if (answer == CONSOLE_LINE)
		execute(line->text);
	else if (answer == CONSOLE_TOO_LONG)
		say_too_long();
	*line = (struct console_line){ 0 };
	jobs_report();
}

int main(int count, char **words)
{
	struct console_line line = { 0 };
	enum error error = sys_notification_create(&signals);

	(void)count;
	(void)words;
	if (error)
		fail("notification", error);
	is_in_run = true;
	while (run_next())
		continue;
	is_in_run = false;
	for (;;)
		type_line(&line);
}
