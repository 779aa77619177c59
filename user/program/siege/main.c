/* SPDX-License-Identifier: MIT */
/*
 * main.c: init="siege PART NUMBER": attacks with partners, by several programs: what the wrong arguments of `attacks` don't reach.
 * Exit code 0: nothing went wrong. NUMBER: threads, rounds, a seed: the part says.
 */
#include "siege.h"

#include "time.h"

#include <amber/string.h>
#include <amber/system.h>

static const struct {
	const char *name;
	part *fn;
} parts[] = {
	{ "chain", fault_chain },
	{ "faults", many_faults },
	{ "faults-inside", faults_inside },
	{ "chain-inside", fault_chain_inside },
	{ "pager", pager_answers },
	{ "fault-inside", fault_inside },
	{ "luggage", luggage },
	{ "luggage-inside", luggage_inside },
	{ "bad-senders", bad_senders },
	{ "sleepers", many_sleepers },
	{ "hold", hold_registers },
	{ "hold-inside", hold_inside },
	{ "fresh", fresh },
	{ "fresh-inside", fresh_inside },
	{ "message-pages", message_pages },
	{ "vdso", vdso },
	{ "revoked", revoked },
	{ "closed-while-revoked", closed_while_revoked },
	{ "revive", revive },
	{ "revive-inside", revive_inside },
	{ "reaper", reaper },
	{ "idle-helps", idle_helps },
	{ "hurry", hurry },
	{ "storm", storm },
	{ "orphans", orphans },
	{ "orphans-inside", orphans_inside },
	{ "failed-create", failed_create },
	{ "thief", thief },
	{ "thief-inside", thief_inside },
	{ "sleep-inside", sleep_inside },
	{ "tables", tables },
	{ "tables-inside", tables_inside },
};

void expect(bool is_right, const char *what)
{
	if (is_right)
		return;
	printf("wrong: %s", what);
	exit(1);
}

void wait_for_state(handle_t thread, uint64_t wanted)
{
	uint64_t begin = time_us(), state, priority, cpu, code, runs;

	for (;;) {
		must(sys_thread_info(thread, &state, &priority, &cpu, &code, &runs), "thread_info");
		if (state == wanted || state == SYSTEM_ENDED)
			return;
		expect(time_us() - begin < PATIENCE, "a thread doesn't come to where it is to wait");
		must(sys_sleep(1), "sleep"); /* a tick */
	}
}

void wait_until_alone(const char *else_what)
{
	uint64_t begin = time_us(), threads = 0, handles, pages, code;

	while (threads != 1 && time_us() - begin < PATIENCE) {
		must(sys_sleep(SECOND / 100), "sleep");
		must(sys_space_info(HANDLE_SPACE, &threads, &handles, &pages, &code), "space_info");
	}
	expect(threads == 1, else_what);
}

void spawn_part(const char *name, uint64_t number, const handle_t *handles, unsigned count, handle_t pager, struct child *child)
{
	char digits[24], *at = digits + sizeof(digits);
	const char *words[] = { "siege", name, NULL, NULL };

	*--at = '\0';
	do {
		*--at = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	words[2] = at;
	must(spawn(&(struct spawn){ .words = words, .handles = handles, .handle_count = count, .pager = pager }, child), name);
}

static const char usage[] = "siege PART NUMBER";

static void say_use(void)
{
	char line[96];
	int at = 0;

	printf("usage %s (threads, rounds or a seed); PART is one of", usage);
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		at += format(line + at, sizeof(line) - (size_t)at, " %s", parts[i].name);
		if (at > 50 || i == ARRAY_SIZE(parts) - 1) {
			printf(" %s", line);
			at = 0;
		}
	}
}

int main(int count, char **words)
{
	if (count != 3) {
		say_use();
		return 2;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strcmp(words[1], parts[i].name)) {
			parts[i].fn(number_or_usage(words[2], usage));
			return 0;
		}
	printf("'%s' is no part", words[1]);
	say_use();
	return 2;
}
