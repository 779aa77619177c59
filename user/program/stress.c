/* SPDX-License-Identifier: MIT */
/*
 * stress.c: everything at once: init="stress SEED STEPS". Workers in spaces of their own map, write, read back, protect, unmap
 * and seal memory, start and kill threads that use the same memory on other CPUs or are in the middle of a call, and call a
 * server in the first space, until they have made STEPS steps together. A worker's space lasts a few hundred steps, then another
 * one begins, for what is sealed stays until it dies. Exit code 0: everything that was read back was right.
 *   stress worker SEED STEPS   … one of them
 */
#include "ipc.h"
#include "memory.h"
#include "program.h"
#include "random.h"
#include "thread.h"

#define WORKERS      3
#define STEPS_EACH   250   /* of one worker's life */
#define PAGES        8     /* of a memory object */
#define SERVER       HANDLE_GIVEN
#define CALL_TIMEOUT 60000000

static void expect(bool is_right, const char *what)
{
	if (is_right)
		return;
	printf("wrong: %s", what);
	exit(1);
}

/* --- what a worker does in a step ------------------------------------------------------------------------------------------ */

static void map_and_read_back(void)
{
	uint64_t pages = 1 + random_below(PAGES), *words;
	handle_t memory;
	void *start;

	must(sys_memory_create(pages, &memory), "memory");
	must(memory_map(memory, pages, MAP_READ | MAP_WRITE, &start), "map");
	words = start;
	for (uint64_t i = 0; i < pages; i++) {
		expect(words[i * 512] == 0 && words[i * 512 + 511] == 0, "new memory is not cleared");
		words[i * 512] = i + 1;
		words[i * 512 + 511] = ~i; /* for the next one who gets it */
	}
	must(sys_protect(HANDLE_SPACE, (uintptr_t)start, pages, MAP_READ), "protect");
	for (uint64_t i = 0; i < pages; i++)
		expect(words[i * 512] == i + 1, "memory changed");
	if (pages > 2) { /* out of the middle, and in again */
		must(sys_unmap(HANDLE_SPACE, (uintptr_t)start + PAGE_SIZE, 1), "unmap");
		must(sys_map(HANDLE_SPACE, memory, (uintptr_t)start + PAGE_SIZE, 1, 1, MAP_READ), "map again");
		expect(words[512] == 2, "a page came back as another one");
	}
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start, pages), "unmap");
	must(sys_handle_close(memory), "close");
}

static void call_with(uint64_t words, uint64_t value)
{
	struct message message = { MESSAGE_INFO(7, words, 0), { value, value + 1, value + 2, value + 3 }, 0 };

	for (uint64_t i = MESSAGE_REGISTER_WORDS; i < words; i++)
		message_page()->words[i] = value + i;
	must(ipc_call(SERVER, &message, CALL_TIMEOUT), "call");
	expect(message.info == MESSAGE_INFO(8, words, 0), "the answer's info");
	for (uint64_t i = 0; i < words; i++)
		expect((i < MESSAGE_REGISTER_WORDS ? message.words[i] : message_page()->words[i]) == ~(value + i), "the answer");
}

static void call_the_server(void)
{
	call_with(random_below(MESSAGE_WORDS_MAX + 1), random_below(1u << 30));
}

struct shared {
	uint64_t counter;
	bool is_up;
};

static void count_for_ever(void *argument)
{
	struct shared *shared = argument;

	for (;; __atomic_add_fetch(&shared->counter, 1, __ATOMIC_RELAXED))
		__atomic_store_n(&shared->is_up, true, __ATOMIC_RELEASE);
}

/* A thread that is in the middle of its work, perhaps on another CPU, loses its memory or its life. */
static void kill_a_thread(void)
{
	struct thread thread;
	struct shared *shared;
	uint64_t code, before;
	void *start;

	must(memory_make(1, &start, NULL), "memory");
	shared = start;
	must(thread_run(count_for_ever, shared, &thread), "thread");
	for (unsigned i = 0; i < 1000 && !__atomic_load_n(&shared->is_up, __ATOMIC_ACQUIRE); i++)
		must(sys_yield(), "yield");
	if (random_below(20) == 0) { /* its next store faults, on whichever CPU: nobody handles that */
		must(sys_protect(HANDLE_SPACE, (uintptr_t)start, 1, MAP_READ), "protect");
		before = __atomic_load_n(&shared->counter, __ATOMIC_ACQUIRE);
		must(sys_yield(), "yield");
		expect(shared->counter == before, "a store went through a mapping that is read-only");
	}
	must(sys_thread_kill(thread.handle), "kill");
	must(thread_join(&thread, &code), "join");
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start, 1), "unmap");
}

static void call_for_ever(void *argument)
{
	uint64_t *calls = argument;

	for (;;)
		call_with(__atomic_add_fetch(calls, 1, __ATOMIC_RELEASE) % (MESSAGE_WORDS_MAX + 1), (uintptr_t)calls);
}

/* In the middle of a message, whichever side has it by then. */
static void kill_a_caller(void)
{
	struct thread thread;
	uint64_t code, calls = 0;

	must(thread_run(call_for_ever, &calls, &thread), "thread");
	for (uint64_t i = random_below(8); !__atomic_load_n(&calls, __ATOMIC_ACQUIRE) || i; i -= i != 0)
		must(sys_yield(), "yield");
	must(sys_thread_kill(thread.handle), "kill");
	must(thread_join(&thread, &code), "join");
	expect(code == (EXIT_KILLED | EXIT_REASON_KILLED), "how a killed caller ended");
}

