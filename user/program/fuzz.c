/* SPDX-License-Identifier: MIT */
/*
 * fuzz.c: seeded random system calls: init="fuzz SEED N", at least N in all. They are made by workers in spaces of their own, with handles
 * that they have, had or never had, numbers at and beyond their limits, and addresses in and around their memory. A worker may
 * ruin itself; then the first program starts another one, as it does for one that waits for ever. What the kernel must not do
 * is seen outside: panic, hang, or keep something when it is over (kernel/program_first.c counts).
 *   fuzz worker SEED N   … one of them
 */
#include "any_call.h"
#include "memory.h"
#include "program.h"
#include "thread.h"

#define WORKERS      4
#define CALLS_EACH   4000  /* of one worker's life */
#define POLL_US      20000
#define POLLS_MAX    6     /* without a call in between: it waits for ever */
#define REFUSED_MAX  1000
#define KNOWN        6     /* handles of each type that it remembers */
#define HOME         0x2000000000ull /* where it maps what it makes */
#define HOME_PAGES   64
#define PROGRESS     (HOME - PAGE_SIZE)
#define MEMORY       HANDLE_GIVEN    /* the page with struct progress */

struct progress {
	uint64_t calls;
	uint64_t good[CALLS]; /* of each system call: how many succeeded */
};

#define CALL(number, name, results, ...) [number] = #name,
static const char *const call_names[] = {
#include <call_table.h>
};
#undef CALL

static uint64_t state;

static uint64_t random_word(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t random_below(uint64_t limit)
{
	return random_word() % limit;
}

static void must(enum error error, const char *what)
{
	if (error)
		fail(what, error);
}

/* --- a worker ------------------------------------------------------------------------------------------------------ */

static handle_t known[OBJECT_TYPES][KNOWN];
static char text[PAGE_SIZE] __aligned(4096);

static void remember(uint64_t handle)
{
	uint64_t type, rights, badge;

	if (!sys_handle_info(handle, &type, &rights, &badge))
		known[type][random_below(KNOWN)] = handle;
}

/* Mostly of the type that is wanted: else hardly a call would get beyond its first check. */
static uint64_t random_handle(enum object_type type)
{
	if (type == OBJECT_NONE || random_below(12) == 0)
		type = random_below(OBJECT_TYPES);
	switch (random_below(16)) {
	case 0:
		return random_below(48); /* its own space and thread among them */
	case 1:
		return random_word();
	case 2:
		return known[type][random_below(KNOWN)] + HANDLES_MAX;
	default:
		return known[type][random_below(KNOWN)];
	}
}

static uint64_t random_number(const struct call_argument *argument)
{
	uint64_t span = argument->high - argument->low;

	switch (random_below(16)) {
	case 0:
		return argument->high;
	case 1:
		return argument->high + 1;
	case 2:
		return argument->low - 1;
	case 3:
		return random_word() >> random_below(64);
	default: /* mostly small: what is large takes long */
		return argument->low + random_below(MIN(span, 15ull) + 1);
	}
}

static uint64_t random_address(void)
{
	static const uint64_t odd[] = { 0, 1, USER_START - PAGE_SIZE, USER_START, USER_END - PAGE_SIZE, USER_END, VDSO_DATA_ADDRESS,
					VDSO_CODE_ADDRESS, 0x800000000000ull, 0xffff800000000000ull, 0xffffffff80200000ull,
					0xfffffffffffff000ull, 0x400000 };

	switch (random_below(8)) {
	case 0:
		return odd[random_below(ARRAY_SIZE(odd))];
	case 1:
		return HOME + random_below(HOME_PAGES * PAGE_SIZE);
	default:
		return HOME + random_below(HOME_PAGES) * PAGE_SIZE;
	}
}

static uint64_t random_info(void)
{
	if (random_below(16) == 0)
		return random_word();
	return MESSAGE_INFO(random_below(4), random_below(4) ? random_below(5) : random_below(66), random_below(6) ? 0 : random_below(6));
}

static uint64_t random_timeout(void)
{
	return random_below(200) == 0 ? TIMEOUT_FOREVER : random_below(8) ? TIMEOUT_NOW : random_below(1000);
}

static uint64_t random_argument(const struct call_argument *argument)
{
	switch (argument->kind) {
	case kind_handle:
		return random_handle(argument->type);
	case kind_number:
		return random_number(argument);
	case kind_page:
		return random_address();
	case kind_pointer:
		return random_below(3) ? (uintptr_t)text + random_below(PAGE_SIZE) : random_address();
	case kind_rights:
		return random_below(16) ? random_below(RIGHTS_ALL + 1) | RIGHT_GRANT : random_word();
	case kind_perms:
		return random_below(16) ? random_below(8) : random_word();
	case kind_info:
		return random_info();
	case kind_timeout:
		return random_timeout();
	default:
		return random_below(2) ? random_address() : random_word() >> random_below(64);
	}
}

/* Handles to send, as many as may be asked for. */
static void fill_message_page(void)
{
	struct message_page *page = message_page();

	for (unsigned i = 0; i < MESSAGE_HANDLES_MAX; i++) {
		page->handles[i] = random_handle(OBJECT_NONE);
		page->rights[i] = random_below(RIGHTS_ALL + 1) | RIGHT_GRANT;
	}
}

/* What ends the worker, prints or takes its time comes seldom. */
static uint64_t random_call(void)
{
	for (;;) {
		uint64_t number = random_below(CALLS + 1);

		if (number == SYS_lab_write || number == SYS_lab_read)
			continue;
		if ((number == SYS_exit || number == SYS_log_write || number == SYS_space_trace || number == SYS_thread_kill ||
		     number == SYS_space_kill) && random_below(100))
			continue;
		if ((number == SYS_sleep || number == SYS_space_load) && random_below(20))
			continue;
		return random_below(6) ? number : SYS_handle_close;
	}
}

static void one_call(void)
{
	uint64_t a[ARGUMENTS_MAX] = { 0 }, number = random_call();
	unsigned count = number < CALLS ? call_argument_counts[number] : 0;

	for (unsigned i = 0; i < count; i++)
		a[i] = random_argument(&call_arguments[number][i]);
	if (number == SYS_sleep)
		a[0] %= 300;
	fill_message_page();
	if (any_call(number, a) != OK)
		return;
	((volatile struct progress *)PROGRESS)->good[number]++;
	remember(a[1]); /* result 1 is there now: most often a handle */
}

static void more_calls(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < 40; i++)
		one_call();
}

