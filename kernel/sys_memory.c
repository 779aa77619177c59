/* SPDX-License-Identifier: MIT */
/*
 * kernel/sys_memory.c: the system calls for memory objects and mappings: arguments are checked here, one by one, the work is
 * kernel/mapping.c's and kernel/map_seal.c's. Current thread's kernel stack, big lock held.
 */
#include "syscall.h"

#define PAGES_MAX      32768
#define SEAL_PAGES_MAX 512
#define MEMORY_RIGHTS  (RIGHT_READ | RIGHT_WRITE | RIGHT_MAP | RIGHT_GRANT | RIGHT_CONTROL)
#define PERMS_ALL      (MAP_READ | MAP_WRITE | MAP_EXECUTE)

enum error sys_memory_create(struct trap_frame *frame)
{
	uint64_t pages = arch_syscall_argument(frame, 0);
	struct memory *memory;
	enum error error;

	if (!pages || pages > PAGES_MAX)
		return ERR_RANGE;
	error = memory_new((uint32_t)pages, &memory);
	if (!error) {
		error = handle_prepare(own_handles(), 1);
		if (error)
			memory_discard(memory);
	}
	if (error) {
		object_reap();
		return error;
	}
	commit_begin();
	arch_syscall_set_result(frame, 1, handle_insert(own_handles(), &memory->object, MEMORY_RIGHTS, 0, NULL)->value);
	commit_end();
	return OK;
}

static inline enum error check_page(uint64_t addr)
{
	if (addr < USER_START || addr >= USER_END)
		return ERR_RANGE;
	return addr & PAGE_MASK ? ERR_INVALID : OK;
}

static inline enum error check_pages(uint64_t addr, uint64_t pages, uint64_t most)
{
	return !pages || pages > most || pages > (USER_END - addr) >> PAGE_SHIFT ? ERR_RANGE : OK;
}

/* Whatever is mapped can be read; nothing is writable and executable. */
static inline enum error check_perms(uint64_t perms)
{
	if ((perms & ~(uint64_t)PERMS_ALL) || !(perms & MAP_READ))
		return ERR_INVALID;
	return (perms & (MAP_WRITE | MAP_EXECUTE)) == (MAP_WRITE | MAP_EXECUTE) ? ERR_INVALID : OK;
}

/* The first three arguments of unmap, protect and map_seal. */
static inline enum error range_arguments(const struct trap_frame *frame, uint64_t most, struct space **space)
{
	struct handle *handle;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_MAP, &handle);

	if (!error)
		error = check_page(arch_syscall_argument(frame, 1));
	if (!error)
		error = check_pages(arch_syscall_argument(frame, 1), arch_syscall_argument(frame, 2), most);
	if (!error)
		*space = (struct space *)handle->object;
	return error;
}

enum error sys_map(struct trap_frame *frame)
{
	uint64_t addr = arch_syscall_argument(frame, 2), offset = arch_syscall_argument(frame, 3);
	uint64_t pages = arch_syscall_argument(frame, 4), perms = arch_syscall_argument(frame, 5);
	struct handle *space, *memory;
	enum error error = argument_object(frame, 0, OBJECT_SPACE, RIGHT_MAP, &space);

	if (!error)
		error = argument_object(frame, 1, OBJECT_MEMORY, RIGHT_MAP, &memory);
	if (!error)
		error = check_page(addr);
	if (!error && offset >= PAGES_MAX)
		error = ERR_RANGE;
	if (!error)
		error = check_pages(addr, pages, PAGES_MAX);
	if (!error)
		error = check_perms(perms);
	if (error)
		return error;
	return space_map((struct space *)space->object, memory, addr, (uint32_t)offset, (uint32_t)pages, (uint32_t)perms);
}

enum error sys_unmap(struct trap_frame *frame)
{
	struct space *space;
	enum error error = range_arguments(frame, PAGES_MAX, &space);

	if (error)
		return error;
	error = space_unmap(space, arch_syscall_argument(frame, 1), (uint32_t)arch_syscall_argument(frame, 2));
	object_reap();
	return error;
}

enum error sys_protect(struct trap_frame *frame)
{
	uint64_t perms = arch_syscall_argument(frame, 3);
	struct space *space;
	enum error error = range_arguments(frame, PAGES_MAX, &space);

	if (!error)
		error = check_perms(perms);
	if (error)
		return error;
	return space_protect(space, arch_syscall_argument(frame, 1), (uint32_t)arch_syscall_argument(frame, 2), (uint32_t)perms);
}

enum error sys_map_seal(struct trap_frame *frame)
{
	struct space *space;
	enum error error = range_arguments(frame, SEAL_PAGES_MAX, &space);

	if (error)
		return error;
	error = space_seal(space, arch_syscall_argument(frame, 1), (uint32_t)arch_syscall_argument(frame, 2));
	object_reap();
	return error;
}
