/* SPDX-License-Identifier: MIT */
/* scene.c: the right arguments of every call, for `attacks`; made anew for each call. Main thread. */
#include "scene.h"

#include "ipc.h"
#include "memory.h"

#include <amber/system.h>

#define MAPPED       0x3000000000ull /* in the scene's space: a page is mapped there */
#define MEMORY_PAGES 4

struct scene scene;

void need(enum error error, const char *what)
{
	if (!error)
		return;
	printf("%s: %s", what, error_text(error));
	if (sys_space_kill(HANDLE_SPACE)) /* other threads may wait for ever */
		exit(1);
}

void do_nothing(void *argument)
{
	(void)argument;
}

static void call_for_ever(void *argument)
{
	struct message message = { .info = MESSAGE_INFO(0, 0, 0) };
	enum error error = ipc_call(scene.endpoint, &message, TIMEOUT_FOREVER);

	(void)argument;
	exit(error); /* answered or not: the scene is over */
}

handle_t copy_of(handle_t handle, uint32_t rights)
{
	handle_t copy = HANDLE_NONE;

	need(sys_handle_duplicate(handle, rights, 0, &copy), "duplicate");
	return copy;
}

uint32_t rights_of(handle_t handle)
{
	uint64_t type, rights, badge;

	need(sys_handle_info(handle, &type, &rights, &badge), "info");
	return (uint32_t)rights;
}

/* The right to answer a call. */
static handle_t make_reply(void)
{
	struct message message;
	handle_t reply;

	need(sys_endpoint_create(&scene.endpoint), "endpoint");
	need(thread_run(call_for_ever, NULL, &scene.caller), "caller");
	need(ipc_receive(scene.endpoint, &message, TIMEOUT_FOREVER), "receive");
	need(sys_reply_keep(&reply), "keep");
	return reply;
}

static bool has(handle_t handle)
{
	uint64_t type, rights, badge;

	return sys_handle_info(handle, &type, &rights, &badge) == OK;
}

void make_scene(void)
{
	handle_t *right = scene.right;

	need(thread_make(do_nothing, NULL, &scene.stopped), "thread");
	right[OBJECT_THREAD] = copy_of(scene.stopped.handle, rights_of(scene.stopped.handle));
	need(sys_space_create(HANDLE_NONE, &right[OBJECT_SPACE]), "space");
	need(sys_endpoint_create(&right[OBJECT_ENDPOINT]), "endpoint");
	need(sys_notification_create(&right[OBJECT_NOTIFICATION]), "notification");
	need(sys_memory_create(MEMORY_PAGES, &right[OBJECT_MEMORY]), "memory");
	need(sys_map(right[OBJECT_SPACE], right[OBJECT_MEMORY], MAPPED, 0, 1, MAP_READ), "map");
	right[OBJECT_REPLY] = make_reply();
	right[OBJECT_IRQ] = has(HANDLE_UART_IRQ) ? copy_of(HANDLE_UART_IRQ, RIGHTS_ALL) : HANDLE_NONE;
	right[OBJECT_LAB] = has(HANDLE_LAB) ? copy_of(HANDLE_LAB, RIGHTS_ALL) : HANDLE_NONE;
	right[OBJECT_SYSTEM] = has(HANDLE_SYSTEM) ? copy_of(HANDLE_SYSTEM, rights_of(HANDLE_SYSTEM)) : HANDLE_NONE;
	scene.uart = has(HANDLE_UART) ? copy_of(HANDLE_UART, RIGHTS_ALL) : HANDLE_NONE;
	scene.any = copy_of(right[OBJECT_MEMORY], rights_of(right[OBJECT_MEMORY]));
	for (unsigned type = OBJECT_NONE + 1; type < OBJECT_TYPES; type++) {
		if (!right[type])
			continue;
		scene.stale[type] = copy_of(right[type], rights_of(right[type]));
		(void)sys_handle_close(scene.stale[type]);
	}
}

static void may_fail(enum error error)
{
	(void)error;
}

/* A killed thread ends when its turn comes. (It may be watched already, so thread_join can't be used.) */
static void wait_until_alone(void)
{
	uint64_t threads, handles, pages, code;

	do {
		(void)sys_yield();
		need(sys_space_info(HANDLE_SPACE, &threads, &handles, &pages, &code), "space_info");
	} while (threads > 1);
}

/* What the sound call at the end has used up, closed or killed is gone already. */
void end_scene(void)
{
	const struct message answer = { .info = MESSAGE_INFO(0, 0, 0) };
	uint64_t code;

	may_fail(ipc_reply(scene.right[OBJECT_REPLY], &answer));
	need(thread_join(&scene.caller, &code), "the caller's end");
	(void)sys_thread_kill(scene.stopped.handle);
	(void)sys_handle_close(scene.stopped.handle);
	wait_until_alone();
	need(sys_unmap(HANDLE_SPACE, scene.stopped.stack, STACK_BYTES / PAGE_SIZE), "the thread's stack");
	may_fail(sys_space_kill(scene.right[OBJECT_SPACE]));
	for (unsigned type = OBJECT_NONE + 1; type < OBJECT_TYPES; type++)
		(void)sys_handle_close(scene.right[type]);
	(void)sys_handle_close(scene.endpoint);
	(void)sys_handle_close(scene.any);
	(void)sys_handle_close(scene.uart);
}

/* A page in the middle of addresses that nobody uses. */
void make_text(void)
{
	handle_t memory;
	uintptr_t at = address_reserve(3 * PAGE_SIZE) + PAGE_SIZE;

	need(sys_memory_create(1, &memory), "memory");
	need(sys_map(HANDLE_SPACE, memory, at, 0, 1, MAP_READ | MAP_WRITE), "map");
	scene.text = (char *)at;
	memcpy(scene.text, "hello", SOUND_LENGTH);
}

/* --- right arguments -------------------------------------------------------------------------------------------------- */

static uint64_t right_handle(uint64_t call, const struct call_argument *argument)
{
	if (call == SYS_device_read || call == SYS_device_write)
		return scene.uart;
	return argument->type == OBJECT_NONE ? scene.any : scene.right[argument->type];
}

uint64_t right_argument(uint64_t call, unsigned i)
{
	const struct call_argument *argument = &call_arguments[call][i];

	switch (argument->kind) {
	case kind_handle:
		return right_handle(call, argument);
	case kind_number:
		if (call == SYS_system_control)
			return SYSTEM_KILL; /* nobody, with the word that follows; other orders are obeyed */
		if (call == SYS_system_read && i && argument[-1].kind == kind_pointer)
			return argument->high; /* room for any record */
		return i && argument[-1].kind == kind_pointer ? SOUND_LENGTH : argument->low;
	case kind_page:
		return call == SYS_map || call == SYS_thread_create ? FREE : MAPPED;
	case kind_pointer:
		return (uintptr_t)scene.text;
	case kind_rights: /* another one than the call wants of the handle: else a refusal could be for either */
		return RIGHT_READ;
	case kind_perms:
		return MAP_READ;
	case kind_info:
		return MESSAGE_INFO(0, 0, 0);
	case kind_timeout:
		return 1;
	default:
		return strcmp(argument->name, "badge") == 0 ? 0 : SOUND_WORD;
	}
}

void right_arguments(uint64_t call, uint64_t a[ARGUMENTS_MAX])
{
	for (unsigned i = 0; i < ARGUMENTS_MAX; i++)
		a[i] = i < call_argument_counts[call] ? right_argument(call, i) : 0;
}
