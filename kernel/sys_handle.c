/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_handle.c: the system calls for handles. Current thread's kernel stack, big lock held. What takes long looks its
 * handle up again after each preemption point.
 */
#include "syscall.h"

#include "sched.h"

/* What a copy of that handle may carry. The badge of a copy: once set it stays. */
static enum error check_copy(const struct handle *handle, uint64_t rights, uint64_t *badge)
{
	bool takes_badge = handle->object->type == OBJECT_ENDPOINT || handle->object->type == OBJECT_NOTIFICATION;

	if (handle_is_dead(handle))
		return ERR_GONE;
	if (rights & ~(uint64_t)RIGHTS_ALL)
		return ERR_INVALID;
	if (rights & ~(uint64_t)handle->rights)
		return ERR_RIGHTS;
	if (!*badge)
		*badge = handle->badge;
	return *badge == handle->badge || (takes_badge && !handle->badge) ? OK : ERR_INVALID;
}

enum error sys_handle_duplicate(struct trap_frame *frame)
{
	uint64_t rights = arch_syscall_argument(frame, 1), badge = arch_syscall_argument(frame, 2);
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_NONE, RIGHT_GRANT, &handle);

	if (!error)
		error = check_copy(handle, rights, &badge);
	if (!error)
		error = handle_prepare(own_handles(), 1);
	if (error)
		return error;
	commit_begin();
	arch_syscall_set_result(frame, 1, handle_insert(own_handles(), handle->object, (uint32_t)rights, badge, handle)->value);
	commit_end();
	return OK;
}

/* Two spaces that nothing runs in, each with a handle to the other: nobody could close those. With a thread that was started, a
 * space ends some time, and its handles go. */
static bool would_never_die(const struct space *space, const struct object *object)
{
	return object->type == OBJECT_SPACE && object != &space->object && !space->is_started &&
	       !((const struct space *)object)->is_started;
}

enum error sys_space_give(struct trap_frame *frame)
{
	uint64_t rights = arch_syscall_argument(frame, 2), badge = arch_syscall_argument(frame, 3);
	struct handle *space_handle, *handle;
	struct space *space;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_CONTROL, &space_handle);

	if (!error)
		error = argument_object(frame, 1, OBJECT_NONE, RIGHT_GRANT, &handle);
	if (!error)
		error = check_copy(handle, rights, &badge);
	if (error)
		return error;
	space = (struct space *)space_handle->object;
	if (space->is_closed)
		return ERR_GONE;
	if (would_never_die(space, handle->object))
		return ERR_DENIED;
	error = handle_prepare(&space->handles, 1);
	if (error)
		return error;
	commit_begin();
	arch_syscall_set_result(frame, 1, handle_insert(&space->handles, handle->object, (uint32_t)rights, badge, handle)->value);
	commit_end();
	return OK;
}

/* What may take many steps; true = done. */
typedef bool (*handle_step)(struct handle *handle);

static enum error in_steps(struct trap_frame *frame, uint32_t rights, handle_step step)
{
	for (;;) {
		struct handle *handle;
		enum error error = argument_object(frame, 0, OBJECT_NONE, rights, &handle);
		bool is_done;

		if (error)
			return error;
		commit_begin();
		is_done = step(handle);
		commit_end();
		if (is_done)
			return OK;
		sched_preemption_point();
	}
}

enum error sys_handle_close(struct trap_frame *frame)
{
	enum error error = in_steps(frame, 0, handle_close_step);

	object_reap();
	return error;
}

static bool revoke(struct handle *handle)
{
	return !handle_revoke_step(handle);
}

enum error sys_handle_revoke(struct trap_frame *frame)
{
	enum error error = in_steps(frame, RIGHT_CONTROL, revoke);

	object_reap();
	return error;
}

enum error sys_handle_info(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_NONE, 0, &handle);

	if (error)
		return error;
	arch_syscall_set_result(frame, 1, handle->object->type);
	arch_syscall_set_result(frame, 2, handle->rights);
	arch_syscall_set_result(frame, 3, handle->badge);
	return OK;
}