static int work(uint64_t calls)
{
	volatile struct progress *progress = (volatile struct progress *)PROGRESS;
	struct thread thread;

	must(sys_map(HANDLE_SPACE, MEMORY, PROGRESS, 0, 1, MAP_READ | MAP_WRITE), "map");
	for (unsigned i = 0; i < 3 * KNOWN; i++)
		remember(1 + i % 6);
	memcpy(text, "hello", sizeof("hello")); /* for space_load */
	for (uint64_t i = 0; i < calls; i++) {
		one_call();
		progress->calls++;
		if (random_below(500) == 0 && thread_run(more_calls, NULL, &thread)) /* a second one in the same space */
			continue; /* no room for it */
	}
	return 0;
}

/* --- the first program ----------------------------------------------------------------------------------------------- */

struct worker {
	struct child child;
	struct progress *progress;
	handle_t memory;
	uint64_t seen;
	unsigned polls;
	bool is_alive;
};

static struct {
	handle_t ended, endpoint, system; /* system: HANDLE_NONE = it has none */
	uint64_t seed, done, bits; /* bit set: that worker has ended */
	uint64_t good[CALLS];
	unsigned started, gave_up, refused; /* refused: one after the other */
} all;

/* Workers may have all memory for a moment: then this one is started when the others have done something. */
static void start(struct worker *worker, unsigned bit)
{
	enum error error;
	char seed[24], calls[24];
	const char *const words[] = { "fuzz", "worker", seed, calls, NULL };
	handle_t handles[] = { worker->memory, all.endpoint, all.system };
	const struct spawn what = { .words = words, .handles = handles, .handle_count = all.system ? 3 : 2 };

	format(seed, sizeof(seed), "%zu", (size_t)(all.seed + all.started++));
	format(calls, sizeof(calls), "%u", CALLS_EACH);
	worker->progress->calls = worker->seen = 0;
	memset(worker->progress->good, 0, sizeof(worker->progress->good));
	worker->polls = 0;
	error = spawn_stopped(&what, &worker->child);
	if (error == ERR_NO_MEMORY && all.refused++ < REFUSED_MAX)
		return;
	must(error, "spawn");
	all.refused = 0;
	must(sys_thread_watch(worker->child.thread, all.ended, 1ull << bit), "watch");
	must(sys_thread_start(worker->child.thread), "start");
	worker->is_alive = true;
}

