/* SPDX-License-Identifier: MIT */
/*
 * kernel/thread.c: threads from their making to their end. A thread ends in its own context, on its own kernel stack; who kills
 * it only sees to it that it gets there. Process context; big lock taken by the functions for kernel threads, held by the
 * callers of the others (thread.h).
 */
#include "thread.h"

#include <amber/event.h>
#include <amber/log.h>
#include <amber/panic.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "big_lock.h"
#include "frame.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "stack.h"
#include "system.h"
#include "user_frames.h"
#include "violation_log.h"

struct link all_threads = { &all_threads, &all_threads };
static uint64_t last_serial;

const char *thread_name(void)
{
	struct percpu *cpu = this_cpu();

	return cpu && cpu->state && cpu->state->current ? cpu->state->current->name : "boot";
}

/* Whole arrays: it is done for each record. */
void thread_copy_name(char name[THREAD_NAME_MAX])
{
	const struct thread *thread = thread_current();

	if (thread)
		memcpy(name, thread->name, THREAD_NAME_MAX);
	else
		copy_text(name, THREAD_NAME_MAX, thread_name());
}

uint64_t thread_serial(void)
{
	return thread_current() ? thread_current()->serial : 0;
}

/* In a system call it holds the big lock; a user thread anywhere else in the kernel is in the middle of something. */
bool thread_may_be_killed(void)
{
	const struct thread *thread = thread_current();

	if (!thread || thread->is_essential || thread->commit_depth)
		return false;
	return thread->space ? thread->in_syscall : !big_lock_is_mine();
}

uint8_t thread_syscall(void)
{
	const struct thread *thread = thread_current();

	return thread && thread->in_syscall ? (uint8_t)(thread->syscall + 1) : 0;
}

static struct thread *new_thread(const char *name)
{
	struct thread *thread = object_new(OBJECT_THREAD);

	if (!thread)
		return NULL;
	thread->state = THREAD_STOPPED;
	thread->priority = PRIORITY_DEFAULT;
	thread->cpus = 1;
	thread->serial = ++last_serial;
	thread->wakes_at_us = UINT64_MAX;
	list_init(&thread->queue);
	list_init(&thread->timeout);
	list_init(&thread->of_space);
	list_init(&thread->all);
	copy_text(thread->name, sizeof(thread->name), name);
	return thread;
}

void thread_init(const char *name, vaddr_t stack_top)
{
	struct thread *thread;

	arch_irq_save();
	big_lock_take();
	thread = new_thread(name);
	if (!thread)
		panic("no room for the thread '%s'", name);
	thread->stack_top = stack_top;
	thread->is_essential = true;
	thread->cpu = (uint8_t)this_cpu()->id;
	thread->cpus = (uint8_t)(1u << thread->cpu);
	thread->state = THREAD_RUNNING;
	object_hold(&thread->object);
	list_append(&all_threads, &thread->all);
	this_cpu()->state->current = thread;
	big_lock_drop();
}

/* Interrupts masked, big lock held: both came with the switch. */
static void thread_first_run(void *argument)
{
	struct thread *thread = argument;

	big_lock_drop();
	arch_irq_enable();
	thread->fn(thread->argument);
	thread_exit();
}

enum error thread_start_on(unsigned cpu, const char *name, void (*fn)(void *), void *argument, struct thread **result)
{
	struct thread *thread;
	vaddr_t stack_top;
	enum error error = stack_alloc(&stack_top);
	uint64_t irq_state;

	if (error)
		return error;
	irq_state = arch_irq_save();
	big_lock_take();
	thread = new_thread(name);
	if (thread) {
		thread->stack_top = stack_top;
		thread->fn = fn;
		thread->argument = argument;
		thread->cpu = (uint8_t)cpu;
		thread->cpus = (uint8_t)(1u << cpu);
		thread->sp = arch_context_prepare(stack_top, thread_first_run, thread);
		object_hold(&thread->object); /* thread_join's */
		list_append(&all_threads, &thread->all);
		*result = thread;
		sched_enqueue(thread);
	}
	big_lock_drop();
	arch_irq_restore(irq_state);
	if (thread)
		return OK;
	stack_free(stack_top);
	return ERR_NO_MEMORY;
}

