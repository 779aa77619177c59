/* SPDX-License-Identifier: MIT */
/*
 * kernel/thread.c: the thread table and the switch. One CPU; the table is only touched with interrupts masked,
 * and interrupt handlers don't touch it at all.
 */
#include "thread.h"

#include <amber/event.h>
#include <amber/log.h>
#include <amber/panic.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "stack.h"
#include "violation_log.h"

static struct thread threads[THREADS_MAX];

struct thread *thread_current(void)
{
	return this_cpu()->state->current;
}

const char *thread_name(void)
{
	struct percpu *cpu = this_cpu();

	return cpu && cpu->state && cpu->state->current ? cpu->state->current->name : "boot";
}

bool thread_may_be_killed(void)
{
	const struct thread *thread = thread_current();

	return thread && !thread->is_essential && !thread->commit_depth;
}

void thread_init(const char *name, vaddr_t stack_top)
{
	struct thread *thread = &threads[0];

	*thread = (struct thread){ .stack_top = stack_top, .state = THREAD_READY, .is_essential = true };
	copy_text(thread->name, sizeof(thread->name), name);
	this_cpu()->state->current = thread;
}

static void thread_first_run(void *argument)
{
	struct thread *thread = argument;

	thread->fn(thread->argument);
	thread_exit();
}

static struct thread *find_unused(void)
{
	for (unsigned i = 1; i < THREADS_MAX; i++)
		if (threads[i].state == THREAD_UNUSED)
			return &threads[i];
	return NULL;
}

enum error thread_start(const char *name, void (*fn)(void *), void *argument, struct thread **result)
{
	uint64_t irq_state = arch_irq_save();
	struct thread *thread = find_unused();
	enum error error = thread ? stack_alloc(&thread->stack_top) : ERR_FULL;

	if (!error) {
		thread->id = thread - threads;
		thread->fn = fn;
		thread->argument = argument;
		thread->commit_depth = 0;
		thread->is_essential = false;
		copy_text(thread->name, sizeof(thread->name), name);
		thread->sp = arch_context_prepare(thread->stack_top, thread_first_run, thread);
		thread->state = THREAD_READY;
		*result = thread;
	}
	arch_irq_restore(irq_state);
	return error;
}

/* The next ready thread behind the current one; the current one if there is no other; NULL if none is ready. */
static struct thread *pick_next(void)
{
	struct thread *current = thread_current();

	for (unsigned i = 1; i <= THREADS_MAX; i++) {
		struct thread *thread = &threads[(current->id + i) % THREADS_MAX];

		if (thread->state == THREAD_READY)
			return thread;
	}
	return NULL;
}

/* Interrupts masked. */
static void switch_to(struct thread *next)
{
	struct thread *current = thread_current();

	if (next == current)
		return;
	this_cpu()->state->current = next;
	arch_context_switch(&current->sp, next->sp);
}

void thread_yield(void)
{
	uint64_t irq_state = arch_irq_save();

	switch_to(pick_next());
	arch_irq_restore(irq_state);
}

static void __noreturn end_current(enum thread_state state)
{
	arch_irq_save();
	thread_current()->state = state;
	switch_to(pick_next());
	panic("thread '%s' runs after its end", thread_name());
}

void thread_exit(void)
{
	end_current(THREAD_ENDED);
}

enum thread_state thread_join(struct thread *thread)
{
	enum thread_state state;

	while (thread->state == THREAD_READY)
		thread_yield();
	state = thread->state;
	stack_free(thread->stack_top);
	thread->state = THREAD_UNUSED;
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
