/* SPDX-License-Identifier: MIT */
/*
 * main.c: seeded random system calls: init="fuzz SEED N", at least N in all. They are made by workers in spaces of their own, which
 * start threads and further programs. A worker may ruin itself; then this program starts another one, as it does for one that waits
 * for ever. What the kernel must not do is seen outside: panic, hang, or keep something when it is over (kernel/program_first.c
 * counts). In the end it says how many of each call succeeded and failed; an error that syscalls.def doesn't list is a failure.
 *   fuzz worker SEED N   … one of them
 *   fuzz child SEED N    … a program that one of them has started
 */
#include "fuzz.h"

#include "time.h"

#include <amber/system.h>

#define WORKERS      4
#define CALLS_EACH   4000  /* of one worker's life */
#define POLL_US      20000
#define POLLS_MAX    5     /* in which it waits and hasn't run in between: for ever */
#define PATIENCE_US  5000000 /* its own threads may keep it from running */
#define IN_VAIN_US   60000000 /* others have all the memory: not so long */
#define REPORT_BYTES 200   /* of a line */

struct worker {
	struct child child;
	struct progress *progress;
	handle_t memory;
	uint64_t calls, since_us; /* so many, then */
	uint64_t runs;
	unsigned polls;
	bool is_alive;
};

static struct {
	handle_t ended, given[GIVEN_MAX];
	uint64_t rights[GIVEN_MAX];
	unsigned given_count;
	uint64_t seed, done, bits; /* bit set: that worker has ended */
	uint64_t good[CALLS], bad[CALLS], unlisted;
	uint64_t in_vain_since_us;       /* 0: the last start was a success */
	unsigned started, gave_up;
} all;

/* If there is no room or memory, it is tried again later: others have it. */
static void start(struct worker *worker, unsigned bit)
{
	char seed[24], calls[24];
	const char *const words[] = { "fuzz", "worker", seed, calls, NULL };
	const struct spawn what = { .words = words, .handles = all.given, .rights = all.rights, .handle_count = all.given_count };
	enum error error;

	all.given[0] = worker->memory;
	format(seed, sizeof(seed), "%zu", (size_t)(all.seed + all.started));
	format(calls, sizeof(calls), "%u", CALLS_EACH);
	memset(worker->progress, 0, sizeof(*worker->progress));
	worker->calls = worker->runs = worker->polls = 0;
	worker->since_us = time_us();
	error = spawn_stopped(&what, &worker->child);
	if (error && !all.in_vain_since_us)
		all.in_vain_since_us = worker->since_us;
	if (error && worker->since_us - all.in_vain_since_us < IN_VAIN_US)
		return;
	must(error, "spawn");
	must(sys_thread_watch(worker->child.thread, all.ended, 1ull << bit), "watch");
	must(sys_thread_start(worker->child.thread), "start");
	worker->is_alive = true;
	all.started++;
	all.in_vain_since_us = 0;
}

/* False: none came. */
static bool wait_for_bits(uint64_t timeout)
{
	uint64_t bits;

	if (sys_wait(all.ended, timeout, &bits))
		return false;
	all.bits |= bits;
	return true;
}

static void add_up(const struct progress *progress)
{
	all.done += MIN(progress->calls, 2ull * CALLS_EACH); /* it may have written anything there */
	for (unsigned i = 0; i < CALLS; i++) {
		all.good[i] += progress->good[i];
		all.bad[i] += progress->bad[i];
	}
	if (progress->unlisted)
		all.unlisted = progress->unlisted;
}

/* Some of its threads may wait for ever, and some other space of its own may hold a handle to it. Its end must be over: the
 * next one has the same bit. */
static void bury(struct worker *worker, unsigned bit)
{
	must(sys_space_kill(worker->child.space), "kill");
	while (!(all.bits >> bit & 1))
		(void)wait_for_bits(TIMEOUT_FOREVER);
	all.bits &= ~(1ull << bit);
	add_up(worker->progress);
	must(sys_handle_close(worker->child.thread), "close");
	must(sys_handle_close(worker->child.space), "close");
	worker->is_alive = false;
}

/* Nothing that isn't for ever takes several polls. */
static bool hangs(struct worker *worker)
{
	uint64_t calls = *(volatile uint64_t *)&worker->progress->calls, state, priority, cpu, code, runs;

	must(sys_thread_info(worker->child.thread, &state, &priority, &cpu, &code, &runs), "info");
	worker->polls = state >= SYSTEM_SENDING && runs == worker->runs ? worker->polls + 1 : 0;
	worker->runs = runs;
	if (calls != worker->calls)
		worker->since_us = time_us();
	worker->calls = calls;
	return worker->polls > POLLS_MAX || time_us() - worker->since_us > PATIENCE_US;
}

