/* SPDX-License-Identifier: MIT */
/*
 * kernel/sched.c: who runs next. Per CPU a queue for each priority; a thread that blocks at its edge to user mode leaves nothing
 * on its kernel stack, so the next one's user frame is simply returned to. Big lock held, interrupts masked.
 */
#include "sched.h"

#include <amber/panic.h>
#include <amber/upcalls.h>

#define STEAL_LOOKS_AT 4 /* threads of another CPU's most important queue */

struct run_queues run_queues[MAX_CPUS];
uint32_t sched_ready[MAX_CPUS];

void sched_init(void)
{
	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
		for (unsigned priority = 0; priority < PRIORITIES; priority++)
			list_init(&run_queues[cpu].queue[priority]);
}

static bool is_idle(unsigned cpu)
{
	const struct thread *current = cpu_states[cpu].current;

	return !sched_ready[cpu] && (!current || current->is_idle);
}

/* Its last CPU if that is idle; else an idle one; else its last one, or the least loaded of those that are allowed. */
static unsigned choose_of_several(const struct thread *thread, uint32_t allowed)
{
	unsigned best = thread->cpu;

	if (!(allowed >> best & 1))
		best = (unsigned)__builtin_ctz(allowed);
	else if (is_idle(best))
		return best;
	for (; allowed; allowed &= allowed - 1) {
		unsigned cpu = (unsigned)__builtin_ctz(allowed);

		if (is_idle(cpu))
			return cpu;
		if (cpu != thread->cpu && best != thread->cpu && run_queues[cpu].count < run_queues[best].count)
			best = cpu;
	}
	return best;
}

static inline unsigned choose_cpu(const struct thread *thread)
{
	uint32_t allowed = thread->cpus & cpus_online_mask;

	/* 0: a kernel thread's own CPU, before the others are settled. */
	return !allowed || allowed == 1u << thread->cpu ? thread->cpu : choose_of_several(thread, allowed);
}

/* In front of `at`, which is in its queue or the queue's head. */
static void insert_before(struct link *at, unsigned cpu, struct thread *thread)
{
	thread->state = THREAD_READY;
	thread->cpu = (uint8_t)cpu;
	list_insert_before(at, &thread->queue);
	sched_ready[cpu] |= 1u << thread->priority;
	run_queues[cpu].count++;
}

static void insert(unsigned cpu, struct thread *thread)
{
	insert_before(&run_queues[cpu].queue[thread->priority], cpu, thread);
}

void sched_hand_over(struct thread *thread)
{
	unsigned cpu = this_cpu()->id;
	struct run_queues *queues = &run_queues[cpu];

	if (!(thread->cpus >> cpu & 1) || !sched_is_most_important(cpu, thread->priority)) {
		sched_enqueue(thread);
		return;
	}
	insert_before(queues->queue[thread->priority].next, cpu, thread);
	if (thread->priority > thread_current()->priority)
		queues->should_reschedule = true;
}

void sched_enqueue(struct thread *thread)
{
	unsigned cpu = choose_cpu(thread);
	const struct thread *running = cpu_states[cpu].current;

	insert(cpu, thread);
	if (running && !running->is_idle && running->priority >= thread->priority)
		return;
	run_queues[cpu].should_reschedule = true;
	if (cpu != this_cpu()->id)
		arch_interrupt_cpu(&percpu[cpu], CPU_INTERRUPT_WAKE);
}

void sched_enqueue_here(struct thread *thread)
{
	insert(this_cpu()->id, thread);
}

void sched_dequeue(struct thread *thread)
{
	struct run_queues *queues = &run_queues[thread->cpu];

	ASSERT(thread->state == THREAD_READY);
	list_remove(&thread->queue);
	queues->count--;
	if (list_is_empty(&queues->queue[thread->priority]))
		sched_ready[thread->cpu] &= ~(1u << thread->priority);
}

/* The queue of the highest priority; some thread is ready there. */
static struct link *most_important(unsigned cpu)
{
	return &run_queues[cpu].queue[31 - (unsigned)__builtin_clz(sched_ready[cpu])];
}

/* The first of them, off its queue. */
static inline struct thread *take_first(unsigned cpu)
{
	struct link *head = most_important(cpu), *first = head->next;
	struct thread *thread = LINK_OWNER(first, struct thread, queue);

	head->next = first->next;
	first->next->previous = head;
	first->next = first->previous = first;
	run_queues[cpu].count--;
	if (list_is_empty(head))
		sched_ready[cpu] &= ~(1u << thread->priority);
	return thread;
}

