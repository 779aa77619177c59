/* SPDX-License-Identifier: MIT */
/* kernel/sys_trace.c: a space's system calls as lines on the log. Current thread's kernel stack, big lock held. */
#include "syscall.h"

enum error sys_space_trace(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_CONTROL, &handle);

	return error ? error : ERR_UNSUPPORTED;
}
