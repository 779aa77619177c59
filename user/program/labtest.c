/* SPDX-License-Identifier: MIT */
/*
 * labtest.c: what the policies do to a system call in which the kernel writes to sealed memory (lab=on; lab_write is the bug to
 * order). init="labtest ADDRESS IN_COMMIT": a server thread orders the store while a client waits for its answer, holds objects
 * of its own, and others go on. Prints what became of each; tests/qemu/test_user_oops.py knows what it ought to be.
 */
#include "ipc.h"
#include "memory.h"
#include "program.h"
#include "thread.h"

#define VALUE   0x1badb002u
#define TIMEOUT 60000000
#define TICK    10000

static handle_t endpoint;
static uint64_t address, in_commit, ticks;
static enum error heard, stored = ERR_COUNT;

/* Owes its caller an answer while it orders the store. */
static void serve(void *argument)
{
	struct message message;

	(void)argument;
	must(ipc_receive(endpoint, &message, TIMEOUT), "receive");
	stored = sys_lab_write(HANDLE_LAB, address, VALUE, 8, in_commit);
	message.info = MESSAGE_INFO(1, 0, 0);
	must(ipc_reply(HANDLE_NONE, &message), "reply");
}

static void call(void *argument)
{
	struct message message = { MESSAGE_INFO(0, 0, 0), { 0 }, 0 };

	(void)argument;
	heard = ipc_call(endpoint, &message, TIMEOUT);
}

static void count(void *argument)
{
	(void)argument;
	for (;;) {
		__atomic_add_fetch(&ticks, 1, __ATOMIC_RELAXED);
		must(sys_yield(), "yield");
	}
}

/* QEMU may not run their CPU for a while. */
static bool others_go_on(void)
{
	uint64_t before = __atomic_load_n(&ticks, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < TIMEOUT / TICK && __atomic_load_n(&ticks, __ATOMIC_RELAXED) == before; i++)
		must(sys_sleep(TICK), "sleep");
	return __atomic_load_n(&ticks, __ATOMIC_RELAXED) != before;
}

/* The kernel reads and writes this program's own memory while its root is loaded: both must still be right afterwards. */
static bool memory_is_right(uint64_t *page)
{
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		if (page[i] != i * 0x9e3779b97f4a7c15ull)
			return false;
	return true;
}

static uint64_t *fill_page(void)
{
	void *start;

	must(memory_make(1, &start, NULL), "memory");
	for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
		((uint64_t *)start)[i] = i * 0x9e3779b97f4a7c15ull;
	return start;
}

int main(int words_count, char **words)
{
	struct thread server, client, other;
	uint64_t code, client_code, value = 0, *page;

	if (words_count != 3 || !parse_number(words[1], &address) || !parse_number(words[2], &in_commit)) {
		printf("usage labtest ADDRESS IN_COMMIT");
		return 2;
	}
	page = fill_page();
	must(sys_endpoint_create(&endpoint), "endpoint");
	must(thread_run(count, NULL, &other), "thread");
	must(thread_run(serve, NULL, &server), "thread");
	must(thread_run(call, NULL, &client), "thread");
	must(thread_join(&server, &code), "join");
	must(thread_join(&client, &client_code), "join");
	printf("server: code 0x%zx", (size_t)code);
	printf("store: %s", stored == ERR_COUNT ? "never came back" : error_text(stored));
	printf("client: %s, code 0x%zx", error_text(heard), (size_t)client_code);
	printf("others: %s", others_go_on() ? "go on" : "stand still");
	printf("memory: %s", memory_is_right(page) ? "right" : "wrong");
	if (!sys_lab_read(HANDLE_LAB, address, 8, &value))
		printf("value: 0x%zx", (size_t)value);
	must(sys_thread_kill(other.handle), "kill");
	must(thread_join(&other, &code), "join");
	return 0;
}
