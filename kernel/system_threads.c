/* SPDX-License-Identifier: MIT */
/*
 * kernel/system_threads.c: threads as records: the living ones in the order in which they were made, then the last that ended, of
 * which a ring of copies is kept. Big lock held.
 */
#include "system.h"

#include <amber/string.h>

#include "space.h"
#include "syscall.h"
#include "thread.h"

#define ENDED_MAX 16
#define ENDED     (1ull << 63) /* in a cursor: of the ended ones, counted from the first of this boot; else a living one's id */

static struct system_thread ended[ENDED_MAX];
static uint64_t ended_count;

#define IS_SAME(state) ((int)SYSTEM_##state == (int)THREAD_##state)
_Static_assert(IS_SAME(RUNNING) && IS_SAME(READY) && IS_SAME(STOPPED) && IS_SAME(SENDING) && IS_SAME(RECEIVING), "the same …");
_Static_assert(IS_SAME(CALLING) && IS_SAME(WAITING) && IS_SAME(SLEEPING) && IS_SAME(BLOCKED) && IS_SAME(ENDED), "… but KILLED");

/* The name of its system call. A blocked thread has left the call's function: its registers still say which. */
static const char *doing(const struct thread *thread)
{
	if (!thread->space)
		return "";
	if (thread->is_fault)
		return "fault";
	if (thread->in_syscall)
		return syscall_name(thread->syscall);
	if (thread->state > THREAD_STOPPED && thread->state < THREAD_ENDED)
		return syscall_name(arch_syscall_number(thread->frame));
	return "";
}

/* An idle thread that isn't at it keeps its state. */
enum system_thread_state system_thread_state(const struct thread *thread)
{
	if (thread->state == THREAD_RUNNING && cpu_states[thread->cpu].current != thread)
		return SYSTEM_READY;
	return thread->state == THREAD_KILLED ? SYSTEM_ENDED : (enum system_thread_state)thread->state;
}

static void describe(const struct thread *thread, struct system_thread *record)
{
	const char *call = doing(thread);

	record->id = thread->serial;
	record->space = thread->space ? thread->space->number : 0;
	record->state = system_thread_state(thread);
	record->priority = thread->priority;
	record->cpu = thread->cpu;
	record->cpus = thread->cpus;
	record->ticks = thread->ticks;
	record->runs = thread->runs;
	record->exit_code = 0;
	copy_text(record->name, sizeof(record->name), thread->space ? thread->space->name : thread->name);
	copy_text(record->doing, sizeof(record->doing), call ? call : "");
}

void system_thread_ends(struct thread *thread)
{
	struct system_thread *record = &ended[ended_count++ % ENDED_MAX];

	list_remove(&thread->all);
	describe(thread, record);
	record->state = SYSTEM_ENDED;
	record->exit_code = thread->exit_code;
	record->doing[0] = '\0';
}

/* The first one behind that id: no more threads than there are kernel stacks. */
static struct thread *first_behind(uint64_t id)
{
	for (struct link *at = all_threads.next; at != &all_threads; at = at->next) {
		struct thread *thread = LINK_OWNER(at, struct thread, all);

		if (thread->serial > id)
			return thread;
	}
	return NULL;
}

struct thread *system_thread_by_id(uint64_t id)
{
	struct thread *thread = id ? first_behind(id - 1) : NULL;

	return thread && thread->serial == id ? thread : NULL;
}

static void read_ended(struct system_reading *reading, uint64_t n)
{
	if (ended_count > ENDED_MAX && n < ended_count - ENDED_MAX)
		n = ended_count - ENDED_MAX;
	if (n >= ended_count)
		return;
	*(struct system_thread *)reading->record = ended[n % ENDED_MAX];
	reading->has_record = true;
	reading->next = n + 1 < ended_count ? ENDED | (n + 1) : 0;
}

enum error system_read_threads(struct system_reading *reading)
{
	const struct thread *thread = reading->cursor & ENDED ? NULL : first_behind(reading->cursor);

	if (!thread) {
		read_ended(reading, reading->cursor & ENDED ? reading->cursor & ~ENDED : 0);
		return OK;
	}
	describe(thread, reading->record);
	reading->has_record = true;
	reading->next = thread->all.next != &all_threads ? thread->serial : ended_count ? ENDED : 0;
	return OK;
}
