/* SPDX-License-Identifier: MIT */
/*
 * kernel/syscall.c: the door from user programs: two calls have a fast path, all others go through the table that syscalls.def
 * yields. On the current thread's kernel stack, interrupts masked; returns the frame to go on with.
 */
#include "syscall.h"

#include <amber/upcalls.h>

#include "big_lock.h"
#include "ipc.h"
#include "sched.h"

static const syscall_function functions[SYSCALL_COUNT] = {
#define SYSCALL(number, name, arguments, results, text) [number] = sys_##name,
#include <amber/syscalls.def>
#undef SYSCALL
};

static const char *const names[SYSCALL_COUNT] = {
#define SYSCALL(number, name, arguments, results, text) [number] = #name,
#include <amber/syscalls.def>
#undef SYSCALL
};

const char *syscall_name(uint64_t number)
{
	return number < SYSCALL_COUNT ? names[number] : NULL;
}

struct trap_frame *syscall_run(struct percpu *cpu, struct thread *current, struct trap_frame *frame)
{
	uint64_t number = arch_syscall_number(frame);
	enum error error;

	(void)cpu; /* of the way in; see below */
	if (number >= SYSCALL_COUNT) {
		arch_syscall_set_result(frame, 0, ERR_UNSUPPORTED);
		return sched_edge(frame);
	}
	if (current->attention) {
		if (current->is_killed) /* while it waited for the lock: it must not wait for anything else */
			return sched_edge(frame);
		trace_begin(current, frame, number);
	}
	current->syscall = (uint32_t)number;
	current->in_syscall = true;
	error = functions[number](frame);
	current->in_syscall = false;
	if (error == SYSCALL_BLOCKED)
		return sched_leave();
	arch_syscall_set_result(frame, 0, error);
	/* A call with preemption points may have moved to another CPU. */
	if (current->attention || run_queues[this_cpu()->id].should_reschedule) {
		if (current->traced.is_open)
			trace_end_here();
		return sched_edge(frame);
	}
	return frame;
}

static inline struct trap_frame *dispatch(struct percpu *cpu, struct thread *current, struct trap_frame *frame)
{
	uint64_t number = arch_syscall_number(frame);

	if (number == SYS_call)
		return ipc_fast_call(cpu, current, frame, syscall_run);
	if (number == SYS_reply_recv)
		return ipc_fast_reply_recv(cpu, current, frame, syscall_run);
	return syscall_run(cpu, current, frame);
}

/* Another CPU has the big lock. Apart, so that the common way needs no registers for after the wait. */
static __noinline struct trap_frame *wait_and_dispatch(struct trap_frame *frame)
{
	big_lock_wait();
	return dispatch(this_cpu(), thread_current(), frame);
}

struct trap_frame *syscall_handle(struct trap_frame *frame)
{
	struct percpu *cpu = this_cpu();

	if (!big_lock_try(cpu))
		return wait_and_dispatch(frame);
	return dispatch(cpu, cpu->state->current, frame);
}

enum error sys_null(struct trap_frame *frame)
{
	(void)frame;
	return OK;
}
