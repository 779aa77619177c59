/* SPDX-License-Identifier: MIT */
/* situations.c: what is dead, missing, sealed, or there already: the errors that follow from it. Main thread. */
#include "provoke.h"

#include "ipc.h"

#include <amber/system.h>

#define PLACE 0x3000200000ull /* in the scene's space */
#define TEXT  ((uintptr_t)scene.text)
#define LAB_ADDRESS 0xffff800000000000ull /* the direct map's first page: nobody's memory */

static uint64_t text_is(const char *text)
{
	uint64_t bytes = strlen(text);

	memset(scene.text, 0, 128);
	memcpy(scene.text, text, bytes);
	return bytes;
}

static void nothing_can_be_added(handle_t space)
{
	PROVOKE(thread_create, ERR_GONE, space, SOUND_WORD, SOUND_WORD, PLACE, TEXT, 0);
	PROVOKE(space_give, ERR_GONE, space, scene.right[OBJECT_NOTIFICATION], RIGHT_SEND, 0);
	PROVOKE(space_load, ERR_GONE, space, TEXT, SOUND_LENGTH);
	PROVOKE(map, ERR_GONE, space, scene.right[OBJECT_MEMORY], PLACE, 0, 1, MAP_READ);
	PROVOKE(space_trace, ERR_GONE, space, 1);
}

static void a_space_that_has_ended(void)
{
	handle_t space;

	need(sys_space_create(HANDLE_NONE, &space), "space");
	need(sys_space_kill(space), "kill");
	nothing_can_be_added(space);
	PROVOKE(unmap, ERR_GONE, space, PLACE, 1);
	PROVOKE(protect, ERR_GONE, space, PLACE, 1, MAP_READ);
	PROVOKE(map_seal, ERR_GONE, space, PLACE, 1);
	need(sys_handle_close(space), "close");
}

/* None of its threads was started. */
void ends_as_killed(handle_t space)
{
	uint64_t threads, handles, pages, code;

	do {
		(void)sys_yield();
		need(sys_space_info(space, &threads, &handles, &pages, &code), "space_info");
	} while (threads);
	if (handles || pages || code != (EXIT_KILLED | EXIT_REASON_KILLED))
		went_wrong(SYS_space_info, "exit_code", code, "handles", 0, handles);
}

/* Its thread has to run once to end: on one CPU it isn't its turn, but for a tick that comes just then. So several times. */
static void a_space_that_is_ending(void)
{
	for (unsigned i = 0; i < 8; i++) {
		handle_t space, thread;

		need(sys_space_create(HANDLE_NONE, &space), "space");
		need(sys_thread_create(space, USER_START, USER_START, PLACE + PAGE_SIZE, NULL, 0, &thread), "thread");
		need(sys_space_kill(space), "kill");
		nothing_can_be_added(space);
		PROVOKE(thread_start, ERR_DENIED, thread);
		ends_as_killed(space);
		need(sys_handle_close(thread), "close");
		need(sys_handle_close(space), "close");
	}
}

/* One watcher, as long as somebody may hear it. */
static void watches(handle_t thread, handle_t notification)
{
	struct other waiting;
	handle_t first;

	need(sys_notification_create(&first), "notification");
	PROVOKE(thread_watch, OK, thread, first, 1);
	PROVOKE(thread_watch, ERR_FULL, thread, first, 1);
	PROVOKE(thread_watch, ERR_FULL, thread, notification, 1);
	other_waits(&waiting, first);
	need(sys_handle_close(first), "close");
	other_ends(&waiting);
	note(SYS_wait, waiting.error);
	PROVOKE(thread_watch, OK, thread, notification, 1);
	PROVOKE(thread_watch, ERR_FULL, thread, notification, 1);
}

static void what_is_there_already(void)
{
	handle_t space = scene.right[OBJECT_SPACE], memory = scene.right[OBJECT_MEMORY], other;

	need(sys_map(space, memory, PLACE, 1, 1, MAP_READ | MAP_WRITE), "map");
	PROVOKE(map, ERR_DENIED, space, memory, PLACE, 0, 1, MAP_READ);
	PROVOKE(thread_create, ERR_DENIED, space, SOUND_WORD, SOUND_WORD, PLACE, TEXT, 0);
	need(sys_map(space, memory, PLACE + PAGE_SIZE, 1, 1, MAP_READ), "map again");
	PROVOKE(map_seal, ERR_DENIED, space, PLACE, 1);
	need(sys_unmap(space, PLACE + PAGE_SIZE, 1), "unmap");
	need(sys_map_seal(space, PLACE, 1), "seal");
	PROVOKE(unmap, ERR_SEALED, space, PLACE, 1);
	PROVOKE(protect, ERR_SEALED, space, PLACE, 1, MAP_READ);
	PROVOKE(map_seal, ERR_SEALED, space, PLACE, 1);
	PROVOKE(map, ERR_DENIED, space, memory, PLACE + 4 * PAGE_SIZE, 1, 1, MAP_READ);
	need(sys_space_create(HANDLE_NONE, &other), "space");
	PROVOKE(space_give, ERR_DENIED, space, other, RIGHT_READ, 0);
	need(sys_handle_close(other), "close");
	watches(scene.stopped.handle, scene.right[OBJECT_NOTIFICATION]);
	PROVOKE(thread_start, OK, scene.stopped.handle);
	PROVOKE(thread_start, ERR_DENIED, scene.stopped.handle);
}

