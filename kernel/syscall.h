/* SPDX-License-Identifier: MIT */
/*
 * kernel/syscall.h: system calls, one function per line of syscalls.def, in kernel/sys_*.c. Each is entered with the big lock
 * held, on the current thread's kernel stack; it checks everything, then commits. What it returns goes to result 0; other
 * results are set only with OK. A call that gave the CPU away returns the next frame through syscall_left.
 */
#ifndef AMBER_SYSCALL_H
#define AMBER_SYSCALL_H

#include <amber/abi.h>
#include <arch.h>

#include "space.h"
#include "thread.h"

typedef enum error (*syscall_function)(struct trap_frame *frame);
#define SYSCALL(number, name, arguments, results, text) \
	enum error sys_##name(struct trap_frame *frame);
#include <amber/syscalls.def>
#undef SYSCALL

enum syscall_number {
#define SYSCALL(number, name, arguments, results, text) SYS_##name = number,
#include <amber/syscalls.def>
#undef SYSCALL
	SYSCALL_COUNT,
};

/* Names of calls, for records and traces; NULL: no such call. */
const char *syscall_name(uint64_t number);

static inline struct handle_table *own_handles(void)
{
	return &thread_current()->space->handles;
}

/* The same for a caller that has thread_current() at hand. */
static inline enum error argument_object_of(struct thread *current, const struct trap_frame *frame, unsigned n,
                                            enum object_type type, uint32_t rights, struct handle **handle)
{
	return handle_look_up(&current->space->handles, arch_syscall_argument(frame, n), type, rights, handle);
}

/* An object behind argument n. */
static inline enum error argument_object(const struct trap_frame *frame, unsigned n, enum object_type type, uint32_t rights,
                                         struct handle **handle)
{
	return handle_look_up(own_handles(), arch_syscall_argument(frame, n), type, rights, handle);
}

#endif
