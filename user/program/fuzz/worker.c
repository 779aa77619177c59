/* SPDX-License-Identifier: MIT */
/* worker.c: a life of random calls: wholly random ones, valid ones, and valid ones with one wrong argument. Any thread of a worker. */
#include "fuzz.h"

#define FEW      40  /* calls of a thread that a worker starts */
#define LIVES    8   /* in one of so many the table of handles is full for a while */
#define CRIPPLED 64  /* so often it is looked at what it was given */

/* What ends the thread, prints or takes its time comes seldom. */
static uint64_t random_call(void)
{
	for (;;) {
		uint64_t number = random_below(CALLS + 1);

		if (number == SYS_lab_write || number == SYS_lab_read)
			continue;
		if ((number == SYS_exit || number == SYS_log_write || number == SYS_space_trace) && random_below(20))
			continue;
		if ((number == SYS_sleep || number == SYS_space_load) && random_below(4))
			continue;
		return number;
	}
}

static void make_arguments(uint64_t number, uint64_t a[ARGUMENTS_MAX])
{
	unsigned count = number < CALLS ? call_argument_counts[number] : 0, wrong = count ? (unsigned)random_below(count) : 0;
	uint64_t kind = random_below(10);

	if ((number == SYS_thread_kill || number == SYS_space_kill) && random_below(8))
		kind = 9; /* it may have many handles to itself */

	fill_message_page();
	if (kind < 2 || number >= CALLS) {
		for (unsigned i = 0; i < count; i++)
			a[i] = wild_argument(&call_arguments[number][i]);
	} else {
		valid_arguments(number, a);
		if (kind < 5 && count)
			a[wrong] = wild_argument(&call_arguments[number][wrong]);
	}
	if (number == SYS_space_trace && random_below(16))
		a[1] = random_below(4) ? 0 : 2; /* what is traced is slow */
	if (number == SYS_sleep && a[0] <= call_arguments[number][0].high)
		a[0] %= 300;
}

static volatile struct progress *progress(void)
{
	return (volatile struct progress *)PROGRESS;
}

static void count(uint64_t number, uint64_t error)
{
	if (error == OK)
		progress()->good[number]++;
	else
		progress()->bad[number]++;
	if (error != OK && (error >= 32 || !(call_errors[number] >> error & 1)))
		progress()->unlisted = number << 8 | error;
}

static void one_call(void)
{
	uint64_t a[ARGUMENTS_MAX] = { 0 }, number = random_call(), error;

	make_arguments(number, a);
	if (number == SYS_exit) /* it comes back if it fails only */
		progress()->good[number]++;
	error = any_call(number, a);
	progress()->calls++;
	if (number >= CALLS)
		return;
	if (number == SYS_exit)
		progress()->good[number]--;
	count(number, error);
	if (error == OK)
		remember(a[1]); /* result 1 is there now: most often a handle */
}

void few_calls(void *seed)
{
	random_seed((uintptr_t)seed);
	for (unsigned i = 0; i < FEW; i++)
		one_call();
}

/* Calls that need room for a handle fail from here on, until some were closed. */
static void fill_the_table(void)
{
	handle_t copy;

	while (!sys_handle_duplicate(GIVEN_SERVED, RIGHT_SEND | RIGHT_GRANT, 0, &copy))
		;
}

/* Without what it was given, most that it does fails: another one takes its place. */
static bool is_crippled(void)
{
	return !(rights_of(HANDLE_SPACE) & RIGHT_CONTROL) || !rights_of(GIVEN_SERVED) || !rights_of(GIVEN_ASKED);
}

int work(uint64_t seed, uint64_t calls)
{
	must(sys_map(HANDLE_SPACE, GIVEN_PROGRESS, PROGRESS, 0, 1, MAP_READ | MAP_WRITE), "map");
	random_seed(seed);
	world_make();
	for (uint64_t i = 0; i < calls; i++) {
		one_call();
		if (!world.is_child && i == 100 && random_below(LIVES) == 0)
			fill_the_table();
		if (!world.is_child && random_below(300) == 0)
			new_child();
		if (i % CRIPPLED == 0 && is_crippled() && random_below(4) == 0)
			return 0;
	}
	return 0;
}
