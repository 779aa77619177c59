/* SPDX-License-Identifier: MIT */
/* kernel/sys_trace.c: space_trace: a space's system calls as lines on the log. Current thread's kernel stack, big lock held. */
#include "syscall.h"

#include "trace.h"

enum error sys_space_trace(struct trap_frame *frame)
{
	uint64_t on = arch_syscall_argument(frame, 1);
	struct handle *handle;
	struct space *space;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_CONTROL, &handle);

	if (!error && on > 1)
		error = ERR_RANGE;
	if (error)
		return error;
	space = (struct space *)handle->object;
	if (space->is_closed)
		return ERR_GONE;
	trace_space(space, on);
	return OK;
}
