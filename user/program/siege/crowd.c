/* SPDX-License-Identifier: MIT */
/* crowd.c: many at once: senders that all fail, programs until nothing is left. */
#include "siege.h"

#include "time.h"

#define CHILDREN 400

static handle_t endpoint;

static void send_nothing(void *argument)
{
	const struct message message = { .info = MESSAGE_INFO(0, 0, MESSAGE_HANDLES_MAX) };

	(void)argument; /* the message page's handles are 0 */
	expect(ipc_send(endpoint, &message, TIMEOUT_FOREVER) == ERR_HANDLE, "a message without its handles was sent");
}

/* One receive finds that none of the messages that wait can be sent. */
void bad_senders(uint64_t threads)
{
	uint64_t left = 0, handles, pages, code;
	struct message message;
	struct thread thread;

	must(sys_endpoint_create(&endpoint), "endpoint");
	for (uint64_t i = 0; i < threads; i++)
		must(thread_run(send_nothing, NULL, &thread), "thread");
	must(sys_sleep(SECOND / 5), "sleep");
	expect(ipc_receive(endpoint, &message, TIMEOUT_NOW) == ERR_TIMEOUT, "a message came");
	for (unsigned i = 0; i < 1000 && left != 1; i++) {
		must(sys_sleep(SECOND / 100), "sleep");
		must(sys_space_info(HANDLE_SPACE, &left, &handles, &pages, &code), "space_info");
	}
	expect(left == 1, "senders wait for ever");
}

static uint64_t began;
static volatile uint32_t late;

/* All until about the same time; each new one goes to the head of the kernel's list. */
static void sleep_long(void *number)
{
	uint64_t begin = time_us(), microseconds = began + 2 * SECOND - (uintptr_t)number * 10 - begin;

	must(sys_sleep(microseconds), "sleep");
	expect(time_us() >= begin + microseconds, "a sleep was too short");
	__atomic_add_fetch(&late, time_us() > begin + microseconds + 2 * SECOND, __ATOMIC_RELAXED);
}

void many_sleepers(uint64_t threads)
{
	uint64_t left = 0, handles, pages, code;
	struct thread thread;

	began = time_us();
	for (uint64_t i = 0; i < threads; i++)
		must(thread_run(sleep_long, (void *)(uintptr_t)i, &thread), "thread");
	for (unsigned i = 0; i < 1000 && left != 1; i++) {
		must(sys_sleep(SECOND / 100), "sleep");
		must(sys_space_info(HANDLE_SPACE, &left, &handles, &pages, &code), "space_info");
	}
	expect(left == 1, "sleepers sleep for ever");
	expect(!late, "a sleep was much too long");
}

void sleep_inside(uint64_t number)
{
	(void)number;
	may_fail(sys_sleep(3600 * SECOND));
}

/* Programs until there is no room for one more, and all of them killed; again and again. */
void storm(uint64_t rounds)
{
	static struct child children[CHILDREN];
	const char *words[] = { "siege", "sleep-inside", "0", NULL };
	unsigned first = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		unsigned count = 0;
		enum error error = OK;

		while (count < CHILDREN && !error) {
			error = spawn(&(struct spawn){ .words = words }, &children[count]);
			count += !error;
		}
		printf("round %u: %u programs, then: %s", (unsigned)i, count, error_text(error));
		first = first ? first : count;
		expect(count + 8 >= first && count > 4, "fewer and fewer");
		for (unsigned k = 0; k < count; k++) {
			must(sys_space_kill(children[k].space), "kill");
			must(sys_handle_close(children[k].thread), "close");
			must(sys_handle_close(children[k].space), "close");
		}
		must(sys_sleep(SECOND / 2), "sleep");
	}
}
