/* SPDX-License-Identifier: MIT */
/*
 * main.c: ipctest: what messages bring: handles that travel along, badges, words in the message page, time-outs that cover the
 * answer; and a pager's answers (faults.c). The other side is this program once more, in a space of its own (peer.c). One line for
 * each expectation; the exit code is the number of those that went wrong.
 */
#include "ipctest.h"

#include "time.h"

#include <amber/system.h>

#define SHORT_US 30000
#define TRIES    100

static unsigned failures;
static handle_t to_peer, from_peer;
static struct child peer;

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

void until_sending(handle_t thread)
{
	uint64_t begin = time_us(), state, priority, cpu, code, runs;

	do {
		must(sys_sleep(1), "sleep");
		must(sys_thread_info(thread, &state, &priority, &cpu, &code, &runs), "thread_info");
	} while (state != SYSTEM_SENDING && time_us() - begin < PATIENCE_US);
	check(state == SYSTEM_SENDING, "it waits in the queue");
}

handle_t copy_of(handle_t handle, uint32_t rights, uint64_t badge)
{
	handle_t copy;

	must(sys_handle_duplicate(handle, rights, badge, &copy), "duplicate");
	return copy;
}

static uint64_t report_of(handle_t handle)
{
	uint64_t type, rights, badge;

	must(sys_handle_info(handle, &type, &rights, &badge), "handle_info");
	return REPORT(type, rights, badge);
}

static void put(unsigned i, handle_t handle, uint64_t rights)
{
	message_page()->handles[i] = handle;
	message_page()->rights[i] = rights;
}

static enum error ask(struct message *message, enum request request, unsigned words, unsigned handles)
{
	message->info = MESSAGE_INFO(request, words, handles);
	return ipc_call(to_peer, message, PATIENCE_US);
}

/* --- the greeting: sent before anybody receives ---------------------------------------------------------------------------- */

static void start_peer(void)
{
	static const char *const words[] = { "ipctest", "peer", NULL };
	handle_t inbox, outbox, handles[2];

	must(sys_endpoint_create(&inbox), "endpoint");
	must(sys_endpoint_create(&from_peer), "endpoint");
	to_peer = copy_of(inbox, RIGHT_SEND, 0);
	handles[0] = copy_of(inbox, RIGHT_RECEIVE | RIGHT_GRANT, 0);
	handles[1] = outbox = copy_of(from_peer, RIGHT_SEND | RIGHT_GRANT, PEER_BADGE);
	must(spawn(&(struct spawn){ .words = words, .handles = handles, .handle_count = 2 }, &peer), "spawn");
	must(sys_handle_close(handles[0]), "close");
	must(sys_handle_close(outbox), "close");
	must(sys_handle_close(inbox), "close");
}

static void test_greeting(void)
{
	struct message message;
	handle_t came;

	until_sending(peer.thread);
	must(ipc_receive(from_peer, &message, PATIENCE_US), "the greeting");
	check(message.info == MESSAGE_INFO(0, 1, 1) && message.words[0] == GREETING, "a message that waited brings its words");
	check(message.badge == PEER_BADGE, "it comes with its handle's badge");
	came = message_page()->handles[0];
	check(report_of(came) == REPORT(OBJECT_NOTIFICATION, RIGHT_SEND, 0), "and a handle, with the rights that were sent along");
	gives(sys_signal(came, 1), OK, "that handle works");
	must(sys_handle_close(came), "close");
}

/* --- handles --------------------------------------------------------------------------------------------------------- */

static void test_one_handle(handle_t notification)
{
	handle_t badged = copy_of(notification, RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_CONTROL, 7);
	struct message message = { 0 };
	uint64_t bits;

	put(0, badged, RIGHT_SEND);
	gives(ask(&message, PEER_LOOK, 0, 1), OK, "a handle is sent");
	check(message.words[0] == REPORT(OBJECT_NOTIFICATION, RIGHT_SEND, 7), "type and badge arrive, and no more rights than were sent");
	check(report_of(badged) == REPORT(OBJECT_NOTIFICATION, RIGHT_SEND | RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_CONTROL, 7),
	      "the sender keeps his");
	must(ask(&message, PEER_SIGNAL, 0, 0), "ask");
	check(message.words[0] == OK && !sys_wait(notification, TIMEOUT_NOW, &bits) && bits == 4, "the other side uses it");
	must(sys_handle_revoke(badged), "revoke");
	must(ask(&message, PEER_SIGNAL, 0, 0), "ask");
	check(message.words[0] == ERR_HANDLE && sys_wait(notification, TIMEOUT_NOW, &bits) == ERR_TIMEOUT,
	      "revoked here, it is gone in the other space");
	must(sys_handle_close(badged), "close");
}