enum error thread_start(const char *name, void (*fn)(void *), void *argument, struct thread **result)
{
	static uint32_t last;
	unsigned cpu = this_cpu()->id;

	/* The next one that is up, this CPU last of all. */
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		cpu = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED) % MAX_CPUS;
		if (percpu[cpu].is_online)
			break;
	}
	return thread_start_on(percpu[cpu].is_online ? cpu : this_cpu()->id, name, fn, argument, result);
}

void thread_yield(void)
{
	uint64_t irq_state = arch_irq_save();

	big_lock_take();
	sched_yield();
	big_lock_drop();
	arch_irq_restore(irq_state);
}

void thread_wait(void)
{
	arch_irq_save();
	big_lock_take();
	if (object_reap_is_due())
		object_reap();
	if (sched_ready[this_cpu()->id]) {
		sched_yield();
		big_lock_drop();
		arch_irq_enable();
		return;
	}
	big_lock_drop();
	arch_wait_for_interrupt();
}

enum thread_state thread_join(struct thread *thread)
{
	enum thread_state state;

	arch_irq_save();
	big_lock_take();
	while (thread->state != THREAD_ENDED && thread->state != THREAD_KILLED) {
		thread->joiner = thread_current();
		thread_current()->state = THREAD_BLOCKED;
		sched_block();
	}
	state = thread->state;
	object_let_go(&thread->object);
	object_reap();
	big_lock_drop();
	arch_irq_enable();
	return state;
}

enum error thread_new_user(struct space *space, struct thread **result)
{
	struct thread *thread = new_thread(space->name);
	enum error error;

	if (!thread)
		return ERR_NO_MEMORY;
	error = stack_alloc(&thread->stack_top);
	if (error) {
		object_discard(&thread->object);
		return error;
	}
	error = user_frame_alloc(&thread->message_frame);
	if (error) {
		stack_free(thread->stack_top);
		object_discard(&thread->object);
		return error;
	}
	thread->message = phys_to_virt(thread->message_frame);
	thread->frame = (struct trap_frame *)(thread->stack_top - arch_frame_bytes);
	thread->cpus = 0xff;
	thread->cpu = (uint8_t)this_cpu()->id;
	thread->space = space;
	thread->is_traced = space->is_traced;
	list_append(&space->threads, &thread->of_space);
	list_append(&all_threads, &thread->all);
	space->thread_count++;
	*result = thread;
	return OK;
}

void thread_start_user(struct thread *thread)
{
	struct space *space = thread->space;

	thread->is_started = true;
	space->started_count++;
	space->is_started = true;
	thread_make_ready(thread);
}

/* On its own kernel stack; big lock held, interrupts masked. */
static void end_in_own_context(void *argument)
{
	struct thread *thread = argument;

	thread_end(thread->exit_code);
}

/* Its end must not wait for who would run before it, and nobody can change that (thread_set): what it has is wanted back. */
static void hurry(struct thread *thread)
{
	uint8_t priority = MAX(thread_current()->priority, PRIORITY_DEFAULT);

	sched_set(thread, MAX(thread->priority, priority), UINT8_MAX);
}

void thread_kill(struct thread *thread, enum exit_reason reason)
{
	if (thread->is_killed || thread->state == THREAD_ENDED || thread->state == THREAD_KILLED)
		return;
	thread->is_killed = true;
	thread->exit_code = EXIT_KILLED | reason;
	hurry(thread);
	if (thread->state == THREAD_RUNNING) { /* on another CPU, or it is this one: it finds out at the edge */
		if (thread->cpu != this_cpu()->id)
			arch_interrupt_cpu(&percpu[thread->cpu], CPU_INTERRUPT_WAKE);
		return;
	}
	timeout_cancel(thread);
	if (thread->state == THREAD_READY) {
		if (thread->sp)
			return; /* inside the kernel: it finds out at the edge */
		sched_dequeue(thread);
	} else {
		ipc_wait_ends(thread);
	}
	thread->sp = arch_context_prepare((vaddr_t)thread->frame, end_in_own_context, thread);
	sched_enqueue(thread);
}

