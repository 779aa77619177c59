/* SPDX-License-Identifier: MIT */
/* cmd_trace.c: trace: a program's system calls, as lines of the kernel (kernel/trace.c). */
#include "sh.h"

static enum error start_trace(struct child *child)
{
	return sys_space_trace(child->space, 1);
}

static bool trace(int count, char **words)
{
	uint64_t code;

	if (count < 2)
		return false;
	if (program_run(words + 1, start_trace, &code) == ERR_NOT_FOUND)
		say("trace: no such program '%s'\n", words[1]);
	return true;
}
COMMAND(trace, "PROGRAM [ARG]...", "run it; each of its system calls becomes a line", trace);
