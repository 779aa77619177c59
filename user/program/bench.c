/* SPDX-License-Identifier: MIT */
/*
 * bench.c: what the microkernel costs, in executed instructions, user to user: init=bench under QEMU's -icount. Prints a line
 * `figure NAME median MEDIAN min MIN max MAX` for each; tools/bench.py collects them. Every word of every message is checked on
 * both sides; a wrong one ends it with exit code 1.
 *   bench          all figures; starts itself again as …
 *   bench serve N  … the other side of ipc_N, in a space of its own
 *   bench fault    … a thread whose faults are answered by the first one
 *   bench calls N CPU   nothing but N calls to a server on that CPU, made on CPU 0: for counting from outside
 */
#include "console.h"
#include "counter.h"
#include "memory.h"
#include "program.h"
#include "supervisor.h"
#include "time.h"

#define ROUNDS  31
#define WARM_UP 3 /* rounds that don't count: frames, tables and handles are made */

struct series {
	uint64_t values[ROUNDS];
	unsigned count, seen;
};

static void add(struct series *series, uint64_t value)
{
	unsigned i;

	if (++series->seen <= WARM_UP || series->count == ROUNDS)
		return;
	for (i = series->count++; i > 0 && series->values[i - 1] > value; i--) /* sorted, for the median */
		series->values[i] = series->values[i - 1];
	series->values[i] = value;
}

static void report(const char *name, const struct series *series)
{
	printf("figure %s median %zu min %zu max %zu", name, (size_t)series->values[series->count / 2], (size_t)series->values[0],
	       (size_t)series->values[series->count - 1]);
}

#define MEASURED(statement) \
	({ \
		uint64_t begin_ = counter(), end_; \
		statement; \
		end_ = counter(); \
		(uint32_t)(end_ - begin_) - COUNTER_COST - 1; \
	})
#define EACH_ROUND for (unsigned round = 0; round < ROUNDS + WARM_UP; round++)

static handle_t new_endpoint(void)
{
	handle_t endpoint;

	must(sys_endpoint_create(&endpoint), "endpoint");
	return endpoint;
}

static handle_t new_notification(void)
{
	handle_t notification;

	must(sys_notification_create(&notification), "notification");
	return notification;
}

/* --- messages to another space ------------------------------------------------------------------------------------- */

#define ANSWER 0x1000 /* what the server adds to each word */

/* One page word: is it right? And its answer. */
static inline uint64_t answer_word(uint64_t *word, uint64_t expected)
{
	uint64_t wrong = *word ^ expected;

	*word = expected + ANSWER;
	return wrong;
}

static __noreturn void serve_nothing(handle_t endpoint)
{
	struct message message;

	must(ipc_receive(endpoint, &message, TIMEOUT_FOREVER), "receive");
	for (;;) {
		message.info = MESSAGE_INFO(MESSAGE_WORDS(message.info), 0, 0); /* the label: whether there were any */
		must(ipc_reply_recv(endpoint, &message, TIMEOUT_FOREVER), "reply_recv");
	}
}

static __noreturn void serve(handle_t endpoint, unsigned words)
{
	uint64_t *page = message_page()->words, *end = page + words;
	struct message message;

	must(ipc_receive(endpoint, &message, TIMEOUT_FOREVER), "receive");
	for (;;) {
		uint64_t first = message.words[0], expected = first + MESSAGE_REGISTER_WORDS;
		uint64_t wrong = (message.words[1] ^ (first + 1)) | (message.words[2] ^ (first + 2)) | (message.words[3] ^ (first + 3));

		for (uint64_t *word = page + MESSAGE_REGISTER_WORDS; word < end; word += 6, expected += 6) /* 10 and 64 less 4 */
			wrong |= answer_word(&word[0], expected) | answer_word(&word[1], expected + 1) |
				 answer_word(&word[2], expected + 2) | answer_word(&word[3], expected + 3) |
				 answer_word(&word[4], expected + 4) | answer_word(&word[5], expected + 5);
		message.info = MESSAGE_INFO(wrong != 0, words, 0);
		message.words[0] += ANSWER;
		message.words[1] += ANSWER;
		message.words[2] += ANSWER;
		message.words[3] += ANSWER;
		must(ipc_reply_recv(endpoint, &message, TIMEOUT_FOREVER), "reply_recv");
	}
}

static void check_answer(const struct message *message, uint64_t first, unsigned words)
{
	const uint64_t *page = message_page()->words;

	if (message->info != MESSAGE_INFO(0, words, 0)) {
		printf("the server found a wrong word");
		exit(1);
	}
	for (unsigned i = 0; i < words; i++)
		if ((i < MESSAGE_REGISTER_WORDS ? message->words[i] : page[i]) != first + ANSWER + i) {
			printf("word %u of the answer is wrong", i);
			exit(1);
		}
}

