/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_thread.c: the system calls for threads. Current thread's kernel stack, big lock held. What a call changes begins
 * behind commit_begin; what can fail lies before it.
 */
#include "syscall.h"

#include <amber/string.h>

#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "system.h"

#define THREAD_RIGHTS (RIGHT_READ | RIGHT_GRANT | RIGHT_CONTROL)

enum error sys_exit(struct trap_frame *frame)
{
	uint64_t code = arch_syscall_argument(frame, 0);

	if (code > UINT32_MAX)
		return ERR_RANGE;
	thread_end(code);
}

static bool is_user_address(uint64_t addr)
{
	return addr >= USER_START && addr < USER_END;
}

static enum error check_new_thread(const struct trap_frame *frame)
{
	uint64_t page = arch_syscall_argument(frame, 3), bytes = arch_syscall_argument(frame, 5);

	if (!is_user_address(arch_syscall_argument(frame, 1)))
		return ERR_RANGE;
	if (arch_syscall_argument(frame, 2) < USER_START || arch_syscall_argument(frame, 2) > USER_END)
		return ERR_RANGE;
	if (arch_syscall_argument(frame, 2) & 15)
		return ERR_INVALID;
	if (!is_user_address(page))
		return ERR_RANGE;
	if (page & PAGE_MASK)
		return ERR_INVALID;
	return bytes > MESSAGE_ARGUMENTS_MAX ? ERR_RANGE : OK;
}

static void undo_new_thread(struct thread *thread)
{
	object_hold(&thread->object);
	thread->state = THREAD_ENDED;
	list_remove(&thread->of_space);
	thread->space->thread_count--;
	object_let_go(&thread->object);
	object_reap();
}

enum error sys_thread_create(struct trap_frame *frame)
{
	vaddr_t page = arch_syscall_argument(frame, 3);
	struct handle *handle;
	struct space *space;
	struct thread *thread;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_CONTROL, &handle);

	if (!error)
		error = check_new_thread(frame);
	if (error)
		return error;
	space = (struct space *)handle->object;
	if (space->is_closed)
		return ERR_GONE;
	error = handle_prepare(own_handles(), 1);
	if (!error)
		error = thread_new_user(space, &thread);
	if (error)
		return error;
	thread->message->arguments_bytes = arch_syscall_argument(frame, 5);
	error = user_copy_in(thread->message->arguments, arch_syscall_argument(frame, 4), arch_syscall_argument(frame, 5));
	if (!error)
		error = address_space_prepare(&space->memory, page, 1);
	if (!error)
		error = address_space_map(&space->memory, page, thread->message_frame, 1, PERM_R | PERM_W);
	if (error) {
		undo_new_thread(thread);
		return error;
	}
	commit_begin();
	thread->message_address = page;
	arch_user_frame_init(thread->frame, arch_syscall_argument(frame, 1), arch_syscall_argument(frame, 2), page);
	arch_syscall_set_result(frame, 1, handle_insert(own_handles(), &thread->object, THREAD_RIGHTS, 0, NULL)->value);
	commit_end();
	return OK;
}

enum error sys_thread_start(struct trap_frame *frame)
{
	struct handle *handle;
	struct thread *thread;
	enum error error = argument_object(frame, 0, OBJECT_THREAD, RIGHT_CONTROL, &handle);

	if (error)
		return error;
	thread = (struct thread *)handle->object;
	if (thread->state != THREAD_STOPPED || thread->is_killed)
		return ERR_DENIED;
	commit_begin();
	thread_start_user(thread);
	commit_end();
	return OK;
}

enum error sys_thread_kill(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_THREAD, RIGHT_CONTROL, &handle);

	if (error)
		return error;
	commit_begin();
	thread_kill((struct thread *)handle->object, EXIT_REASON_KILLED);
	commit_end();
	return OK;
}

enum error sys_thread_set(struct trap_frame *frame)
{
	uint64_t priority = arch_syscall_argument(frame, 1), cpus = arch_syscall_argument(frame, 2), online = 0;
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_THREAD, RIGHT_CONTROL, &handle);

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		online |= (uint64_t)percpu[cpu].is_online << cpu;
	if (error)
		return error;
	if (priority > PRIORITY_HIGHEST_USER || !cpus || cpus > UINT8_MAX || !(cpus & online))
		return ERR_RANGE;
	if (((const struct thread *)handle->object)->is_killed)
		return ERR_GONE;
	commit_begin();
	sched_set((struct thread *)handle->object, (uint8_t)priority, (uint8_t)cpus);
	commit_end();
	return OK;
}

enum error sys_thread_info(struct trap_frame *frame)
{
	struct handle *handle;
	const struct thread *thread;
	enum error error = argument_object(frame, 0, OBJECT_THREAD, RIGHT_READ, &handle);

	if (error)
		return error;
	thread = (const struct thread *)handle->object;
	arch_syscall_set_result(frame, 1, system_thread_state(thread));
	arch_syscall_set_result(frame, 2, thread->priority);
	arch_syscall_set_result(frame, 3, thread->cpu);
	arch_syscall_set_result(frame, 4, thread->exit_code);
	arch_syscall_set_result(frame, 5, thread->runs);
	return OK;
}

enum error sys_thread_watch(struct trap_frame *frame)
{
	uint64_t bits = arch_syscall_argument(frame, 2);
	struct handle *thread_handle, *handle;
	struct notification *notification;
	struct thread *thread;
	enum error error = argument_object(frame, 0, OBJECT_THREAD, RIGHT_READ, &thread_handle);

	if (!error)
		error = argument_object(frame, 1, OBJECT_NOTIFICATION, RIGHT_SEND, &handle);
	if (error)
		return error;
	if (!bits)
		return ERR_RANGE;
	thread = (struct thread *)thread_handle->object;
	notification = (struct notification *)handle->object;
	if (thread->watcher && thread->watcher->object.handles) /* 0: nobody can learn of a signal, so the watch is free again */
		return ERR_FULL;
	commit_begin();
	if (thread->watcher)
		object_let_go(&thread->watcher->object);
	thread->watcher = NULL;
	if (thread->state == THREAD_ENDED || thread->state == THREAD_KILLED) {
		notification_signal(notification, bits);
	} else {
		object_hold(&notification->object);
		thread->watcher = notification;
		thread->watch_bits = bits;
	}
	commit_end();
	object_reap();
	return OK;
}