/* A thread that waits on another CPU and may run here. */
static struct thread *steal(void)
{
	unsigned self = this_cpu()->id;

	for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++) {
		struct link *head, *link;

		if (cpu == self || !sched_ready[cpu])
			continue;
		head = most_important(cpu);
		link = head->next;
		for (unsigned i = 0; i < STEAL_LOOKS_AT && link != head; i++, link = link->next) {
			struct thread *thread = LINK_OWNER(link, struct thread, queue);

			if (thread->cpus >> self & 1)
				return thread;
		}
	}
	return NULL;
}

/* Off its queue; the idle thread if there is none. */
struct thread *sched_pick(void)
{
	unsigned cpu = this_cpu()->id;
	struct thread *next;

	run_queues[cpu].should_reschedule = false;
	if (sched_ready[cpu])
		return take_first(cpu);
	next = steal();
	if (!next)
		return run_queues[cpu].idle;
	sched_dequeue(next);
	return next;
}

/* The kernel context of the current thread is kept; comes back when it is current again. */
static void go_to(struct thread *next)
{
	struct thread *previous = thread_current();

	if (next == previous) {
		next->state = THREAD_RUNNING;
		return;
	}
	sched_become(next);
	if (next->sp)
		arch_context_switch(&previous->sp, next->sp);
	else
		arch_switch_to_user(&previous->sp, next->frame);
	previous->sp = 0;
}

struct trap_frame *sched_leave(void)
{
	static vaddr_t nowhere[MAX_CPUS];
	struct thread *previous = thread_current(), *next = sched_pick();

	previous->sp = 0;
	if (next == previous) {
		next->state = THREAD_RUNNING;
		return next->frame;
	}
	sched_become(next);
	if (next->sp) {
		arch_context_switch(&nowhere[this_cpu()->id], next->sp);
		panic("thread '%s' came back from its edge to user mode", previous->name);
	}
	return next->frame;
}

void sched_leave_for_good(void)
{
	vaddr_t nowhere;
	struct thread *next = sched_pick();

	sched_become(next);
	if (next->sp)
		arch_context_switch(&nowhere, next->sp);
	arch_switch_to_user(&nowhere, next->frame);
	panic("a thread runs after its end");
}

void sched_block(void)
{
	go_to(sched_pick());
}

void sched_yield(void)
{
	struct thread *current = thread_current();

	if (!sched_ready[this_cpu()->id] && !current->is_idle) /* the idle one looks for work elsewhere, too */
		return;
	if (!current->is_idle)
		insert(this_cpu()->id, current);
	go_to(sched_pick());
}

/* Is another thread to run instead of the current one, which could go on? */
static bool should_give_way(const struct thread *current)
{
	unsigned cpu = this_cpu()->id;

	return run_queues[cpu].should_reschedule && sched_ready[cpu] >> current->priority;
}

void sched_preemption_point(void)
{
	struct thread *current = thread_current();

	ASSERT(big_lock_is_mine() && !current->commit_depth);
	big_lock_drop();
	arch_irq_enable();
	arch_cpu_relax();
	arch_irq_save();
	big_lock_take();
	if (current->is_idle || !should_give_way(current))
		return;
	insert(this_cpu()->id, current);
	go_to(sched_pick());
}

struct trap_frame *sched_edge(struct trap_frame *frame)
{
	struct thread *current = thread_current();

	if (current->is_killed)
		thread_end(current->exit_code);
	if (!(current->cpus >> this_cpu()->id & 1)) { /* moved away */
		sched_enqueue(current);
		return sched_leave();
	}
	if (!should_give_way(current))
		return frame;
	insert(this_cpu()->id, current);
	return sched_leave();
}

void sched_tick(void)
{
	unsigned cpu = this_cpu()->id;

	if (thread_current())
		thread_current()->ticks++;
	if (sched_ready[cpu])
		run_queues[cpu].should_reschedule = true;
}

void sched_set(struct thread *thread, uint8_t priority, uint8_t cpus)
{
	bool is_ready = thread->state == THREAD_READY;

	if (is_ready)
		sched_dequeue(thread);
	thread->priority = priority;
	thread->cpus = cpus;
	if (is_ready)
		sched_enqueue(thread);
	if (thread->state != THREAD_RUNNING)
		return;
	run_queues[thread->cpu].should_reschedule = true;
	if (thread->cpu != this_cpu()->id)
		arch_interrupt_cpu(&percpu[thread->cpu], CPU_INTERRUPT_WAKE);
}
