/* SPDX-License-Identifier: MIT */
/* cmd_programs.c: programs of the archive, in the foreground and in the background; fuzz. */
#include "sh.h"

#define JOBS         8
#define RENEW_US     2000000
#define SETTLE_STEPS 3000 /* of 10 ms: who has just ended is taken apart while we look */
#define PROGRAM_NAME_MAX 64
#define WRONG_USE    2   /* exit code: it did nothing but say how it is used */

static struct job {
	struct child child;
	char name[PROGRAM_NAME_MAX + 1];
	bool is_running;
} jobs[JOBS];
#define SIGNAL_JOB(i) (4ull << (i))

bool is_for_init(const char *name)
{
	static const char *const names[] = { "attacks", "consoletest", "labtest", "systest", "uart" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Their failure is a failure of this boot. */
static bool is_test(const char *name)
{
	static const char *const names[] = { "fuzz", "schedtest", "sealer", "stress", "traps" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

bool is_service(const char *name)
{
	return !strcmp(name, "supervisor") || !strcmp(name, "console") || !strcmp(name, "sh");
}

static char culprit[PROGRAM_NAME_MAX + 1]; /* the first one */

const char *failed_program(void)
{
	return culprit[0] ? culprit : NULL;
}

static void note_failure(const char *name)
{
	enum error error = sys_system_control(HANDLE_SYSTEM, SYSTEM_FAILED, 0);

	if (error) {
		say("sh: the failure can't be noted: %s\n", error_text(error));
		return;
	}
	say("sh: this boot has failed, since '%s' has\n", name);
	if (!culprit[0])
		(void)copy_text(culprit, sizeof(culprit), name);
}

/* What its end means, beyond its exit code. */
static void judge(const char *name, uint64_t exit_code)
{
	if (!exit_code)
		return;
	if (is_for_init(name))
		say("sh: '%s' wants handles that the shell doesn't give: boot with init=%s\n", name, name);
	else if (is_test(name) && exit_code != WRONG_USE)
		note_failure(name);
}

static void close_child(struct child *child)
{
	(void)!sys_space_kill(child->space); /* threads other than its first one */
	(void)sys_handle_close(child->thread);
	(void)sys_handle_close(child->space);
}

/* console: what it finds at HANDLE_TERMINAL, or HANDLE_NONE. */
static enum error start(char **words, enum error (*before)(struct child *child), uint64_t signal, handle_t console,
                        struct child *child)
{
	const uint64_t rights = RIGHT_SEND;
	enum error error;

	if (strlen(words[0]) > PROGRAM_NAME_MAX || !words[0][0])
		return ERR_NOT_FOUND;
	if (is_service(words[0])) {
		say("sh: '%s' is started by the supervisor only\n", words[0]);
		return ERR_DENIED;
	}
	error = spawn_stopped(&(struct spawn){ .words = (const char *const *)words, .handles = &console, .rights = &rights,
	                                       .handle_count = console ? 1 : 0 }, child);
	if (error == ERR_NOT_FOUND)
		return error;
	if (!error) {
		error = before ? before(child) : OK;
		if (!error)
			error = sys_thread_watch(child->thread, signals, signal);
		if (!error)
			error = sys_thread_start(child->thread);
		if (error)
			close_child(child);
	}
	if (error)
		say("sh: '%s' can't be started: %s\n", words[0], error_text(error));
	return error;
}

/* Of one that has ended; closes its handles. */
static uint64_t finish(const char *name, struct child *child)
{
	uint64_t state, priority, cpu, code = 0, runs;
	char text[48];

	(void)!sys_thread_info(child->thread, &state, &priority, &cpu, &code, &runs);
	close_child(child);
	exit_code_text(code, text, sizeof(text));
	if (code)
		say("sh: '%s' has ended: %s\n", name, text);
	return code;
}

/* The badge tells the console driver that Ctrl-C is for us even while that program reads. HANDLE_NONE: no memory for it now. */
static handle_t console_for_programs(void)
{
	static handle_t console;

	if (!console && sys_handle_duplicate(HANDLE_CONSOLE, RIGHT_SEND | RIGHT_GRANT, 1, &console))
		console = HANDLE_NONE;
	return console;
}

enum error program_run(char **words, enum error (*before)(struct child *child), uint64_t *exit_code)
{
	bool is_stopped = false;
	struct child child;
	enum error error = start(words, before, SIGNAL_ENDED, console_for_programs(), &child);

	if (error)
		return error;
	for (;;) {
		uint64_t which = signals_take(SIGNAL_ENDED | SIGNAL_INTERRUPT, RENEW_US);

		if (which & SIGNAL_ENDED)
			break;
		if (which)
			is_stopped = !sys_space_kill(child.space);
		else
			listen_for_interrupts();
	}
	*exit_code = finish(words[0], &child);
	if (!is_stopped)
		judge(words[0], *exit_code);
	return OK;
}

enum error program_in_background(char **words)
{
	for (unsigned i = 0; i < JOBS; i++) {
		enum error error;

		if (jobs[i].is_running)
			continue;
		error = start(words, NULL, SIGNAL_JOB(i), HANDLE_NONE, &jobs[i].child);
		jobs[i].is_running = !error;
		(void)copy_text(jobs[i].name, sizeof(jobs[i].name), words[0]);
		return error;
	}
	say("sh: '%s' can't be started: %u run in the background already\n", words[0], JOBS);
	return ERR_FULL;
}

void jobs_report(void)
{
	for (unsigned i = 0; i < JOBS; i++)
		if (jobs[i].is_running && signals_take(SIGNAL_JOB(i), TIMEOUT_NOW)) {
			jobs[i].is_running = false;
			if (!finish(jobs[i].name, &jobs[i].child))
				say("sh: '%s' has ended\n", jobs[i].name);
		}
}

void program_names(void (*visit)(void *context, const char *name), void *context)
{
	struct records records = RECORDS(SYSTEM_PROGRAMS, struct system_program);
	const struct system_program *program;

	while ((program = records_next(&records)))
		if (!is_service(program->name))
			visit(context, program->name);
}

/* --- fuzz ---------------------------------------------------------------------------------------------------------------- */

/* Objects, and memory of programs. */
static bool are_equal(const struct system_counts *a, const struct system_counts *b)
{
	return !memcmp(a->objects, b->objects, sizeof(a->objects)) && a->user_frames == b->user_frames && a->space_tables == b->space_tables;
}

static bool everything_is_back(const struct system_counts *before)
{
	struct system_counts after;

	for (unsigned i = 0; i < SETTLE_STEPS; i++) {
		if (record_read(SYSTEM_COUNTS, &after, sizeof(after)) == OK && are_equal(before, &after))
			return true;
		(void)!sys_sleep(10000);
	}
	return false;
}

static bool is_background_busy(void)
{
	for (unsigned i = 0; i < JOBS; i++)
		if (jobs[i].is_running)
			return true;
	return false;
}

static bool fuzz(int count, char **words)
{
	struct system_counts before;
	uint64_t number, code;
	enum error error;

	if (count != 3)
		return false;
	if (!number_of("fuzz", words[1], &number) || !number_of("fuzz", words[2], &number))
		return true;
	if (!number) {
		say("fuzz: 0: at least 1 call\n");
		return true;
	}
	error = record_read(SYSTEM_COUNTS, &before, sizeof(before));
	if (!error)
		error = program_run(words, NULL, &code);
	if (error == ERR_DENIED)
		return true; /* has been said */
	if (!error && is_background_busy()) {
		say("fuzz: something runs in the background: what was given back can't be told\n");
		return true;
	}
	if (!error && everything_is_back(&before)) {
		say("fuzz: all objects and all memory were given back\n");
		return true;
	}
	say("fuzz: %s\n", error ? error_text(error) : "objects or memory were not given back (mem)");
	note_failure("fuzz");
	return true;
}
COMMAND(fuzz, "SEED N", "N random system calls; the same SEED, the same calls", fuzz);
COMMAND_IS_PROGRAM(bench, "", "what things cost in instructions (needs QEMU's -icount)");
COMMAND_IS_PROGRAM(hello, "[CODE [WORD]...]", "the smallest program; CODE, 32 bits, is its exit code");
