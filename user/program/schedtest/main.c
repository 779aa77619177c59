/* SPDX-License-Identifier: MIT */
/*
 * main.c: schedtest: what the scheduler, time-outs and dying partners must do, seen from outside: init="schedtest [CPUS]". One
 * line for each expectation; the exit code is the number of those that went wrong. On one CPU the order of things is sure; on
 * four, that four busy threads run at once. Time is measured by the vDSO. init="schedtest idle": sleeps for 100 seconds, and that's all.
 */
#include "schedtest.h"

#include "time.h"

static unsigned failures;

void check(bool good, const char *what)
{
	printf("%s: %s", good ? "ok" : "not ok", what);
	failures += !good;
}

void gives(enum error error, enum error wanted, const char *what)
{
	if (error != wanted)
		printf("%s: '%s' instead of '%s'", what, error_text(error), error_text(wanted));
	check(error == wanted, what);
}

struct info info_of(handle_t thread)
{
	struct info info;

	must(sys_thread_info(thread, &info.state, &info.priority, &info.cpu, &info.exit_code, &info.runs), "thread_info");
	return info;
}

void end(struct thread *thread)
{
	uint64_t code;

	must(sys_thread_kill(thread->handle), "kill");
	must(thread_join(thread, &code), "join");
}

void spin(void *argument)
{
	uint64_t *counter = argument;

	for (;;)
		__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static uint64_t counters[4];

static uint64_t count_of(unsigned i)
{
	return __atomic_load_n(&counters[i], __ATOMIC_RELAXED);
}

void nap(uint64_t milliseconds)
{
	must(sys_sleep(milliseconds * 1000), "sleep");
}

static void start_spinning(struct thread *thread, unsigned i, uint64_t priority, uint64_t cpus)
{
	__atomic_store_n(&counters[i], 0, __ATOMIC_RELAXED);
	must(thread_make(spin, &counters[i], thread), "thread");
	must(sys_thread_set(thread->handle, priority, cpus), "thread_set");
	must(sys_thread_start(thread->handle), "thread_start");
}

/* All on CPU 0: two of equal priority share it, a third of lower priority gets nothing. */
static void test_one_cpu(bool is_exact)
{
	struct thread threads[3];
	uint64_t first, second, low;

	for (unsigned i = 0; i < 3; i++)
		start_spinning(&threads[i], i, i == 2 ? PRIORITY_DEFAULT - 2 : PRIORITY_DEFAULT - 1, 1);
	nap(400);
	check(eventually(count_of(0) && count_of(1)), "two busy threads of equal priority both advance on one CPU");
	first = count_of(0), second = count_of(1), low = count_of(2);
	if (is_exact)
		check(first < 3 * second && second < 3 * first, "round robin gives them like shares");
	check(!low, "a ready thread of lower priority doesn't run");
	must(sys_thread_set(threads[2].handle, PRIORITY_DEFAULT, 1), "thread_set");
	nap(100);
	check(is_exact ? count_of(2) > 0 : eventually(count_of(2) > 0), "with a higher priority it does, at once");
	first = count_of(0), second = count_of(1);
	nap(100);
	check(count_of(0) == first && count_of(1) == second, "and the others don't any more");
	for (unsigned i = 0; i < 3; i++)
		end(&threads[i]);
}

static void test_moving(uint64_t cpus)
{
	struct thread thread;
	uint64_t before;

	start_spinning(&thread, 0, PRIORITY_DEFAULT - 1, 1);
	nap(50);
	check(info_of(thread.handle).cpu == 0 && eventually(count_of(0)), "a thread that may run on CPU 0 only runs there");
	for (uint64_t cpu = 1; cpu < cpus; cpu++) {
		must(sys_thread_set(thread.handle, PRIORITY_DEFAULT - 1, 1ull << cpu), "thread_set");
		check(eventually(info_of(thread.handle).cpu == cpu), "a running thread moves");
		before = count_of(0);
		check(eventually(count_of(0) > before) && info_of(thread.handle).cpu == cpu, "… and goes on there");
	}
	end(&thread);
}

static void sleep_then_spin(void *argument)
{
	nap(50);
	spin(argument);
}

static void test_moving_while_it_waits(void)
{
	struct thread thread;

	counters[0] = 0;
	must(thread_make(sleep_then_spin, &counters[0], &thread), "thread");
	must(sys_thread_set(thread.handle, PRIORITY_DEFAULT - 1, 1), "thread_set");
	must(sys_thread_start(thread.handle), "thread_start");
	nap(20);
	must(sys_thread_set(thread.handle, PRIORITY_DEFAULT - 1, 2), "thread_set");
	check(eventually(count_of(0)) && info_of(thread.handle).cpu == 1, "a waiting thread wakes where it may run");
	end(&thread);
}

static uint64_t cpus_of(const struct thread *threads, unsigned count)
{
	uint64_t used = 0;

	for (unsigned i = 0; i < count; i++)
		used |= 1ull << info_of(threads[i].handle).cpu;
	return used;
}

/* Each on a CPU of its own: the first thread only sleeps. */
static void test_several_cpus(unsigned cpus)
{
	struct thread threads[4];
	uint64_t before[4];
	bool all = true;

	for (unsigned i = 0; i < cpus; i++)
		start_spinning(&threads[i], i, PRIORITY_DEFAULT, 0xff);
	nap(200);
	check(eventually(cpus_of(threads, cpus) == (1ull << cpus) - 1), "as many busy threads as CPUs: each has one");
	for (unsigned i = 0; i < cpus; i++)
		before[i] = count_of(i);
	for (unsigned i = 0; i < cpus; i++)
		all = all && eventually(count_of(i) > before[i]);
	check(all, "and all of them advance");
	for (unsigned i = 0; i < cpus; i++)
		end(&threads[i]);
}

int main(int count, char **words)
{
	uint64_t cpus = 1;
	bool is_exact;

	if (count == 2 && !strcmp(words[1], "idle")) {
		nap(100000);
		return 0;
	}
	if (count > 2 || (count == 2 && (!parse_number(words[1], &cpus) || !cpus || cpus > 4))) {
		printf("usage schedtest [CPUS], at most 4");
		return 2;
	}
	must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT + 1, 0xff), "thread_set");
	is_exact = cpus == 1 && vdso_data()->counts_instructions; /* else the host has its say: at the shell, for example */
	test_one_cpu(is_exact);
	test_moving(cpus);
	if (cpus > 1) {
		test_moving_while_it_waits();
		test_pinned_partners();
		test_receiver_left_behind();
	}
	test_several_cpus((unsigned)cpus);
	test_unimportant_server();
	test_waking_the_more_important();
	test_times(is_exact ? 20000 : 30000000);
	test_partners();
	test_replies();
	test_kills();
	printf("%u of these went wrong", failures);
	return failures ? 1 : 0;
}