static void seal_a_page(void)
{
	handle_t memory;
	void *start, *other;

	must(sys_memory_create(2, &memory), "memory");
	must(memory_map(memory, 2, MAP_READ | MAP_WRITE, &start), "map");
	*(uint64_t *)start = 0x5ea1;
	must(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1), "seal");
	expect(sys_unmap(HANDLE_SPACE, (uintptr_t)start, 1) == ERR_SEALED, "a sealed page was unmapped");
	expect(sys_protect(HANDLE_SPACE, (uintptr_t)start, 1, MAP_READ | MAP_WRITE) == ERR_SEALED, "a sealed page was opened");
	expect(memory_map(memory, 1, MAP_READ | MAP_WRITE, &other) != OK, "a sealed page was mapped a second time");
	expect(*(uint64_t *)start == 0x5ea1, "a sealed page changed");
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start + PAGE_SIZE, 1), "unmap");
	must(sys_handle_close(memory), "close");
}

static void make_and_revoke(void)
{
	handle_t notification, copies[3];
	uint64_t type, rights, badge;

	must(sys_notification_create(&notification), "notification");
	for (unsigned i = 0; i < ARRAY_SIZE(copies); i++)
		must(sys_handle_duplicate(i ? copies[i - 1] : notification, RIGHT_SEND | RIGHT_GRANT, 0, &copies[i]), "duplicate");
	must(sys_signal(copies[2], 4), "signal");
	must(sys_handle_revoke(notification), "revoke");
	expect(sys_handle_info(copies[2], &type, &rights, &badge) == ERR_HANDLE, "a revoked handle lives");
	must(sys_handle_close(notification), "close");
}

static int work(uint64_t steps)
{
	static void (*const kinds[])(void) = { map_and_read_back, call_the_server, call_the_server, call_the_server, kill_a_thread,
					       kill_a_caller, make_and_revoke };

	for (uint64_t i = 0; i < steps; i++)
		if (random_below(25) == 0)
			seal_a_page();
		else
			kinds[random_below(ARRAY_SIZE(kinds))]();
	return 0;
}

/* --- the first space ------------------------------------------------------------------------------------------ */

static handle_t endpoint;

static void serve(void *argument)
{
	uint64_t *page = message_page()->words;
	struct message message;

	(void)argument;
	must(ipc_receive(endpoint, &message, TIMEOUT_FOREVER), "receive");
	for (;;) {
		unsigned words = MESSAGE_WORDS(message.info);
		enum error error;

		for (unsigned i = 0; i < MESSAGE_REGISTER_WORDS; i++)
			message.words[i] = ~message.words[i];
		for (unsigned i = MESSAGE_REGISTER_WORDS; i < words; i++)
			page[i] = ~page[i];
		message.info = MESSAGE_INFO(8, words, 0);
		error = ipc_reply_recv(endpoint, &message, TIMEOUT_FOREVER);
		if (error) /* its caller died */
			must(ipc_receive(endpoint, &message, TIMEOUT_FOREVER), "receive");
	}
}

static void text_of(char *text, size_t bytes, uint64_t value)
{
	format(text, bytes, "%zu", (size_t)value);
}

static bool run_worker(uint64_t seed, uint64_t steps)
{
	char seed_text[24], steps_text[24];
	const char *const words[] = { "stress", "worker", seed_text, steps_text, NULL };
	struct child child;
	uint64_t code;

	text_of(seed_text, sizeof(seed_text), seed);
	text_of(steps_text, sizeof(steps_text), steps);
	must(spawn(&(struct spawn){ .words = words, .handles = &endpoint, .handle_count = 1 }, &child), "spawn");
	must(child_wait(&child, &code), "wait");
	if (code)
		printf("worker %zu ended with code 0x%zx", (size_t)seed, (size_t)code);
	return code == 0;
}

static struct share {
	uint64_t seed, steps;
	bool failed;
} shares[WORKERS];

/* One worker after the other. Each has a seed of its own, which doesn't depend on who was faster. */
static void run_workers(void *argument)
{
	struct share *share = argument;

	for (uint64_t steps; share->steps; share->steps -= steps, share->seed += WORKERS) {
		steps = MIN(share->steps, (uint64_t)STEPS_EACH);
		if (!run_worker(share->seed, steps))
			share->failed = true;
	}
}

static int run_all(uint64_t seed, uint64_t steps)
{
	struct thread servers[2], workers[WORKERS];
	bool failed = false;
	uint64_t code;

	must(sys_endpoint_create(&endpoint), "endpoint");
	for (unsigned i = 0; i < ARRAY_SIZE(servers); i++)
		must(thread_run(serve, NULL, &servers[i]), "server");
	for (unsigned i = 0; i < WORKERS; i++) {
		shares[i] = (struct share){ .seed = seed + i, .steps = steps / WORKERS + (i < steps % WORKERS) };
		must(thread_run(run_workers, &shares[i], &workers[i]), "worker");
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		must(thread_join(&workers[i], &code), "join");
		failed |= code != 0 || shares[i].failed;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(servers); i++) {
		must(sys_thread_kill(servers[i].handle), "kill");
		must(thread_join(&servers[i], &code), "join");
	}
	printf("%zu steps: %s", (size_t)steps, failed ? "failed" : "ok");
	return failed;
}

int main(int count, char **words)
{
	static const char usage[] = "stress SEED STEPS";
	bool is_worker = count == 4 && !strcmp(words[1], "worker");
	uint64_t seed, steps;

	if (!is_worker && count != 3) {
		printf("usage %s", usage);
		return 2;
	}
	seed = number_or_usage(words[count - 2], usage);
	steps = number_or_usage(words[count - 1], usage);
	random_seed(seed);
	return is_worker ? work(steps) : run_all(seed, steps);
}
