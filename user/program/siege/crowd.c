/* SPDX-License-Identifier: MIT */
/* crowd.c: many at once: senders that all fail, programs until nothing is left. */
#include "siege.h"

#include "time.h"

#include <amber/system.h>

#define CHILDREN    400
#define SENDERS_MAX 600
#define LATE        SECOND /* a tick wakes a few of them only, so that none is long */

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
	static struct thread senders[SENDERS_MAX];
	struct message message;

	threads = MIN(threads, (uint64_t)SENDERS_MAX);
	must(sys_endpoint_create(&endpoint), "endpoint");
	for (uint64_t i = 0; i < threads; i++)
		must(thread_run(send_nothing, NULL, &senders[i]), "thread");
	for (uint64_t i = 0; i < threads; i++)
		wait_for_state(senders[i].handle, SYSTEM_SENDING);
	expect(ipc_receive(endpoint, &message, TIMEOUT_NOW) == ERR_TIMEOUT, "a message came");
	wait_until_alone("senders wait for ever");
}

static uint64_t began;
static volatile uint32_t late;

/* All until about the same time; each new one goes to the head of the kernel's list. */
static void sleep_long(void *number)
{
	uint64_t begin = time_us(), until = MAX(began + 2 * SECOND - (uintptr_t)number * 10, begin + 1);

	must(sys_sleep(until - begin), "sleep");
	expect(time_us() >= until, "a sleep was too short");
	if (vdso_data()->counts_instructions) /* else a busy host counts, too */
		__atomic_add_fetch(&late, time_us() > until + LATE, __ATOMIC_RELAXED);
}

void many_sleepers(uint64_t threads)
{
	struct thread thread;

	began = time_us();
	for (uint64_t i = 0; i < threads; i++)
		must(thread_run(sleep_long, (void *)(uintptr_t)i, &thread), "thread");
	wait_until_alone("sleepers sleep for ever");
	expect(!late, "a sleep was much too long");
}

void sleep_inside(uint64_t number)
{
	(void)number;
	may_fail(sys_sleep(3600 * SECOND));
}

/* Programs until there is no room for one more; where there was room for `wanted` before, what was killed may still be taken apart. */
static unsigned fill(struct child children[CHILDREN], unsigned wanted, enum error *error)
{
	const char *words[] = { "siege", "sleep-inside", "0", NULL };
	uint64_t begin = time_us();
	unsigned count = 0;

	for (*error = OK; count < CHILDREN; count += !*error) {
		*error = spawn(&(struct spawn){ .words = words }, &children[count]);
		if (*error && (count >= wanted || time_us() - begin > PATIENCE))
			break;
		if (*error)
			must(sys_sleep(SECOND / 100), "sleep");
	}
	return count;
}

/* … and all of them killed; again and again. */
void storm(uint64_t rounds)
{
	static struct child children[CHILDREN];
	unsigned first = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		enum error error;
		unsigned count = fill(children, first > 8 ? first - 8 : 0, &error);

		printf("round %u: %u programs, then: %s", (unsigned)i, count, error_text(error));
		first = first ? first : count;
		expect(count + 8 >= first && count > 4, "fewer and fewer");
		for (unsigned k = 0; k < count; k++) {
			must(sys_space_kill(children[k].space), "kill");
			must(sys_handle_close(children[k].thread), "close");
			must(sys_handle_close(children[k].space), "close");
		}
	}
}
