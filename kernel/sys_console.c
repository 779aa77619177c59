/* SPDX-License-Identifier: MIT */
/* kernel/sys_console.c: the console driver's half in the kernel. Current thread's kernel stack, big lock held. */
#include "syscall.h"

#include "system.h"

enum error sys_console_write(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_SEND, &handle);

	return error ? error : ERR_UNSUPPORTED;
}

enum error sys_console_watch(struct trap_frame *frame)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SYSTEM, RIGHT_RECEIVE, &handle);

	return error ? error : ERR_UNSUPPORTED;
}
