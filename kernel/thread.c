/* SPDX-License-Identifier: MIT */
/*
 * kernel/thread.c: the thread table and the switch. A thread stays on the CPU that it was given to. Interrupt handlers
 * don't touch the table.
 */
#include "thread.h"

#include <amber/event.h>
#include <amber/lock.h>
#include <amber/log.h>
#include <amber/panic.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "stack.h"
#include "violation_log.h"

static struct thread threads[THREADS_MAX];
static uint64_t last_serial;
static struct lock threads_lock = LOCK_INIT("threads"); /* for taking an entry; behind that it has one owner at a time */

struct thread *thread_current(void)
{
	return this_cpu()->state->current;
}

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

bool thread_may_be_killed(void)
{
	const struct thread *thread = thread_current();

	return thread && !thread->is_essential && !thread->commit_depth;
}

/* An entry of the table for a new thread; the caller fills it and makes it READY. */
static struct thread *take_entry(void)
{
	uint64_t irq_state = lock_acquire(&threads_lock);
	struct thread *found = NULL;

	for (unsigned i = 0; i < THREADS_MAX && !found; i++)
		if (threads[i].state == THREAD_UNUSED)
			found = &threads[i];
	if (found)
		*found = (struct thread){ .state = THREAD_NEW, .id = (uint32_t)(found - threads), .serial = ++last_serial };
	lock_release(&threads_lock, irq_state);
	return found;
}

static void set_state(struct thread *thread, enum thread_state state)
{
	__atomic_store_n(&thread->state, state, __ATOMIC_RELEASE);
}

static enum thread_state state_of(const struct thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_ACQUIRE);
}

void thread_init(const char *name, vaddr_t stack_top)
{
	struct thread *thread = take_entry();

	if (!thread)
		panic("no room for the thread '%s'", name);
	thread->stack_top = stack_top;
	thread->is_essential = true;
	thread->cpu = this_cpu()->id;
	copy_text(thread->name, sizeof(thread->name), name);
	this_cpu()->state->current = thread;
	set_state(thread, THREAD_READY);
}

/* Behind a switch: whoever ended on this CPU is off its stack only now, so only now others may free it. */
static void finish_switch(void)
{
	struct cpu_state *state = this_cpu()->state;
	struct thread *finished = state->finished;

	if (!finished)
		return;
	state->finished = NULL;
	set_state(finished, (enum thread_state)state->finished_state);
	arch_interrupt_cpu(&percpu[finished->creator], CPU_INTERRUPT_WAKE);
}

static void thread_first_run(void *argument)
{
	struct thread *thread = argument;

	finish_switch();
	thread->fn(thread->argument);
	thread_exit();
}

enum error thread_start_on(unsigned cpu, const char *name, void (*fn)(void *), void *argument, struct thread **result)
{
	struct thread *thread = take_entry();
	enum error error;

	if (!thread)
		return ERR_FULL;
	error = stack_alloc(&thread->stack_top);
	if (error) {
		set_state(thread, THREAD_UNUSED);
		return error;
	}
	thread->fn = fn;
	thread->argument = argument;
	thread->cpu = cpu;
	thread->creator = this_cpu()->id;
	copy_text(thread->name, sizeof(thread->name), name);
	thread->sp = arch_context_prepare(thread->stack_top, thread_first_run, thread);
	*result = thread;
	set_state(thread, THREAD_READY);
	arch_interrupt_cpu(&percpu[cpu], CPU_INTERRUPT_WAKE);
	return OK;
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

/* The next ready thread of this CPU behind the current one; the current one if there is no other and it is ready; the idle
 * thread only if there is none at all. */
static struct thread *pick_next(void)
{
	struct thread *current = thread_current(), *idle = NULL;

	for (unsigned i = 1; i <= THREADS_MAX; i++) {
		struct thread *thread = &threads[(current->id + i) % THREADS_MAX];

		if (state_of(thread) != THREAD_READY || thread->cpu != this_cpu()->id)
			continue;
		if (!thread->is_idle)
			return thread;
		idle = thread;
	}
	return idle;
}

/* Interrupts masked. */
static void switch_to(struct thread *next)
{
	struct thread *current = thread_current();

	if (next == current)
		return;
	this_cpu()->state->current = next;
	arch_context_switch(&current->sp, next->sp);
	finish_switch();
}

void thread_yield(void)
{
	uint64_t irq_state = arch_irq_save();

	switch_to(pick_next());
	arch_irq_restore(irq_state);
}

void thread_wait(void)
{
	arch_irq_save();
	if (pick_next() != thread_current())
		arch_irq_enable();
	else
		arch_wait_for_interrupt();
}

/* It stays READY for the others until it is off its stack. */
static void __noreturn end_current(enum thread_state state)
{
	struct thread *current = thread_current(), *next;

	arch_irq_save();
	current->cpu = MAX_CPUS; /* nobody picks it again */
	next = pick_next();
	if (!next)
		panic("CPU %u has nothing left to run", this_cpu()->id);
	this_cpu()->state->finished = current;
	this_cpu()->state->finished_state = state;
	switch_to(next);
	panic("thread '%s' runs after its end", thread_name());
}

void thread_exit(void)
{
	end_current(THREAD_ENDED);
}

enum thread_state thread_join(struct thread *thread)
{
	enum thread_state state = state_of(thread);

	for (; state == THREAD_READY; state = state_of(thread)) {
		thread_yield();
		arch_irq_save();
		if (state_of(thread) == THREAD_READY && pick_next() == thread_current())
			arch_wait_for_interrupt(); /* its CPU wakes this one */
		else
			arch_irq_enable();
	}
	stack_free(thread->stack_top);
	set_state(thread, THREAD_UNUSED);
	return state;
}

/* On the story stack, interrupts masked: the victim's own stack is not used any more. */
void thread_oops(const struct violation *violation)
{
	struct json *json;

	violation_log_flush(); /* first why, then what follows from it */
	log_warn("oops", "thread '%s' is killed", thread_name());
	json = event_begin("oops");
	json_text(json, "thread", thread_name());
	json_text(json, "reason", violation->redundant ? "redundant write to sealed memory" : "write to sealed memory");
	event_end(json);
	end_current(THREAD_KILLED);
}

void commit_begin(void)
{
	thread_current()->commit_depth++;
}

void commit_end(void)
{
	ASSERT(thread_current()->commit_depth > 0);
	thread_current()->commit_depth--;
}