static void bench_ipc(unsigned words, const char *name, const char *words_text)
{
	const char *const program[] = { "bench", "serve", words_text, NULL };
	handle_t endpoint = new_endpoint();
	struct series series = { 0 };
	uint64_t *page = message_page()->words;
	struct child child;

	must(spawn(&(struct spawn){ .words = program, .handles = &endpoint, .handle_count = 1 }, &child), "spawn");
	EACH_ROUND {
		uint64_t first = round * 100;
		struct message message = { MESSAGE_INFO(0, words, 0), { first, first + 1, first + 2, first + 3 }, 0 };
		enum error error;

		for (unsigned i = MESSAGE_REGISTER_WORDS; i < words; i++)
			page[i] = first + i;
		add(&series, MEASURED(error = ipc_call(endpoint, &message, TIMEOUT_FOREVER)));
		must(error, "call");
		check_answer(&message, first, words);
	}
	report(name, &series);
	must(sys_thread_kill(child.thread), "kill");
	must(sys_handle_close(child.thread), "close");
	must(sys_handle_close(child.space), "close");
	must(sys_handle_close(endpoint), "close");
}

/* --- notifications, yielding: two threads of one space --------------------------------------------------------------------- */

static handle_t ping, pong;

static void bench_signal(void)
{
	handle_t notification = new_notification();
	struct series series = { 0 };

	EACH_ROUND {
		uint64_t bits;

		add(&series, MEASURED(must(sys_signal(notification, 1), "signal")));
		must(sys_wait(notification, TIMEOUT_NOW, &bits), "wait");
	}
	report("signal", &series);
	must(sys_handle_close(notification), "close");
}

static void answer_pings(void *argument)
{
	uint64_t bits;

	(void)argument;
	for (;;) {
		must(sys_wait(ping, TIMEOUT_FOREVER, &bits), "wait");
		must(sys_signal(pong, bits), "signal");
	}
}

static void stop(struct thread *thread)
{
	uint64_t code;

	must(sys_thread_kill(thread->handle), "kill");
	must(thread_join(thread, &code), "join");
}

static void bench_pingpong(void)
{
	struct series series = { 0 };
	struct thread thread;
	uint64_t bits;

	ping = new_notification();
	pong = new_notification();
	must(thread_run(answer_pings, NULL, &thread), "thread");
	EACH_ROUND {
		add(&series, MEASURED({ must(sys_signal(ping, 1), "signal"); must(sys_wait(pong, TIMEOUT_FOREVER, &bits), "wait"); }));
	}
	report("notification_pingpong", &series);
	stop(&thread);
	must(sys_handle_close(ping), "close");
	must(sys_handle_close(pong), "close");
}

static void yield_for_ever(void *argument)
{
	(void)argument;
	for (;;)
		must(sys_yield(), "yield");
}

static void bench_yield(void)
{
	struct series series = { 0 };
	struct thread thread;

	must(thread_run(yield_for_ever, NULL, &thread), "thread");
	EACH_ROUND
		add(&series, MEASURED(must(sys_yield(), "yield")));
	report("yield_pair", &series);
	stop(&thread);
}

/* --- faults ------------------------------------------------------------------------------------------ */

#define NOTHING_THERE 0x300000ull     /* never mapped: the pager has the load passed over */
#define PAGES_START   0x10000000ull   /* mapped one by one */

static __noreturn void take_faults(void)
{
	struct series passed = { 0 }, mapped = { 0 };

	EACH_ROUND
		add(&passed, MEASURED(load(NOTHING_THERE)));
	report("fault_pager", &passed);
	load(PAGES_START); /* the table for the others is made */
	EACH_ROUND
		add(&mapped, MEASURED(load(PAGES_START + (round + 1) * PAGE_SIZE)));
	report("fault_map", &mapped);
	exit(0);
}

static void handle_fault(struct message *message, const struct child *child, handle_t memory)
{
	uint64_t address = message->words[0];

	if (!(message->info & MESSAGE_FROM_KERNEL) || MESSAGE_LABEL(message->info) != FAULT_READ)
		fail("an odd fault", ERR_INVALID);
	message->info = 0;
	if (address == NOTHING_THERE) {
		message->info = MESSAGE_INFO(FAULT_RESUME, 1, 0);
		message->words[0] = message->words[1] + LOAD_BYTES;
	} else {
		uint64_t page = (address - PAGES_START) / PAGE_SIZE;

		must(sys_map(child->space, memory, PAGES_START + page * PAGE_SIZE, page, 1, MAP_READ | MAP_WRITE), "map");
	}
}

static void bench_faults(void)
{
	const char *const program[] = { "bench", "fault", NULL };
	handle_t pager = new_endpoint(), memory;
	struct message message;
	struct child child;
	enum error error;

	must(sys_memory_create(ROUNDS + WARM_UP + 1, &memory), "memory");
	must(spawn(&(struct spawn){ .words = program, .pager = pager }, &child), "spawn");
	error = ipc_receive(pager, &message, TIMEOUT_FOREVER);
	for (unsigned fault = 1; !error && fault < 2 * (ROUNDS + WARM_UP) + 1; fault++) {
		handle_fault(&message, &child, memory);
		error = ipc_reply_recv(pager, &message, TIMEOUT_FOREVER);
	}
	must(error, "fault");
	handle_fault(&message, &child, memory);
	must(ipc_reply(HANDLE_NONE, &message), "reply");
	must(child_wait(&child, &(uint64_t){ 0 }), "child");
	must(sys_handle_close(memory), "close");
	must(sys_handle_close(pager), "close");
}

