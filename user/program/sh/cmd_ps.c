/* SPDX-License-Identifier: MIT */
/* cmd_ps.c: ps, kill: threads. */
#include "sh.h"

static const char *state_text(uint64_t state)
{
	static const char *const texts[] = {
		[SYSTEM_RUNNING] = "running", [SYSTEM_READY] = "ready", [SYSTEM_STOPPED] = "stopped", [SYSTEM_SENDING] = "sending",
		[SYSTEM_RECEIVING] = "receiving", [SYSTEM_CALLING] = "calling", [SYSTEM_WAITING] = "waiting",
		[SYSTEM_SLEEPING] = "sleeping", [SYSTEM_BLOCKED] = "blocked", [SYSTEM_ENDED] = "ended",
	};

	return state < ARRAY_SIZE(texts) ? texts[state] : "?";
}

static void say_thread(const struct system_thread *thread)
{
	char doing[48];

	if (thread->state == SYSTEM_ENDED)
		exit_code_text(thread->exit_code, doing, sizeof(doing));
	else
		copy_text(doing, sizeof(doing), thread->space || thread->doing[0] ? thread->doing : "kernel thread");
	say("%5zu  %-16s %-10s %5zu.%02zu %4zu %5zu  %s\n", (size_t)thread->id, thread->name, state_text(thread->state),
	    (size_t)thread->ticks / 100, (size_t)thread->ticks % 100, (size_t)thread->cpu, (size_t)thread->priority, doing);
}

static bool ps(int count, char **words)
{
	struct records records = RECORDS(SYSTEM_THREADS, struct system_thread);
	const struct system_thread *thread;

	(void)words;
	if (count != 1)
		return false;
	say("%5s  %-16s %-10s %8s %4s %5s  %s\n", "ID", "NAME", "STATE", "CPU TIME", "CPU", "PRIO", "CALL, OR ITS END");
	while ((thread = records_next(&records)) && !was_interrupted())
		say_thread(thread);
	if (records.error)
		say("ps: %s\n", error_text(records.error));
	return true;
}
COMMAND(ps, "", "threads: what they do, or how they have ended", ps);

static bool kill(int count, char **words)
{
	uint64_t id;
	enum error error;

	if (count != 2)
		return false;
	if (!number_of("kill", words[1], &id))
		return true;
	error = sys_system_control(HANDLE_SYSTEM, SYSTEM_KILL, id);
	if (error == ERR_NOT_FOUND)
		say("kill: %s: no such thread (ps shows them)\n", words[1]);
	else if (error == ERR_DENIED)
		say("kill: %s: a thread of the kernel\n", words[1]);
	else if (error)
		say("kill: %s: %s\n", words[1], error_text(error));
	return true;
}
COMMAND(kill, "ID", "end the program to which the thread ID belongs (ps)", kill);