/* Between the two halves there are no addresses: a walk by the lower bits alone would find mappings there. */
static void cursors_that_there_are_not(handle_t system)
{
	static const uint64_t wrong[] = { 1ull << 47, 1ull << 48, 1ull << 62, 1ull << 63, 0xffff000000000000ull, 0xffff7ffffffff000ull };
	uint64_t root;

	PROVOKE(system_read, OK, system, SYSTEM_ROOTS, 0, 0, TEXT, sizeof(struct system_root));
	memcpy(&root, scene.text, sizeof(root));
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++)
		PROVOKE(system_read, ERR_INVALID, system, SYSTEM_MAPPINGS, root, wrong[i], TEXT, 2048);
	PROVOKE(system_read, OK, system, SYSTEM_MAPPINGS, root, 0x7ffffffff000ull, TEXT, 2048);
	PROVOKE(system_read, ERR_INVALID, system, SYSTEM_COUNTS, 0, 1, TEXT, 2048);
	PROVOKE(system_read, ERR_INVALID, system, SYSTEM_SEAL, 0, 1, TEXT, 2048);
}

/* On a machine that has fewer than eight. */
static void no_cpu(handle_t system)
{
	struct system_counts counts;
	uint64_t bytes, next;

	need(sys_system_read(system, SYSTEM_COUNTS, 0, 0, &counts, sizeof(counts), &bytes, &next), "counts");
	if (counts.cpus < 8)
		PROVOKE(thread_set, ERR_RANGE, scene.stopped.handle, PRIORITY_DEFAULT, 1u << counts.cpus);
}

static void what_is_not_there(void)
{
	handle_t space = scene.right[OBJECT_SPACE], system = scene.right[OBJECT_SYSTEM];

	PROVOKE(unmap, ERR_NOT_MAPPED, space, FREE, 1);
	PROVOKE(protect, ERR_NOT_MAPPED, space, FREE, 1, MAP_READ);
	PROVOKE(map_seal, ERR_NOT_MAPPED, space, FREE, 1);
	PROVOKE(reply, ERR_NOT_FOUND, 0, MESSAGE_INFO(0, 0, 0));
	if (scene.right[OBJECT_IRQ])
		PROVOKE(irq_acknowledge, ERR_NOT_FOUND, scene.right[OBJECT_IRQ]);
	if (system) {
		PROVOKE(system_read, ERR_NOT_FOUND, system, SYSTEM_MAPPINGS, PAGE_SIZE, 0, TEXT, 2048);
		PROVOKE(system_read, ERR_NOT_FOUND, system, SYSTEM_MAPPINGS, 0, 0, TEXT, 2048);
		cursors_that_there_are_not(system);
		no_cpu(system);
		(void)text_is("no_such_symbol");
		PROVOKE(system_read, ERR_NOT_FOUND, system, SYSTEM_SYMBOL, 0, 0, TEXT, 2048);
		(void)text_is("");
		PROVOKE(system_read, ERR_INVALID, system, SYSTEM_SYMBOL, 0, 0, TEXT, 2048);
		(void)text_is("names"); /* of system calls, of features … */
		PROVOKE(system_read, ERR_AMBIGUOUS, system, SYSTEM_SYMBOL, 0, 0, TEXT, 2048);
	}
}

static void load(const char *name, enum error expected)
{
	handle_t space;

	need(sys_space_create(HANDLE_NONE, &space), "space");
	PROVOKE(space_load, expected, space, TEXT, text_is(name));
	need(sys_handle_close(space), "close");
}

/* The test brings them in a boot module: a file that is no program, and one for another machine. */
static void bad_programs(bool has_module)
{
	load("no-such-program", ERR_NOT_FOUND);
	if (has_module) {
		load("bad-magic", ERR_INVALID);
		load("bad-machine", ERR_UNSUPPORTED);
	}
}