static void wait_for_bits(uint64_t timeout)
{
	uint64_t bits;

	if (sys_wait(all.ended, timeout, &bits) == OK)
		all.bits |= bits;
}

/* Some of its threads may wait for ever, and some other space of its own may hold a handle to it. Its end must be over: the
 * next one has the same bit. */
static void bury(struct worker *worker, unsigned bit)
{
	must(sys_space_kill(worker->child.space), "kill");
	while (!(all.bits >> bit & 1))
		wait_for_bits(TIMEOUT_FOREVER);
	all.bits &= ~(1ull << bit);
	all.done += MIN(worker->progress->calls, (uint64_t)CALLS_EACH);
	for (unsigned i = 0; i < CALLS; i++)
		all.good[i] += worker->progress->good[i];
	must(sys_handle_close(worker->child.thread), "close");
	must(sys_handle_close(worker->child.space), "close");
	worker->is_alive = false;
}

static void look_after(struct worker *worker, unsigned bit)
{
	bool has_ended = all.bits >> bit & 1;
	uint64_t calls = worker->progress->calls;

	worker->polls = calls == worker->seen ? worker->polls + 1 : 0;
	worker->seen = calls;
	if (!has_ended && worker->polls >= POLLS_MAX)
		all.gave_up++;
	if (has_ended || worker->polls >= POLLS_MAX)
		bury(worker, bit);
}

/* Workers may look at the kernel, but neither print nor give orders, if this program can give that. */
static handle_t kernel_handle(void)
{
	uint64_t type, rights, badge;
	handle_t handle;

	if (sys_handle_info(HANDLE_SYSTEM, &type, &rights, &badge) || type != OBJECT_SYSTEM)
		return HANDLE_NONE;
	must(sys_handle_duplicate(HANDLE_SYSTEM, RIGHT_READ | RIGHT_GRANT, 0, &handle), "the kernel's handle");
	return handle;
}

/* How many of each succeeded, several in a line. */
static void say_good(void)
{
	char line[72];
	int used = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		char one[40];
		int bytes = format(one, sizeof(one), "%s%s %u", used ? ", " : "", call_names[i], (unsigned)all.good[i]);

		if (used + bytes < (int)sizeof(line)) {
			(void)copy_text(line + used, sizeof(line) - (size_t)used, one);
			used += bytes;
			continue;
		}
		printf("%s,", line);
		used = format(line, sizeof(line), "%s %u", call_names[i], (unsigned)all.good[i]);
	}
	printf("%s", line);
}

static int run_all(uint64_t seed, uint64_t calls)
{
	struct worker workers[WORKERS] = { 0 };

	all.system = kernel_handle();
	all.seed = seed * 1000003;
	must(sys_notification_create(&all.ended), "notification");
	must(sys_endpoint_create(&all.endpoint), "endpoint");
	for (unsigned i = 0; i < WORKERS; i++) {
		void *page;

		must(memory_make(1, &page, &workers[i].memory), "memory");
		workers[i].progress = page;
	}
	while (all.done < calls) {
		for (unsigned i = 0; i < WORKERS; i++)
			if (!workers[i].is_alive)
				start(&workers[i], i);
		wait_for_bits(POLL_US);
		for (unsigned i = 0; i < WORKERS; i++)
			if (workers[i].is_alive)
				look_after(&workers[i], i);
	}
	for (unsigned i = 0; i < WORKERS; i++)
		if (workers[i].is_alive)
			bury(&workers[i], i);
	say_good();
	printf("%zu calls by %u workers, %u of which waited for ever", (size_t)all.done, all.started, all.gave_up);
	return 0;
}

int main(int count, char **words)
{
	bool is_worker = count == 4 && !strcmp(words[1], "worker");
	uint64_t seed, calls;

	if (!(is_worker || count == 3) || !parse_number(words[count - 2], &seed) || !parse_number(words[count - 1], &calls)) {
		printf("usage: fuzz SEED N");
		return 2;
	}
	state = seed * 0x9e3779b97f4a7c15ull | 1;
	return is_worker ? work(calls) : run_all(seed, calls);
}
