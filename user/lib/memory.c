/* SPDX-License-Identifier: MIT */
/* user/lib/memory.c: where memory objects go in this space: upwards from an address that no program is linked to. */
#include "memory.h"

#define FIRST_ADDRESS 0x1000000000ull

uintptr_t address_reserve(uint64_t bytes)
{
	static uintptr_t next = FIRST_ADDRESS;

	return __atomic_fetch_add(&next, ALIGN_UP(bytes + PAGE_SIZE, STACK_BYTES), __ATOMIC_RELAXED);
}

enum error memory_map(handle_t memory, uint64_t pages, uint64_t perms, void **start)
{
	uintptr_t address = address_reserve(pages * PAGE_SIZE);
	enum error error = sys_map(HANDLE_SPACE, memory, address, 0, pages, perms);

	if (!error)
		*start = (void *)address;
	return error;
}

enum error memory_make(uint64_t pages, void **start, handle_t *memory)
{
	handle_t made;
	enum error error = sys_memory_create(pages, &made);

	if (error)
		return error;
	error = memory_map(made, pages, MAP_READ | MAP_WRITE, start);
	if (!error && memory)
		*memory = made;
	else
		(void)sys_handle_close(made);
	return error;
}
