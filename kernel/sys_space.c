/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_space.c: the system calls for spaces as a whole; what is mapped in them: kernel/sys_memory.c. Current thread's
 * kernel stack, big lock held.
 */
#include "syscall.h"

#include <amber/log.h>
#include <amber/string.h>

#include "program.h"
#include "sched.h"

#define SPACE_RIGHTS   (RIGHT_READ | RIGHT_MAP | RIGHT_GRANT | RIGHT_CONTROL)
#define NAME_BYTES_MAX 64

enum error sys_space_create(struct trap_frame *frame)
{
	struct handle *handle = NULL;
	struct space *space;
	enum error error = OK;

	if (arch_syscall_argument(frame, 0))
		error = argument_object(frame, 0, OBJECT_ENDPOINT, RIGHT_SEND, &handle);
	if (!error)
		error = handle_prepare(own_handles(), 1);
	if (!error)
		error = space_new(handle ? (struct endpoint *)handle->object : NULL, handle ? handle->badge : 0, &space);
	if (error)
		return error;
	commit_begin();
	arch_syscall_set_result(frame, 1, handle_insert(own_handles(), &space->object, SPACE_RIGHTS, 0, NULL)->value);
	commit_end();
	return OK;
}

static bool is_untouched(const struct space *space)
{
	return list_is_empty(&space->regions) && !space->thread_count && !space->is_loading;
}

/* Nobody else loads meanwhile; who maps something there makes this fail. */
static enum error load(struct space *space, const char *name, size_t name_bytes, vaddr_t *entry)
{
	const uint8_t *elf;
	size_t bytes;
	const char *why;
	enum error error = program_find(name, name_bytes, &elf, &bytes);

	if (error)
		return error;
	space_hold(space);
	space->is_loading = true;
	sched_preemption_point(); /* looking it up may have taken long */
	error = program_load(space, elf, bytes, entry, &why);
	space->is_loading = false;
	if (!error)
		copy_text(space->name, sizeof(space->name), name);
	else if (why)
		log_more("program", "'%.*s' is not loaded: %s", (int)name_bytes, name, why);
	space_let_go(space);
	return error;
}

enum error sys_space_load(struct trap_frame *frame)
{
	uint64_t name_bytes = arch_syscall_argument(frame, 2);
	char name[NAME_BYTES_MAX + 1] = "";
	struct handle *handle;
	struct space *space;
	vaddr_t entry;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_MAP, &handle);

	if (error)
		return error;
	if (!name_bytes || name_bytes > NAME_BYTES_MAX)
		return ERR_RANGE;
	error = user_copy_in(name, arch_syscall_argument(frame, 1), name_bytes);
	if (error)
		return error;
	space = (struct space *)handle->object;
	if (space->is_closed)
		return ERR_GONE;
	if (!is_untouched(space))
		return ERR_DENIED;
	error = load(space, name, name_bytes, &entry);
	if (!error)
		arch_syscall_set_result(frame, 1, entry);
	object_reap();
	return error;
}

enum error sys_space_kill(struct trap_frame *frame)
{
	struct handle *handle;
	struct space *space;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_CONTROL, &handle);

	if (error)
		return error;
	space = (struct space *)handle->object;
	space_hold(space);
	while (!space_kill_step(space))
		sched_preemption_point();
	space_let_go(space);
	object_reap();
	return OK;
}

enum error sys_space_info(struct trap_frame *frame)
{
	struct handle *handle;
	const struct space *space;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_READ, &handle);

	if (error)
		return error;
	space = (const struct space *)handle->object;
	arch_syscall_set_result(frame, 1, space->thread_count);
	arch_syscall_set_result(frame, 2, space->handles.used);
	arch_syscall_set_result(frame, 3, space->mapped_pages);
	arch_syscall_set_result(frame, 4, space->exit_code);
	return OK;
}
