/* SPDX-License-Identifier: MIT */
/* hold.c: threads of two spaces that are preempted again and again keep their registers and flags. */
#include "siege.h"

#define TURNS   1000000
#define THREADS 2

uint64_t registers_hold(uint64_t seed, uint64_t turns); /* registers.S */

static void hold(void *rounds)
{
	for (uint64_t i = 0; i < (uintptr_t)rounds; i++)
		expect(registers_hold(i * 0x9e3779b97f4a7c15ull + (uintptr_t)&i, TURNS) == 0, "a register changed");
}

void hold_inside(uint64_t rounds)
{
	struct thread threads[THREADS];
	uint64_t code;

	for (unsigned i = 0; i < THREADS; i++)
		must(thread_run(hold, (void *)(uintptr_t)rounds, &threads[i]), "thread");
	hold((void *)(uintptr_t)rounds);
	for (unsigned i = 0; i < THREADS; i++) {
		must(thread_join(&threads[i], &code), "join");
		expect(code == 0, "a register changed in a thread");
	}
}

void hold_registers(uint64_t rounds)
{
	struct child children[2];
	uint64_t code;

	for (unsigned i = 0; i < ARRAY_SIZE(children); i++)
		spawn_part("hold-inside", rounds, NULL, 0, HANDLE_NONE, &children[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(children); i++) {
		must(child_wait(&children[i], &code), "the end");
		expect(code == 0, "a register changed in a program");
	}
}
