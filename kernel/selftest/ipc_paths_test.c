/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/ipc_paths_test.c: do the fast and the slow path of IPC do the same? A few threads, which never run, make seeded
 * random calls; behind each call all that IPC can change goes into a digest. The same calls once with the fast path and once
 * without must give the same digests, and each path must have had its share. In a kernel thread; the big lock is held during
 * each step, with one of the threads in the place of the current one.
 */
#include <amber/log.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "big_lock.h"
#include "ipc.h"
#include "sched.h"
#include "space.h"
#include "syscall.h"

#define THREADS      6
#define ENDPOINTS    2
#define STEPS        3000 /* a digest each */
#define SHARE_LEAST  20 /* per cent of the calls that have a fast path, each way */

static struct world {
	struct space *space;
	struct thread *threads[THREADS], *running;
	struct endpoint *endpoints[ENDPOINTS];
	uint64_t handles[ENDPOINTS];
	uint64_t random;
} world;
static uint32_t digests[STEPS];
static unsigned tried, fast;
static bool is_slow_only;

static uint64_t random_below(uint64_t limit)
{
	world.random ^= world.random << 13;
	world.random ^= world.random >> 7;
	world.random ^= world.random << 17;
	return world.random % limit;
}

static uint32_t mix(uint32_t digest, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++, value >>= 8)
		digest = (digest ^ (uint8_t)value) * 16777619u;
	return digest;
}

/* 1 … THREADS; 0 = none. */
static unsigned number_of(const struct thread *thread)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (world.threads[i] == thread)
			return i + 1;
	return 0;
}

static uint32_t mix_thread(uint32_t digest, const struct thread *thread)
{
	digest = mix(digest, thread->state == THREAD_RUNNING ? THREAD_READY : thread->state);
	digest = mix(digest, number_of(thread->caller) << 8 | number_of(thread->server));
	digest = mix(digest, thread->caller_is_gone | thread->commit_depth << 1 | (uint64_t)(thread->sp != 0) << 9);
	for (unsigned i = 0; i < 7; i++)
		digest = mix(digest, arch_syscall_argument(thread->frame, i));
	digest = mix(digest, arch_syscall_result(thread->frame, 0));
	for (unsigned i = 0; i < MESSAGE_WORDS_MAX; i++)
		digest = mix(digest, thread->message->words[i]);
	return digest;
}

static uint32_t digest_of_world(void)
{
	uint32_t digest = mix(2166136261u, number_of(world.running));

	for (unsigned i = 0; i < THREADS; i++)
		digest = mix_thread(digest, world.threads[i]);
	for (unsigned i = 0; i < ENDPOINTS; i++)
		for (struct link *link = world.endpoints[i]->queue.next; link != &world.endpoints[i]->queue; link = link->next)
			digest = mix(digest, number_of(LINK_OWNER(link, struct thread, queue)) + 16 * i);
	return digest;
}

static bool make_world(void)
{
	world = (struct world){ .random = 0x5eed5eed5eed };
	if (space_new(NULL, 0, &world.space))
		return false;
	object_hold(&world.space->object);
	for (unsigned i = 0; i < ENDPOINTS; i++) {
		world.endpoints[i] = object_new(OBJECT_ENDPOINT);
		if (!world.endpoints[i] || handle_prepare(&world.space->handles, 1))
			return false;
		list_init(&world.endpoints[i]->queue);
		world.handles[i] = handle_insert(&world.space->handles, &world.endpoints[i]->object, RIGHTS_ALL, 7 + i, NULL)->value;
	}
	for (unsigned i = 0; i < THREADS; i++) {
		if (thread_new_user(world.space, &world.threads[i]))
			return false;
		object_hold(&world.threads[i]->object);
		world.threads[i]->priority = (uint8_t)(PRIORITY_DEFAULT + 1 + i / 3);
		world.threads[i]->cpus = (uint8_t)(1u << this_cpu()->id);
		world.threads[i]->cpu = (uint8_t)this_cpu()->id;
		arch_user_frame_init(world.threads[i]->frame, USER_START, USER_END, 0);
		for (unsigned j = 0; j < MESSAGE_WORDS_MAX; j++)
			world.threads[i]->message->words[j] = i * 1000 + j;
		thread_make_ready(world.threads[i]);
	}
	world.running = sched_pick();
	world.running->state = THREAD_RUNNING;
	return true;
}

static void end_world(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		if (world.threads[i] && world.threads[i] != world.running)
			thread_kill(world.threads[i], EXIT_REASON_KILLED);
	if (world.running) {
		sched_enqueue_here(world.running);
		thread_kill(world.running, EXIT_REASON_KILLED);
	}
	for (unsigned i = 0; i < THREADS; i++)
		if (world.threads[i])
			object_let_go(&world.threads[i]->object);
	object_let_go(&world.space->object);
}

struct call {
	uint64_t number, info, words[4], timeout, endpoint;
};

static struct call random_call(void)
{
	static const uint8_t numbers[] = { SYS_call, SYS_call, SYS_call, SYS_reply_recv, SYS_reply_recv, SYS_reply_recv, SYS_receive,
					   SYS_send, SYS_reply };
	const struct endpoint *endpoint = world.endpoints[0];
	struct call call = { .number = numbers[random_below(sizeof(numbers))], .endpoint = random_below(8) ? 0 : 1 };

	/* Mostly what makes sense, so that the fast path has its share. */
	if (random_below(10) < 7)
		call.number = world.running->caller ? SYS_reply_recv :
			      !list_is_empty(&endpoint->queue) &&
			      LINK_OWNER(endpoint->queue.next, struct thread, queue)->state == THREAD_RECEIVING ? SYS_call : SYS_receive;