/* --- mappings ------------------------------------------------------------------------------------------ */

static void bench_mappings(void)
{
	struct series map = { 0 }, protect = { 0 };
	uintptr_t start = address_reserve((ROUNDS + WARM_UP) * PAGE_SIZE);
	handle_t memory;

	must(sys_memory_create(ROUNDS + WARM_UP, &memory), "memory");
	EACH_ROUND
		add(&map, MEASURED(must(sys_map(HANDLE_SPACE, memory, start + round * PAGE_SIZE, round, 1, MAP_READ | MAP_WRITE), "map")));
	EACH_ROUND
		add(&protect, MEASURED(must(sys_protect(HANDLE_SPACE, start + round * PAGE_SIZE, 1, MAP_READ), "protect")));
	report("map_page", &map);
	report("protect_page", &protect);
	must(sys_unmap(HANDLE_SPACE, start, ROUNDS + WARM_UP), "unmap");
	must(sys_handle_close(memory), "close");
}

/* --- the console driver ------------------------------------------------------------------------------------ */

static bool is_first_program(void)
{
	uint64_t type, rights, badge;

	return !sys_handle_info(HANDLE_SYSTEM, &type, &rights, &badge) && type == OBJECT_SYSTEM && rights & RIGHT_RECEIVE;
}

/* Text on its way through it: as much as a message takes, in lines; printing included. The driver's devices aren't needed. */
static void bench_console(void)
{
	const char *const program[] = { "console", NULL };
	const uint64_t rights[] = { RIGHT_RECEIVE | RIGHT_SEND | RIGHT_GRANT, 0, 0, RIGHT_SEND | RIGHT_RECEIVE };
	handle_t endpoint = new_endpoint(), handles[] = { endpoint, endpoint, endpoint, HANDLE_SYSTEM };
	char text[CONSOLE_WRITE_MAX];
	struct series series = { 0 };
	struct child child;

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = i % 72 == 71 ? '\n' : '=';
	must(spawn(&(struct spawn){ .words = program, .handles = handles, .rights = rights, .handle_count = ARRAY_SIZE(handles) }, &child),
	     "console");
	EACH_ROUND {
		enum error error;

		add(&series, MEASURED(error = console_write(endpoint, text, sizeof(text))) / sizeof(text));
		must(error, "write");
	}
	report("console_per_byte", &series);
	must(sys_space_kill(child.space), "kill");
	must(sys_handle_close(child.thread), "close");
	must(sys_handle_close(child.space), "close");
	must(sys_handle_close(endpoint), "close");
}

static void bench_null(void)
{
	struct series series = { 0 };

	EACH_ROUND
		add(&series, MEASURED(must(sys_null(), "null")));
	report("null_syscall", &series);
}

/* What lies around the calls is the same for every N. */
static int only_calls(uint64_t calls, uint64_t cpu)
{
	const char *const program[] = { "bench", "serve", "0", NULL };
	handle_t endpoint = new_endpoint();
	struct child child;

	must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT, 1), "set");
	must(spawn_stopped(&(struct spawn){ .words = program, .handles = &endpoint, .handle_count = 1 }, &child), "spawn");
	must(sys_thread_set(child.thread, PRIORITY_DEFAULT, 1ull << cpu), "set");
	must(sys_thread_start(child.thread), "start");
	for (uint64_t i = 0; i < calls; i++) {
		struct message message = { 0 };

		must(ipc_call(endpoint, &message, TIMEOUT_FOREVER), "call");
		check_answer(&message, 0, 0);
	}
	must(sys_space_kill(child.space), "kill");
	return 0;
}

int main(int count, char **words)
{
	uint64_t now = vdso_data()->counts_instructions ? counter() : 0, number, cpu; /* else it may trap */

	if (count == 3 && !strcmp(words[1], "serve") && parse_number(words[2], &number))
		number ? serve(HANDLE_GIVEN, (unsigned)number) : serve_nothing(HANDLE_GIVEN);
	if (count == 2 && !strcmp(words[1], "fault"))
		take_faults();
	if (count == 4 && !strcmp(words[1], "calls") && parse_number(words[2], &number) && parse_number(words[3], &cpu))
		return only_calls(number, cpu);
	if (count != 1) {
		printf("usage bench");
		return 2;
	}
	if (!vdso_data()->counts_instructions) {
		printf("the clock counts no instructions: run QEMU with -icount (make bench)");
		return 2;
	}
	number = now - vdso_data()->entry_instructions;
	report("boot_to_user", &(struct series){ .values = { number }, .count = 1 });
	bench_null();
	bench_ipc(0, "ipc_0", "0");
	bench_ipc(4, "ipc_4", "4");
	bench_ipc(10, "ipc_10", "10");
	bench_ipc(64, "ipc_64", "64");
	bench_signal();
	bench_pingpong();
	bench_yield();
	bench_faults();
	bench_mappings();
	if (is_first_program())
		bench_console();
	return 0;
}
