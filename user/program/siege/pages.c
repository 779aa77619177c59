/* SPDX-License-Identifier: MIT */
/* pages.c: pages that are no region's: message pages and the vDSO, attacked with mappings that go and come over them. */
#include "siege.h"

#define AREA  0x3000000000ull
#define PAGES 2048

static bool is_over;

static void map_and_unmap(void *memory)
{
	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		enum error error = sys_map(HANDLE_SPACE, (uintptr_t)memory, AREA, 0, PAGES, MAP_READ);

		expect(!error || error == ERR_DENIED, "map over a message page");
		may_fail(sys_unmap(HANDLE_SPACE, AREA, PAGES));
	}
}

/* A message page into the middle of a mapping that is being made or removed. */
void message_pages(uint64_t rounds)
{
	struct thread mapper;
	handle_t memory, thread;
	uint64_t code;

	must(sys_memory_create(PAGES, &memory), "memory");
	must(thread_run(map_and_unmap, (void *)(uintptr_t)memory, &mapper), "mapper");
	for (uint64_t i = 0; i < rounds; i++) {
		uintptr_t page = AREA + i * 37 % PAGES * PAGE_SIZE;
		enum error error = sys_thread_create(HANDLE_SPACE, NOWHERE, NOWHERE, page, NULL, 0, &thread);

		expect(!error || error == ERR_DENIED, "a thread's message page");
		if (error) {
			must(sys_yield(), "yield");
			continue;
		}
		expect(sys_unmap(HANDLE_SPACE, page, 1) != OK, "a message page was unmapped");
		expect(sys_map_seal(HANDLE_SPACE, page, 1) != OK, "a message page was sealed");
		must(sys_thread_kill(thread), "kill");
		must(sys_handle_close(thread), "close");
	}
	__atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
	must(thread_join(&mapper, &code), "join");
}

static void attack_vdso(handle_t memory, uintptr_t page)
{
	handle_t thread;

	expect(sys_map(HANDLE_SPACE, memory, page, 0, 1, MAP_READ) == ERR_DENIED, "map over the vDSO");
	expect(sys_map(HANDLE_SPACE, memory, page - PAGE_SIZE, 0, 2, MAP_READ) == ERR_DENIED, "map into the vDSO");
	expect(sys_unmap(HANDLE_SPACE, page, 1) == ERR_NOT_MAPPED, "unmap the vDSO");
	expect(sys_protect(HANDLE_SPACE, page, 1, MAP_READ | MAP_WRITE) == ERR_NOT_MAPPED, "protect the vDSO");
	expect(sys_map_seal(HANDLE_SPACE, page, 1) == ERR_NOT_MAPPED, "seal the vDSO");
	expect(sys_thread_create(HANDLE_SPACE, NOWHERE, NOWHERE, page, NULL, 0, &thread) == ERR_DENIED, "a message page there");
}

void vdso(uint64_t rounds)
{
	handle_t memory;

	must(sys_memory_create(2, &memory), "memory");
	for (uint64_t i = 0; i < rounds; i++) {
		attack_vdso(memory, VDSO_DATA_ADDRESS);
		attack_vdso(memory, VDSO_CODE_ADDRESS);
	}
	must(sys_map(HANDLE_SPACE, memory, VDSO_DATA_ADDRESS - PAGE_SIZE, 0, 1, MAP_READ), "map below the vDSO");
}
