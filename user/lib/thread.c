/* SPDX-License-Identifier: MIT */
/* user/lib/thread.c: threads of this space: a stack with a gap below it, and the message page directly above. */
#include "thread.h"

#include <amber/system.h>

#include "memory.h"

#define STACK_PAGES (STACK_BYTES / PAGE_SIZE)
#define POLL_US     10000

struct start {
	void (*fn)(void *);
	void *argument;
};

__noreturn void user_thread_main(struct message_page *page);
extern const uint8_t user_thread_first[]; /* crt0.S */

__noreturn void user_thread_main(struct message_page *page)
{
	struct start start;

	memcpy(&start, page->arguments, sizeof(start));
	start.fn(start.argument);
	exit(0);
}

/* Where the stack of one that has ended was: addresses cost tables, and who makes one thread after the other needs no more. */
static uintptr_t spare_place;

static enum error make_stack(uintptr_t *stack)
{
	uintptr_t start = __atomic_exchange_n(&spare_place, 0, __ATOMIC_RELAXED);
	handle_t memory;
	enum error error = sys_memory_create(STACK_PAGES, &memory);

	if (!start)
		start = address_reserve(2 * STACK_BYTES + PAGE_SIZE) + STACK_BYTES;
	if (error)
		return error;
	error = sys_map(HANDLE_SPACE, memory, start, 0, STACK_PAGES, MAP_READ | MAP_WRITE);
	(void)sys_handle_close(memory);
	if (!error)
		*stack = start;
	return error;
}

enum error thread_make(void (*fn)(void *), void *argument, struct thread *thread)
{
	struct start start = { fn, argument };
	enum error error = make_stack(&thread->stack);
	uintptr_t top = thread->stack + STACK_BYTES;

	if (error)
		return error;
	error = sys_thread_create(HANDLE_SPACE, (uintptr_t)user_thread_first, top, top, &start, sizeof(start), &thread->handle);
	if (error)
		(void)sys_unmap(HANDLE_SPACE, thread->stack, STACK_PAGES);
	return error;
}

enum error thread_run(void (*fn)(void *), void *argument, struct thread *thread)
{
	enum error error = thread_make(fn, argument, thread);

	return error ? error : sys_thread_start(thread->handle);
}

/* Somebody else watches it, perhaps the thread itself: we look again and again. */
static enum error poll_end(handle_t thread)
{
	uint64_t state, priority, cpu, code, runs;
	enum error error;

	do {
		error = sys_sleep(POLL_US);
		if (!error)
			error = sys_thread_info(thread, &state, &priority, &cpu, &code, &runs);
	} while (!error && state < SYSTEM_ENDED);
	return error;
}

enum error thread_wait_end(handle_t thread, uint64_t *exit_code)
{
	uint64_t bits, state, priority, cpu, runs;
	handle_t notification;
	enum error error = sys_notification_create(&notification);

	if (error)
		return error;
	error = sys_thread_watch(thread, notification, 1);
	if (!error)
		error = sys_wait(notification, TIMEOUT_FOREVER, &bits);
	else if (error == ERR_FULL)
		error = poll_end(thread);
	if (!error)
		error = sys_thread_info(thread, &state, &priority, &cpu, exit_code, &runs);
	(void)sys_handle_close(notification);
	return error;
}

enum error thread_join(struct thread *thread, uint64_t *exit_code)
{
	enum error error = thread_wait_end(thread->handle, exit_code);

	if (error)
		return error;
	error = sys_handle_close(thread->handle);
	if (!error)
		error = sys_unmap(HANDLE_SPACE, thread->stack, STACK_PAGES);
	if (!error)
		__atomic_store_n(&spare_place, thread->stack, __ATOMIC_RELAXED);
	return error;
}