/* Three bytes at once; ports can't be mapped, registers can. */
static void devices(void)
{
	handle_t uart = scene.uart, lab = scene.right[OBJECT_LAB];
	uint64_t a[ARGUMENTS_MAX] = { scene.right[OBJECT_SPACE], uart, PLACE + 16 * PAGE_SIZE, 0, 1, MAP_READ }, error;

	if (uart) {
		PROVOKE(device_read, ERR_INVALID, uart, 0, 3);
		PROVOKE(device_write, ERR_INVALID, uart, 0, 3, 0);
		error = noted_call(SYS_map, a);
		if (error != OK && error != ERR_UNSUPPORTED)
			went_wrong(SYS_map, "a device", 0, "error", OK, error);
		PROVOKE(device_read, error ? ERR_RANGE : OK, uart, 4094, 1);
		PROVOKE(device_read, error ? ERR_INVALID : OK, uart, 4088, 8);
	}
	if (lab) {
		PROVOKE(lab_read, ERR_INVALID, lab, LAB_ADDRESS, 3);
		PROVOKE(lab_write, ERR_INVALID, lab, LAB_ADDRESS, 0, 3, 0);
		PROVOKE(lab_read, ERR_NOT_MAPPED, lab, LAB_ADDRESS, 8);
		PROVOKE(lab_write, ERR_NOT_MAPPED, lab, LAB_ADDRESS, 0, 8, 0);
	}
}

static void partners_that_are_gone(void)
{
	struct message message = { .info = MESSAGE_INFO(0, 0, 0) };
	struct other other;
	handle_t endpoint, sending, kept;

	need(sys_endpoint_create(&endpoint), "endpoint");
	other_calls(&other, endpoint);
	need(sys_reply_keep(&kept), "keep");
	other_is_killed(&other);
	PROVOKE(reply, ERR_GONE, kept, MESSAGE_INFO(0, 0, 0));
	other_calls(&other, endpoint);
	other_is_killed(&other);
	PROVOKE(reply_keep, ERR_GONE, 0);
	PROVOKE(reply_recv, ERR_GONE, endpoint, MESSAGE_INFO(0, 0, 0), 0, 0, 0, 0, TIMEOUT_NOW);
	other_calls(&other, endpoint);
	PROVOKE(reply_recv, ERR_TIMEOUT, endpoint, MESSAGE_INFO(0, 0, 0), 0, 0, 0, 0, 1);
	other_ends(&other);
	other_calls(&other, endpoint);
	if (ipc_receive(endpoint, &message, TIMEOUT_NOW) != ERR_TIMEOUT) /* unanswered: it gets ERR_GONE */
		went_wrong(SYS_receive, "", 0, "a message from nobody", OK, 0);
	other_ends(&other);
	note(SYS_call, other.error);
	sending = copy_of(endpoint, RIGHT_SEND);
	need(sys_handle_close(endpoint), "close");
	PROVOKE(call, ERR_GONE, sending, MESSAGE_INFO(0, 0, 0), 0, 0, 0, 0, 1);
	PROVOKE(send, ERR_GONE, sending, MESSAGE_INFO(0, 0, 0), 0, 0, 0, 0, TIMEOUT_NOW);
	need(sys_handle_close(sending), "close");
}

static void what_dies_meanwhile(void)
{
	struct other other;
	handle_t endpoint, notification, copy;

	need(sys_endpoint_create(&endpoint), "endpoint");
	need(sys_notification_create(&notification), "notification");
	copy = copy_of(endpoint, RIGHT_RECEIVE);
	other_receives(&other, copy);
	need(sys_handle_revoke(endpoint), "revoke");
	other_ends(&other);
	note(SYS_receive, other.error);
	copy = copy_of(notification, RIGHT_RECEIVE);
	other_waits(&other, copy);
	need(sys_handle_revoke(notification), "revoke");
	other_ends(&other);
	note(SYS_wait, other.error);
	need(sys_handle_close(endpoint), "close");
	need(sys_handle_close(notification), "close");
	need(thread_make(do_nothing, NULL, &other.thread), "thread");
	need(sys_thread_kill(other.thread.handle), "kill");
	PROVOKE(thread_set, ERR_GONE, other.thread.handle, PRIORITY_DEFAULT, 1);
	other_ends(&other);
}

void provoke_all(bool has_module)
{
	make_scene();
	a_space_that_has_ended();
	a_space_that_is_ending();
	what_is_not_there();
	bad_programs(has_module);
	devices();
	partners_that_are_gone();
	what_dies_meanwhile();
	what_is_there_already();
	end_scene();
	(void)text_is("hello");
}