static void tell_watchers(struct thread *thread)
{
	if (thread->watcher) {
		notification_signal(thread->watcher, thread->watch_bits);
		object_let_go(&thread->watcher->object);
		thread->watcher = NULL;
	}
	if (thread->joiner)
		sched_enqueue(thread->joiner);
	thread->joiner = NULL;
}

/* What it had in its space; the last one ends the space. Threads that were never started don't count: with the last one that was,
 * they are killed, as the handles that could start them may lie in that very space. */
static void leave_space(struct thread *thread)
{
	struct space *space = thread->space;

	address_space_load(NULL);
	thread->space = NULL;
	list_remove(&thread->of_space);
	if (thread->is_started || !space->is_started)
		space->exit_code = thread->exit_code;
	object_hold(&space->object); /* until it is through */
	if (thread->message_address && address_space_unmap(&space->memory, thread->message_address, 1))
		panic("the message page of '%s' can't be unmapped", thread->name);
	space->thread_count--;
	if (thread->is_started && !--space->started_count)
		while (!space_kill_threads_step(space))
			sched_preemption_point();
	if (!space->thread_count)
		while (!space_end_step(space))
			sched_preemption_point();
	if (!space->thread_count && space->waiter)
		sched_enqueue(space->waiter);
	object_requeue(&space->object);
	object_let_go(&space->object);
}

void thread_wait_for_space(struct space *space)
{
	while (!space->is_ended) {
		space->waiter = thread_current();
		thread_current()->state = THREAD_BLOCKED;
		sched_block();
	}
	space->waiter = NULL;
}

void thread_end(uint64_t exit_code)
{
	struct thread *thread = thread_current();

	thread->exit_code = exit_code;
	thread->is_killed = true; /* nobody kills it a second time */
	thread->in_syscall = false;
	thread->commit_depth = 0;
	system_thread_ends(thread);
	trace_thread_ends(thread);
	violation_log_thread_ends(thread->serial);
	ipc_thread_ends(thread);
	if (thread->space)
		leave_space(thread);
	sched_preemption_point(); /* many may end one behind the other */
	object_reap();
	tell_watchers(thread);
	thread->state = exit_code >= EXIT_KILLED ? THREAD_KILLED : THREAD_ENDED;
	object_requeue(&thread->object);
	sched_leave_for_good();
}

void thread_exit(void)
{
	arch_irq_save();
	big_lock_take();
	thread_end(0);
}

/* The last handle is gone. If it still runs, that kills it; its end continues here. */
bool thread_destroy_step(struct object *object)
{
	struct thread *thread = (struct thread *)object;

	if (thread->state != THREAD_ENDED && thread->state != THREAD_KILLED) {
		object->is_waiting = true;
		thread_kill(thread, EXIT_REASON_NO_HANDLE);
		return true;
	}
	list_remove(&thread->all); /* one that never ran */
	stack_free(thread->stack_top);
	if (thread->message_frame)
		user_frame_free(thread->message_frame);
	return true;
}

/* On the story stack, interrupts masked: the victim's own stack is not used any more, so it ends on that. */
void thread_oops(const struct violation *violation)
{
	struct thread *thread = thread_current();
	struct json *json;

	violation_log_flush(); /* first why, then what follows from it */
	log_warn("oops", "thread '%s' is killed", thread_name());
	json = event_begin("oops");
	json_text(json, "thread", thread_name());
	json_text(json, "reason", violation->redundant ? "redundant write to sealed memory" : "write to sealed memory");
	event_end(json);
	if (!big_lock_is_mine())
		big_lock_take();
	thread->exit_code = EXIT_KILLED | EXIT_REASON_OOPS;
	arch_call_on_stack(thread->frame ? (vaddr_t)thread->frame : thread->stack_top, end_in_own_context, thread);
}
