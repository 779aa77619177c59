/* SPDX-License-Identifier: MIT */
/* faults.c: pagers that fault. */
#include "siege.h"

#include <amber/system.h>

#define PAGER       HANDLE_GIVEN
#define THREADS_MAX 600

/* Its space's pager is an endpoint where its own threads receive: each is the pager of the one before, and faults in its turn. */
static void fault_in_turn(void *is_first)
{
	struct message message;

	if (!is_first)
		must(ipc_receive(PAGER, &message, TIMEOUT_FOREVER), "receive");
	(void)*(volatile uint8_t *)NOWHERE;
	expect(false, "a fault was no fault");
}

static const char still_waiting[] = "threads wait for a pager that has ended";

static void end_the_chain(void *argument)
{
	struct message message;

	(void)argument;
	must(ipc_receive(PAGER, &message, PATIENCE), "receive");
}

void fault_chain_inside(uint64_t threads)
{
	static struct thread waiting[THREADS_MAX];
	struct thread thread;

	threads = MIN(threads, (uint64_t)THREADS_MAX);
	for (uint64_t i = 1; i < threads; i++)
		must(thread_run(fault_in_turn, NULL, &waiting[i]), "thread");
	for (uint64_t i = 1; i < threads; i++)
		wait_for_state(waiting[i].handle, SYSTEM_RECEIVING);
	must(thread_run(end_the_chain, NULL, &thread), "thread");
	wait_for_state(thread.handle, SYSTEM_RECEIVING); /* behind all the others */
	must(thread_run(fault_in_turn, &thread, &thread), "thread");
	wait_until_alone(still_waiting);
}

/* The last pager of the chain ends: so does one after the other, without a kernel stack as deep as the chain. */
void fault_chain(uint64_t threads)
{
	handle_t pager;
	struct child child;
	uint64_t code;

	must(sys_endpoint_create(&pager), "endpoint");
	spawn_part("chain-inside", threads, &pager, 1, pager, &child);
	must(child_wait(&child, &code), "the chain's end");
	expect(code == 0, "the chain did not end");
}

static void fault(void *argument)
{
	(void)argument;
	(void)*(volatile uint8_t *)NOWHERE;
	expect(false, "a fault was no fault");
}

void faults_inside(uint64_t threads)
{
	struct thread thread;

	for (uint64_t i = 0; i < threads; i++)
		must(thread_run(fault, NULL, &thread), "thread");
	wait_until_alone(still_waiting);
}

/* All of them wait for a pager that never looks, and then is gone. A line says so for each. */
void many_faults(uint64_t threads)
{
	handle_t pager, faults;
	struct child child;
	uint64_t code;

	must(sys_endpoint_create(&pager), "endpoint");
	must(sys_handle_duplicate(pager, RIGHT_SEND | RIGHT_GRANT, 0, &faults), "duplicate");
	spawn_part("faults-inside", threads, NULL, 0, faults, &child);
	must(sys_sleep(SECOND / 5), "sleep");
	must(sys_handle_close(pager), "close");
	must(child_wait(&child, &code), "the end");
	expect(code == 0, "who faulted is still there");
}

void fault_inside(uint64_t number)
{
	(void)number;
	(void)*(volatile uint8_t *)NOWHERE;
	expect(false, "a fault was no fault");
}

static void next_fault(handle_t pager)
{
	struct message message;

	must(ipc_receive(pager, &message, PATIENCE), "receive");
	expect((message.info & MESSAGE_FROM_KERNEL) && message.words[0] == NOWHERE && message.badge == 9, "another message");
}

static enum error answer(handle_t reply, uint32_t label, unsigned words, uint64_t pc, unsigned handles)
{
	const struct message message = { .info = MESSAGE_INFO(label, words, handles), .words = { pc } };

	return ipc_reply(reply, &message);
}

/* A pager's answers: wrong ones, with handles, twice, by a copy of the right, never. The faulting instruction runs again each time. */
void pager_answers(uint64_t rounds)
{
	handle_t pager, badged, reply, copy;
	struct child child;
	uint64_t code;

	must(sys_endpoint_create(&pager), "endpoint");
	must(sys_handle_duplicate(pager, RIGHT_SEND | RIGHT_GRANT, 9, &badged), "duplicate");
	spawn_part("fault-inside", 0, NULL, 0, badged, &child);
	for (uint64_t i = 0; i < rounds; i++) {
		next_fault(pager);
		expect(answer(HANDLE_NONE, FAULT_KILL + 1, 0, 0, 0) == ERR_INVALID, "a label");
		expect(answer(HANDLE_NONE, FAULT_RESUME, 1, 0, 0) == ERR_RANGE, "a program counter of 0");
		expect(answer(HANDLE_NONE, FAULT_RESUME, 1, ~0ull << 47, 0) == ERR_RANGE, "the kernel's program counter");
		must(answer(HANDLE_NONE, FAULT_RESUME, 0, 0, MESSAGE_HANDLES_MAX), "handles in the answer to a fault");
		expect(answer(HANDLE_NONE, FAULT_RESUME, 0, 0, 0) == ERR_NOT_FOUND, "a second answer");
		next_fault(pager);
		must(sys_reply_keep(&reply), "keep");
		must(sys_handle_duplicate(reply, RIGHT_SEND, 0, &copy), "duplicate");
		must(answer(copy, FAULT_RESUME, 0, 0, 0), "by a copy");
		expect(answer(copy, FAULT_RESUME, 0, 0, 0) == ERR_HANDLE, "a copy that was used");
		expect(answer(reply, FAULT_RESUME, 0, 0, 0) == ERR_GONE, "a right that was used");
	}
	next_fault(pager);
	must(sys_reply_keep(&reply), "keep");
	must(sys_handle_close(reply), "close");
	must(child_wait(&child, &code), "the end");
	expect(code == (EXIT_KILLED | EXIT_REASON_FAULT), "a fault that nobody can answer");
}
