/* SPDX-License-Identifier: MIT */
/* fresh.c: a new thread finds nothing in its registers but its argument and its stack, while another program's threads fill all of
 * theirs. (Those for floating point it can't read at all: `traps`.) */
#include "siege.h"

#define TURNS   20000
#define DIRTY   4  /* threads of the other program */
#define FOUND   40 /* words at most; both machines have fewer */

uint64_t registers_hold(uint64_t seed, uint64_t turns); /* registers.S */
extern const uint8_t registers_fresh[];
uint64_t registers_found[FOUND];

static void fill_for_ever(void *argument)
{
	for (uint64_t i = 1;; i++) {
		expect(registers_hold(i * 0xa5a5a5a5a5a5a5a5ull + (uintptr_t)argument, TURNS) == 0, "a register changed");
		must(sys_yield(), "yield");
	}
}

void fresh_inside(uint64_t number)
{
	struct thread thread;

	(void)number;
	for (unsigned i = 1; i < DIRTY; i++)
		must(thread_run(fill_for_ever, NULL, &thread), "thread");
	fill_for_ever(NULL);
}

static void begin_one(uint64_t top)
{
	handle_t thread;
	uint64_t code;

	for (unsigned i = 0; i < FOUND; i++)
		registers_found[i] = i < 2;
	must(sys_thread_create(HANDLE_SPACE, (uintptr_t)registers_fresh, top, top, NULL, 0, &thread), "thread");
	must(sys_thread_start(thread), "start");
	must(thread_wait_end(thread, &code), "wait");
	must(sys_handle_close(thread), "close");
	expect(code == 0, "a new thread's end");
	expect(registers_found[0] == top && registers_found[1] == top, "a new thread's argument or stack");
	for (unsigned i = 2; i < FOUND; i++) {
		if (registers_found[i])
			printf("register %u is 0x%zx", i, (size_t)registers_found[i]);
		expect(!registers_found[i], "a new thread's register");
	}
}

void fresh(uint64_t rounds)
{
	uintptr_t stack = address_reserve(2 * STACK_BYTES);
	struct child child;
	handle_t memory;
	uint64_t code;

	must(sys_memory_create(1, &memory), "memory");
	must(sys_map(HANDLE_SPACE, memory, stack + STACK_BYTES - PAGE_SIZE, 0, 1, MAP_READ | MAP_WRITE), "map");
	spawn_part("fresh-inside", 0, NULL, 0, HANDLE_NONE, &child);
	for (uint64_t i = 0; i < rounds; i++) {
		must(sys_yield(), "yield"); /* the others have their turn */
		begin_one(stack + STACK_BYTES);
	}
	must(sys_space_kill(child.space), "kill");
	must(child_wait(&child, &code), "the end");
	expect(code == (EXIT_KILLED | EXIT_REASON_KILLED), "how the others ended");
}
