/* SPDX-License-Identifier: MIT */
/* kernel/sys_system.c: the system calls on the kernel itself. Current thread's kernel stack, big lock held. */
#include "syscall.h"

#include "system.h"

enum error sys_system_read(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_READ, &handle);

	return error ? error : ERR_UNSUPPORTED;
}

enum error sys_system_control(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_CONTROL, &handle);

	return error ? error : ERR_UNSUPPORTED;
}
