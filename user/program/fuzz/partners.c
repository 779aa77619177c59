/* SPDX-License-Identifier: MIT */
/* partners.c: threads of the first program that do their part, so that a worker's messages arrive, are answered, and come. They survive
 * whatever a worker does. */
#include "fuzz.h"

#include "ipc.h"

#define SERVERS     2
#define CALLERS     2
#define PATIENCE_US 3000

static struct thread threads[SERVERS + CALLERS];
static handle_t served, asked;

/* What came along isn't wanted. */
static void close_luggage(const struct message *message)
{
	if (message->info & MESSAGE_FROM_KERNEL)
		return;
	for (unsigned i = 0; i < MESSAGE_HANDLES(message->info); i++)
		(void)sys_handle_close(message_page()->handles[i]);
}

/* Sometimes a new notification goes along; the sender keeps nothing. */
static uint64_t some_info(handle_t *luggage)
{
	uint64_t words = random_below(4) ? random_below(5) : random_below(MESSAGE_WORDS_MAX + 1);

	*luggage = HANDLE_NONE;
	if (random_below(4) || sys_notification_create(luggage))
		return MESSAGE_INFO(random_below(4), words, 0);
	message_page()->handles[0] = *luggage;
	message_page()->rights[0] = RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT;
	return MESSAGE_INFO(random_below(4), words, 1);
}

static void answer(const struct message *question)
{
	struct message message = { 0 };
	handle_t luggage = HANDLE_NONE, kept = HANDLE_NONE;

	if (random_below(8) == 0)
		return; /* the next receive tells the caller */
	if (random_below(4) == 0 && sys_reply_keep(&kept))
		return;
	message.info = question->info & MESSAGE_FROM_KERNEL ? MESSAGE_INFO(FAULT_KILL, 0, 0) : some_info(&luggage);
	may_fail(ipc_reply(kept, &message));
	if (kept)
		(void)sys_handle_close(kept);
	if (luggage)
		(void)sys_handle_close(luggage);
}

static void serve(void *seed)
{
	struct message message;

	random_seed((uintptr_t)seed);
	for (;;) {
		must(ipc_receive(served, &message, TIMEOUT_FOREVER), "a server");
		close_luggage(&message);
		if (message.info & MESSAGE_IS_CALL)
			answer(&message);
	}
}

static void call(void *seed)
{
	random_seed((uintptr_t)seed);
	for (;;) {
		struct message message = { 0 };
		handle_t luggage;
		enum error error;

		message.info = some_info(&luggage);
		if (random_below(4) == 0)
			error = ipc_send(asked, &message, PATIENCE_US);
		else
			error = ipc_call(asked, &message, PATIENCE_US);
		if (luggage)
			(void)sys_handle_close(luggage);
		if (error) /* at once, where a receiver has no room: it must not keep the CPU */
			may_fail(sys_sleep(1000));
		else if (!(message.info & ~MESSAGE_INFO_MASK))
			close_luggage(&message);
	}
}

/* Each has its turn, whatever the workers' threads are set to. */
void partners_start(handle_t served_endpoint, handle_t asked_endpoint)
{
	served = served_endpoint;
	asked = asked_endpoint;
	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
		must(thread_make(i < SERVERS ? serve : call, (void *)(uintptr_t)(i + 1), &threads[i]), "a partner");
		must(sys_thread_set(threads[i].handle, PRIORITY_HIGHEST_USER, 255), "a partner's priority");
		must(sys_thread_start(threads[i].handle), "a partner's start");
	}
}

void partners_end(void)
{
	uint64_t code;

	for (unsigned i = 0; i < ARRAY_SIZE(threads); i++) {
		(void)sys_thread_kill(threads[i].handle);
		must(thread_join(&threads[i], &code), "a partner's end");
	}
}
