/* SPDX-License-Identifier: MIT */
/* threads.c: threads in every state, ends of every kind, and kills by id, for tests of the records about them. Main thread. */
#include "systest.h"

#include "ipc.h"
#include "thread.h"
#include "time.h"

#define LONG_US     3000000000ull
#define PATIENCE_US 60000000

static struct {
	handle_t endpoint, other, notification;
} scene;

static void wait_for_ever(void *argument)
{
	uint64_t bits;

	(void)argument;
	must(sys_wait(scene.notification, TIMEOUT_FOREVER, &bits), "wait");
}

static void receive_for_ever(void *argument)
{
	struct message message;

	(void)argument;
	must(ipc_receive(scene.endpoint, &message, TIMEOUT_FOREVER), "receive");
}

static void call_nobody(void *argument)
{
	struct message message = { .info = MESSAGE_INFO(0, 0, 0) };

	(void)argument;
	must(ipc_call(scene.other, &message, TIMEOUT_FOREVER), "call");
}

static void sleep_long(void *argument)
{
	(void)argument;
	must(sys_sleep(LONG_US), "sleep");
}

static void until_state(handle_t thread, uint64_t wanted)
{
	uint64_t begin = time_us(), state, priority, cpu, code, runs;

	do {
		must(sys_sleep(1), "sleep");
		must(sys_thread_info(thread, &state, &priority, &cpu, &code, &runs), "thread_info");
	} while (state != wanted && time_us() - begin < PATIENCE_US);
}

/* A thread in each state; the records follow. They stay: only the end of all ends them. */
void show_states(char **words)
{
	static void (*const functions[])(void *) = { wait_for_ever, receive_for_ever, call_nobody, sleep_long };
	static const uint64_t states[] = { SYSTEM_WAITING, SYSTEM_RECEIVING, SYSTEM_SENDING, SYSTEM_SLEEPING };
	struct thread threads[ARRAY_SIZE(functions)], stopped;

	must(sys_endpoint_create(&scene.endpoint), "endpoint");
	must(sys_endpoint_create(&scene.other), "endpoint");
	must(sys_notification_create(&scene.notification), "notification");
	for (unsigned i = 0; i < ARRAY_SIZE(functions); i++)
		must(thread_run(functions[i], NULL, &threads[i]), "thread");
	must(thread_make(sleep_long, NULL, &stopped), "thread");
	for (unsigned i = 0; i < ARRAY_SIZE(functions); i++)
		until_state(threads[i].handle, states[i]);
	show_threads(words);
}

/* Starts `hello CODE` and waits for its end. */
void start_and_wait(char **words)
{
	const char *const program[] = { "hello", words[1], NULL };
	struct child child;
	uint64_t code;

	must(spawn(&(struct spawn){ .words = program }, &child), "spawn");
	must(child_wait(&child, &code), "wait");
}

static uint64_t own_ticks;

static void look_at(const struct system_thread *thread)
{
	if (strcmp(thread->name, "systest") == 0 || strcmp(thread->name, "supervisor") == 0)
		own_ticks = MAX(own_ticks, thread->ticks);
}

/* Until the kernel has charged so many ticks. */
void spin(char **words)
{
	uint64_t wanted = number_of(words[1]);

	while (own_ticks < wanted)
		each_thread(look_at);
	printf("spin: %zu ticks", (size_t)own_ticks);
}

/* --- by id ---------------------------------------------------------------------------------------------------------- */

static uint64_t victim;
static unsigned lingering;

static void find_victim(const struct system_thread *thread)
{
	if (strcmp(thread->name, "systest") == 0 && thread->state != SYSTEM_ENDED)
		victim = thread->id, lingering++; /* its last thread */
}

/* In the supervisor's place: a program with several threads, killed by the id of one of them. */
void kill_child(char **words)
{
	const char *const program[] = { "systest", "linger", NULL };
	struct child child;
	uint64_t code;

	(void)words;
	must(spawn(&(struct spawn){ .words = program }, &child), "spawn");
	for (unsigned i = 0; i < PATIENCE_US / 10000 && lingering < 2; i++) {
		must(sys_sleep(10000), "sleep");
		lingering = 0;
		each_thread(find_victim);
	}
	must(sys_system_control(HANDLE_SYSTEM, SYSTEM_KILL, victim), "kill");
	must(child_wait(&child, &code), "wait");
	printf("the child's exit code is 0x%zx", (size_t)code);
	printf("killed again: %s", error_text(sys_system_control(HANDLE_SYSTEM, SYSTEM_KILL, victim)));
}

void linger(char **words)
{
	struct thread thread;

	(void)words;
	must(thread_run(sleep_long, NULL, &thread), "thread");
	sleep_long(NULL);
}

/* That many threads that never run: the longest lists. */
void make_crowd(char **words)
{
	struct thread thread;

	for (uint64_t left = number_of(words[1]); left; left--)
		must(thread_make(sleep_long, NULL, &thread), "thread");
}

/* With lab=on: that many stores to sealed data, each a record of its own. */
void make_records(char **words)
{
	uint64_t count = number_of(words[1]), bytes, next;
	struct system_symbol symbol = { .name = "lab_sealed_page" };

	must(sys_system_read(HANDLE_SYSTEM, SYSTEM_SYMBOL, 0, 0, &symbol, sizeof(symbol), &bytes, &next), "symbol");
	for (uint64_t i = 0; i < count; i++)
		must(sys_lab_write(HANDLE_LAB, symbol.address + i % 256 * 16, i + 1, 8, 0), "lab_write");
}
