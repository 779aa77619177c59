/* SPDX-License-Identifier: MIT */
/* faults.c: pagers that fault. */
#include "siege.h"

#define PAGER HANDLE_GIVEN

/* Its space's pager is an endpoint where its own threads receive: each is the pager of the one before, and faults in its turn. */
static void fault_in_turn(void *is_first)
{
	struct message message;

	if (!is_first)
		must(ipc_receive(PAGER, &message, TIMEOUT_FOREVER), "receive");
	(void)*(volatile uint8_t *)NOWHERE;
	expect(false, "a fault was no fault");
}

static void end_the_chain(void *argument)
{
	struct message message;

	(void)argument;
	must(ipc_receive(PAGER, &message, 10 * SECOND), "receive");
}

static void wait_until_alone(void)
{
	uint64_t threads = 0, handles, pages, code;

	for (unsigned i = 0; i < 1000 && threads != 1; i++) {
		must(sys_sleep(SECOND / 100), "sleep");
		must(sys_space_info(HANDLE_SPACE, &threads, &handles, &pages, &code), "space_info");
	}
	expect(threads == 1, "threads wait for a pager that has ended");
}

void fault_chain_inside(uint64_t threads)
{
	struct thread thread;

	for (uint64_t i = 1; i < threads; i++)
		must(thread_run(fault_in_turn, NULL, &thread), "thread");
	must(sys_sleep(SECOND / 5), "sleep"); /* they all wait */
	must(thread_run(end_the_chain, NULL, &thread), "thread");
	must(sys_sleep(SECOND / 5), "sleep");
	must(thread_run(fault_in_turn, &thread, &thread), "thread");
	wait_until_alone();
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