/* Who got a badge can't pass for somebody else. */
static void test_badges(handle_t notification)
{
	handle_t badged = copy_of(notification, RIGHT_SEND | RIGHT_GRANT, 7), memory, copy;

	must(sys_memory_create(1, &memory), "memory");
	gives(sys_handle_duplicate(badged, RIGHT_SEND, 8, &copy), ERR_INVALID, "a second badge");
	gives(sys_space_give(peer.space, badged, RIGHT_SEND, 8, &copy), ERR_INVALID, "a second badge, given away");
	gives(sys_handle_duplicate(memory, RIGHT_READ, 8, &copy), ERR_INVALID, "a badge for memory");
	gives(sys_handle_duplicate(badged, RIGHT_SEND, 7, &copy), OK, "the same badge");
	must(sys_handle_close(copy), "close");
	gives(sys_handle_duplicate(badged, RIGHT_SEND, 0, &copy), OK, "a copy without a word about it");
	check(report_of(copy) == REPORT(OBJECT_NOTIFICATION, RIGHT_SEND, 7), "it has the badge");
	must(sys_handle_close(copy), "close");
	must(sys_handle_close(badged), "close");
	must(sys_handle_close(memory), "close");
}

static uint64_t pages_of(handle_t space)
{
	uint64_t threads, handles, pages, code;

	must(sys_space_info(space, &threads, &handles, &pages, &code), "space_info");
	return pages;
}

/* Memory that was lent: taken back, it is nowhere to be seen any more. */
static void test_revoked_mappings(void)
{
	uint64_t here = pages_of(HANDLE_SPACE), there = pages_of(peer.space);
	const uintptr_t at = 0x6000000000;
	handle_t memory, lent;

	must(sys_memory_create(2, &memory), "memory");
	lent = copy_of(memory, RIGHT_READ | RIGHT_WRITE | RIGHT_MAP, 0);
	must(sys_map(peer.space, lent, at, 0, 2, MAP_READ | MAP_WRITE), "map");
	must(sys_map(HANDLE_SPACE, memory, at, 0, 2, MAP_READ | MAP_WRITE), "map");
	check(pages_of(HANDLE_SPACE) == here + 2 && pages_of(peer.space) == there + 2, "memory is mapped in two spaces");
	must(sys_handle_revoke(memory), "revoke");
	check(pages_of(HANDLE_SPACE) == here && pages_of(peer.space) == there, "revoked, it is mapped in none");
	gives(sys_protect(HANDLE_SPACE, at, 1, MAP_READ), ERR_NOT_MAPPED, "here nothing is there");
	gives(sys_protect(peer.space, at, 1, MAP_READ), ERR_NOT_MAPPED, "nor in the other space");
	gives(sys_map(peer.space, lent, at, 0, 1, MAP_READ), ERR_HANDLE, "and can't be mapped again by the copy");
	must(sys_handle_close(memory), "close");
}

/* None of it reaches the other side: its table stays as it is. */
static void test_refusals(handle_t notification)
{
	handle_t kept = copy_of(notification, RIGHT_SEND | RIGHT_RECEIVE, 0), weak = copy_of(notification, RIGHT_SEND | RIGHT_GRANT, 0);
	uint64_t threads, before, after, pages, code;
	struct message message = { 0 };

	must(sys_space_info(peer.space, &threads, &before, &pages, &code), "space_info");
	put(0, kept, RIGHT_SEND);
	gives(ask(&message, PEER_LOOK, 0, 1), ERR_RIGHTS, "a handle without the right to grant");
	put(0, weak, RIGHT_SEND | RIGHT_RECEIVE);
	gives(ask(&message, PEER_LOOK, 0, 1), ERR_RIGHTS, "more rights than the sender has");
	put(0, weak, RIGHT_SEND | 1ull << 32);
	gives(ask(&message, PEER_LOOK, 0, 1), ERR_RIGHTS, "a right that there isn't");
	put(0, weak, RIGHT_SEND);
	put(1, HANDLE_NONE, 0);
	gives(ask(&message, PEER_LOOK, 0, 2), ERR_HANDLE, "a good handle and one that is none");
	must(sys_space_info(peer.space, &threads, &after, &pages, &code), "space_info");
	check(before == after, "of these nothing arrived");
	must(sys_handle_close(kept), "close");
	must(sys_handle_close(weak), "close");
}