	call.timeout = random_below(16) ? TIMEOUT_FOREVER : TIMEOUT_NOW;
	if (call.number == SYS_receive)
		return call;
	call.info = MESSAGE_INFO(random_below(1000), random_below(4) ? random_below(5) : random_below(66), 0);
	if (random_below(40) == 0)
		call.info |= 1ull << random_below(64);
	for (unsigned i = 0; i < 4; i++)
		call.words[i] = random_below(UINT32_MAX);
	return call;
}

static void set_arguments(struct trap_frame *frame, const struct call *call)
{
	arch_syscall_set_argument(frame, 0, call->number == SYS_reply ? 0 : world.handles[call->endpoint]);
	arch_syscall_set_argument(frame, 1, call->info);
	for (unsigned i = 0; i < 4; i++)
		arch_syscall_set_argument(frame, 2 + i, call->words[i]);
	arch_syscall_set_argument(frame, 6, call->timeout);
}

static enum error run_slowly(struct trap_frame *frame, uint64_t number)
{
	switch (number) {
	case SYS_call:
		return sys_call(frame);
	case SYS_reply_recv:
		return sys_reply_recv(frame);
	case SYS_receive:
		return sys_receive(frame);
	case SYS_send:
		return sys_send(frame);
	default:
		return sys_reply(frame);
	}
}

/* The first that waits gives up: all are waiting. */
static void time_out_one(void)
{
	for (unsigned i = 0, first = (unsigned)random_below(THREADS); i < THREADS; i++) {
		struct thread *thread = world.threads[(first + i) % THREADS];

		if (thread->state >= THREAD_SENDING && thread->state <= THREAD_CALLING) {
			ipc_timed_out(thread);
			return;
		}
	}
}

/* Who would run behind the slow path: what sched_leave and sched_edge decide, without leaving. */
static struct thread *next_of(struct thread *thread, enum error error)
{
	struct run_queues *queues = &run_queues[this_cpu()->id];

	if (error != SYSCALL_BLOCKED) {
		arch_syscall_set_result(thread->frame, 0, error);
		if (!queues->should_reschedule || !(sched_ready[this_cpu()->id] >> thread->priority))
			return thread;
		sched_enqueue_here(thread);
	}
	while (!sched_ready[this_cpu()->id])
		time_out_one();
	thread = sched_pick();
	thread->state = THREAD_RUNNING;
	return thread;
}

static struct trap_frame *not_taken(struct percpu *cpu, struct thread *current, struct trap_frame *frame)
{
	(void)cpu, (void)current, (void)frame;
	return NULL;
}

static void step(void)
{
	struct thread *self = thread_current(), *running = world.running;
	struct call call = random_call();
	bool has_fast_path = call.number == SYS_call || call.number == SYS_reply_recv;
	struct trap_frame *next = NULL;

	run_queues[this_cpu()->id].should_reschedule = false; /* the timer's: not at the same moments in both */
	this_cpu()->state->current = running;
	set_arguments(running->frame, &call);
	if (has_fast_path && !is_slow_only)
		next = call.number == SYS_call ? ipc_fast_call(this_cpu(), running, running->frame, not_taken) :
		                              ipc_fast_reply_recv(this_cpu(), running, running->frame, not_taken);
	tried += has_fast_path;
	fast += next != NULL;
	world.running = next ? thread_current() : next_of(running, run_slowly(running->frame, call.number));
	this_cpu()->state->current = self;
	self->state = THREAD_RUNNING;
	this_cpu()->state->kernel_sp = self->stack_top;
	address_space_load(NULL);
}

/* Digests are stored, or compared with those that are: the first step that differs, else STEPS. */
static unsigned run_world(bool compare)
{
	unsigned differs = STEPS;

	tried = fast = 0;
	for (unsigned i = 0; i < STEPS && differs == STEPS; i++) {
		uint64_t irq_state = arch_irq_save();
		uint32_t digest;

		big_lock_take();
		step();
		digest = digest_of_world();
		big_lock_drop();
		arch_irq_restore(irq_state);
		if (!compare)
			digests[i] = digest;
		else if (digests[i] != digest)
			differs = i;
	}
	return differs;
}

static bool in_world(bool compare, unsigned *differs)
{
	uint64_t irq_state = arch_irq_save(), threads;
	bool is_made;

	big_lock_take();
	threads = object_count(OBJECT_THREAD);
	is_made = make_world();
	big_lock_drop();
	arch_irq_restore(irq_state);
	if (is_made)
		*differs = run_world(compare);
	irq_state = arch_irq_save();
	big_lock_take();
	end_world();
	big_lock_drop();
	arch_irq_restore(irq_state);
	while (object_count(OBJECT_THREAD) > threads || object_reap_is_due())
		thread_wait();
	return is_made;
}

static void ipc_paths_agree(struct selftest_run *run)
{
	unsigned differs = STEPS;

	thread_yield(); /* a new kernel's idle thread has not run yet, and would be found ready */
	EXPECT(run, in_world(false, &differs));
	log_always("ipc", "%u of %u calls with a fast path took it", fast, tried);
	EXPECT(run, fast * 100 > tried * SHARE_LEAST && (tried - fast) * 100 > tried * SHARE_LEAST);
	is_slow_only = true;
	EXPECT(run, in_world(true, &differs));
	is_slow_only = false;
	if (differs != STEPS)
		selftest_fail(run, "step %u differs between the two paths", differs);
}
SELFTEST(ipc_paths_agree);