static void look_after(struct worker *worker, unsigned bit, bool is_poll)
{
	bool has_ended = all.bits >> bit & 1;

	if (!has_ended && (!is_poll || !hangs(worker)))
		return;
	all.gave_up += !has_ended;
	bury(worker, bit);
}

static void give(handle_t handle, uint64_t rights)
{
	all.given[all.given_count] = handle;
	all.rights[all.given_count++] = rights;
}

/* If this program has it. */
static void give_own(handle_t handle, enum object_type wanted, uint64_t wanted_rights)
{
	uint64_t type, rights, badge;

	if (!sys_handle_info(handle, &type, &rights, &badge) && type == wanted && (rights & RIGHT_GRANT))
		give(handle, rights & (wanted_rights | RIGHT_GRANT));
}

/* Workers may look at the kernel and at the serial line, but neither print, nor write to a device, nor give orders. */
static void make_gifts(void)
{
	handle_t served, asked;

	must(sys_endpoint_create(&served), "endpoint");
	must(sys_endpoint_create(&asked), "endpoint");
	partners_start(served, asked);
	give(HANDLE_NONE, RIGHT_READ | RIGHT_WRITE | RIGHT_MAP | RIGHT_GRANT); /* the worker's progress */
	give(served, RIGHT_SEND | RIGHT_GRANT);
	give(asked, RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT);
	give_own(HANDLE_SYSTEM, OBJECT_SYSTEM, RIGHT_READ | RIGHT_RECEIVE);
	give_own(HANDLE_UART, OBJECT_MEMORY, RIGHT_READ | RIGHT_MAP);
	give_own(HANDLE_UART_IRQ, OBJECT_IRQ, RIGHT_RECEIVE);
}

/* Several calls to a line: NAME succeeded/failed. */
static void report(void)
{
	char line[REPORT_BYTES + 1];
	int at = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		at += format(line + at, sizeof(line) - (size_t)at, " %s %zu/%zu", call_names[i], (size_t)all.good[i], (size_t)all.bad[i]);
		if (at > REPORT_BYTES - 50 || i == CALLS - 1) {
			printf("ok/failed:%s", line);
			at = 0;
		}
	}
	printf("%zu calls by %u workers, %u of which waited for ever", (size_t)all.done, all.started, all.gave_up);
}

static bool is_listed(void)
{
	uint64_t number = all.unlisted >> 8;

	if (!all.unlisted || number >= CALLS) /* a worker may have written anything there */
		return true;
	printf("%s has returned '%s', which syscalls.def doesn't list", call_names[number], error_text(all.unlisted & 0xff));
	return false;
}

static int run_all(uint64_t seed, uint64_t calls)
{
	struct worker workers[WORKERS] = { 0 };
	bool is_poll;

	must(sys_thread_set(HANDLE_THREAD, PRIORITY_HIGHEST_USER, 255), "priority"); /* workers may set theirs */
	all.seed = seed * 1000003;
	must(sys_notification_create(&all.ended), "notification");
	for (unsigned i = 0; i < WORKERS; i++) {
		void *page;

		must(memory_make(1, &page, &workers[i].memory), "memory");
		workers[i].progress = page;
	}
	make_gifts();
	while (all.done < calls) {
		for (unsigned i = 0; i < WORKERS; i++)
			if (!workers[i].is_alive)
				start(&workers[i], i);
		is_poll = !wait_for_bits(POLL_US);
		for (unsigned i = 0; i < WORKERS; i++)
			if (workers[i].is_alive)
				look_after(&workers[i], i, is_poll);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		if (workers[i].is_alive)
			bury(&workers[i], i);
	partners_end();
	report();
	return !is_listed();
}

int main(int count, char **words)
{
	bool is_worker = count == 4 && !strcmp(words[1], "worker"), is_child = count == 4 && !strcmp(words[1], "child");
	static const char usage[] = "fuzz SEED N, at least 1";
	uint64_t seed, calls;

	if (!is_worker && !is_child && count != 3) {
		printf("usage %s", usage);
		return 2;
	}
	seed = number_or_usage(words[count - 2], usage);
	calls = number_or_usage(words[count - 1], usage);
	if (count == 3 && !calls) {
		printf("usage %s", usage);
		return 2;
	}
	world.is_child = is_child;
	return is_worker || is_child ? work(seed, calls) : run_all(seed, calls);
}