static void test_four_and_all_words(handle_t notification)
{
	const uint32_t rights[] = { RIGHT_SEND, RIGHT_RECEIVE, RIGHT_READ, 0 };
	handle_t handles[] = { notification, from_peer, HANDLE_THREAD, to_peer };
	struct message message = { 0 };

	handles[3] = copy_of(notification, RIGHT_GRANT, 9);
	for (unsigned i = 0; i < MESSAGE_HANDLES_MAX; i++)
		put(i, handles[i], rights[i]);
	gives(ask(&message, PEER_LOOK, 0, 4), OK, "four handles");
	check(message.words[0] == REPORT(OBJECT_NOTIFICATION, RIGHT_SEND, 0) && message.words[1] == REPORT(OBJECT_ENDPOINT, RIGHT_RECEIVE, 0) &&
	      message.words[2] == REPORT(OBJECT_THREAD, RIGHT_READ, 0) && message.words[3] == REPORT(OBJECT_NOTIFICATION, 0, 9),
	      "each arrives at its place");
	for (unsigned i = MESSAGE_REGISTER_WORDS; i < MESSAGE_WORDS_MAX; i++)
		message_page()->words[i] = i * 0x9e3779b97f4a7c15ull;
	put(0, notification, RIGHT_SEND);
	must(ask(&message, PEER_LOOK, MESSAGE_WORDS_MAX, 1), "ask");
	check(message.words[3] == MESSAGE_WORDS_MAX - MESSAGE_REGISTER_WORDS, "all words of the page arrive beside a handle");
	must(sys_handle_close(handles[3]), "close");
	must(ask(&message, PEER_RETURN, 0, 0), "ask");
	check(message.info == MESSAGE_INFO(0, 0, 1) && report_of(message_page()->handles[0]) == REPORT(OBJECT_NOTIFICATION, RIGHT_SEND, 0),
	      "an answer brings a handle");
	must(sys_handle_close(message_page()->handles[0]), "close");
}

/* --- the time-out of a call ---------------------------------------------------------------------------------------------- */

/* The answer comes when we say so: behind the time-out. The time may also be over before the peer has received anything. */
static bool time_out_once(handle_t notification)
{
	struct message message = { MESSAGE_INFO(PEER_HOLD, 0, 0), { 0 }, 0 };
	uint64_t began = time_us(), bits;
	enum error error = ipc_call(to_peer, &message, SHORT_US);

	gives(error, ERR_TIMEOUT, "a call that isn't answered in time");
	check(time_us() - began >= SHORT_US, "… not before its time");
	must(sys_signal(notification, 1), "signal");
	must(ask(&message, PEER_HEARD, 0, 0), "ask");
	(void)!sys_wait(notification, TIMEOUT_NOW, &bits);
	return message.words[0] == ERR_GONE;
}

static void test_time_out(handle_t notification)
{
	struct message message = { 0 };
	bool was_late = false;

	put(0, notification, RIGHT_RECEIVE);
	must(ask(&message, PEER_LOOK, 0, 1), "ask");
	for (unsigned i = 0; i < TRIES && !was_late; i++)
		was_late = time_out_once(notification);
	check(was_late, "a call that was received and isn't answered in time: the late answer finds nobody");
}

int main(int count, char **words)
{
	struct message message = { .info = MESSAGE_INFO(PEER_END, 0, 0) };
	handle_t notification;
	uint64_t code;

	if (count == 2 && !strcmp(words[1], "peer"))
		return run_peer();
	if (count == 2 && !strcmp(words[1], "fault"))
		return run_faulter();
	must(sys_notification_create(&notification), "notification");
	start_peer();
	test_greeting();
	test_one_handle(notification);
	test_badges(notification);
	test_revoked_mappings();
	test_refusals(notification);
	test_four_and_all_words(notification);
	test_time_out(notification);
	must(ipc_send(to_peer, &message, PATIENCE_US), "send");
	must(child_wait(&peer, &code), "the peer's end");
	check(!code, "the other side is content");
	test_faults();
	printf("%u of these went wrong", failures);
	return (int)failures;
}
