/* SPDX-License-Identifier: MIT */
/*
 * traps: the machine's edge between user mode and the kernel. A second copy of this program runs the probes, one after the
 * other; this one is its pager: each forbidden instruction has to arrive here as the right fault, and behind it the other's
 * registers are what they were. One line for each; the exit code is the number of those that went wrong.
 */
#include "probes.h"

#include "ipc.h"
#include "program.h"
#include "thread.h"

#define PATIENCE_US 60000000
#define FAULTS_MAX  64 /* of one probe */

_Static_assert(PROBE_READ == FAULT_READ && PROBE_WRITE == FAULT_WRITE && PROBE_EXECUTE == FAULT_EXECUTE &&
	       PROBE_EXCEPTION == FAULT_EXCEPTION, "assembly has its own names");

/* --- the copy that runs them -------------------------------------------------------------------------------------- */

/* Bit set: a register that the probe doesn't lose is another one than before. */
static uint64_t run(const struct probe *probe)
{
	uint64_t wrong = 0;

	for (unsigned i = 0; i < PROBE_REGISTERS; i++)
		probe_before[i] = probe_after[i] = (0x5a00 + i) * 0x0001000100010001;
	probe_run(probe);
	for (unsigned i = 0; i < PROBE_REGISTERS; i++)
		if (probe_after[i] != probe_before[i])
			wrong |= 1ull << i;
	return wrong & ~probe->lost;
}

static int run_all(void)
{
	for (const struct probe *probe = probes; probe < probes_end; probe++) {
		struct message message = { .info = MESSAGE_INFO(0, 1, 0), .words = { run(probe) } };

		must(ipc_call(HANDLE_GIVEN, &message, PATIENCE_US), "report");
	}
	return 0;
}

/* --- its pager ---------------------------------------------------------------------------------------------------- */

static bool is_right(const struct probe *probe, const struct message *message)
{
	uint64_t fault = MESSAGE_LABEL(message->info), addr = message->words[0], pc = message->words[1];

	if (probe->fault == PROBE_ANY)
		return true;
	if (fault != (probe->fault & 0xff) || (fault != FAULT_EXCEPTION && addr != probe->addr))
		return false;
	if (fault == FAULT_EXECUTE)
		return pc == addr;
	/* Behind the instruction, where the machine says so (a debug exception); elsewhere only if it repeats. */
	return (pc >= (uintptr_t)probe->code && pc <= (uintptr_t)probe->next) || (probe->fault & PROBE_REPEATS);
}

/* The fault becomes its answer. Returns whether it was the right one. */
static bool answer(const struct probe *probe, struct message *message, unsigned number)
{
	bool good = is_right(probe, message);

	if (!good)
		printf("%s: fault %u at 0x%zx, pc 0x%zx", probe->name, (unsigned)MESSAGE_LABEL(message->info),
		       (size_t)message->words[0], (size_t)message->words[1]);
	if (number > FAULTS_MAX) {
		message->info = MESSAGE_INFO(FAULT_KILL, 0, 0);
	} else if (number > 1 && (probe->fault & PROBE_REPEATS)) {
		message->info = MESSAGE_INFO(FAULT_RESUME, 0, 0);
	} else {
		message->info = MESSAGE_INFO(FAULT_RESUME, 1, 0);
		message->words[0] = (uintptr_t)probe->next;
	}
	return good;
}

/* From the message that is there to the report of the probe's end. */
static bool judge(handle_t faults, const struct probe *probe, struct message *message)
{
	bool good = true;
	unsigned count = 0;

	for (; message->info & MESSAGE_FROM_KERNEL; must(ipc_reply_recv(faults, message, PATIENCE_US), probe->name))
		good &= answer(probe, message, ++count);
	if (message->words[0])
		printf("%s: registers changed: 0x%zx", probe->name, (size_t)message->words[0]);
	good &= !message->words[0] && (probe->fault ? count > 0 : count == 0);
	good &= count <= 1 || (probe->fault & PROBE_REPEATS);
	printf("%s: %s", good ? "ok" : "not ok", probe->name);
	return good;
}

static int serve_all(void)
{
	static const char *const child_words[] = { "traps", "run", NULL };
	struct child child;
	struct message message;
	handle_t faults;
	uint64_t code;
	int failures = 0;

	must(sys_endpoint_create(&faults), "endpoint");
	must(spawn(&(struct spawn){ .words = child_words, .handles = &faults, .handle_count = 1, .pager = faults }, &child), "spawn");
	must(ipc_receive(faults, &message, PATIENCE_US), "the first message");
	for (const struct probe *probe = probes; probe < probes_end; probe++) {
		failures += !judge(faults, probe, &message);
		message.info = MESSAGE_INFO(0, 0, 0);
		if (probe + 1 < probes_end)
			must(ipc_reply_recv(faults, &message, PATIENCE_US), "the next message");
	}
	must(ipc_reply(HANDLE_NONE, &message), "the last reply");
	must(child_wait(&child, &code), "waiting for its end");
	printf("%d of %d went wrong; the end: code 0x%zx", failures, (int)(probes_end - probes), (size_t)code);
	return code || failures ? 1 : 0;
}

int main(int count, char **words)
{
	if (count == 2 && strcmp(words[1], "run") == 0)
		return run_all();
	return serve_all();
}
