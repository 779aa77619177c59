/* SPDX-License-Identifier: MIT */
/*
 * sealer.c: a program's own post-init read-only data: the kernel's annotation, sealed by map_seal. Then everything is tried that
 * could undo it, as a program can: one line for each attempt; the exit code is the number of those that went wrong.
 */
#include <amber/annotate.h>

#include "memory.h"
#include "program.h"
#include "thread.h"

#define VALUE 0x5ea1edull

static uint64_t __ro_after_init table[8]; /* written while starting … */
static unsigned failures;

static void check(bool good, const char *what)
{
	printf("%s: %s", good ? "ok" : "not ok", what);
	failures += !good;
}

static void refused(enum error error, enum error wanted, const char *what)
{
	if (error != wanted)
		printf("%s gives '%s' instead of '%s'", what, error_text(error), error_text(wanted));
	check(error == wanted, what);
}

static void must(enum error error, const char *what)
{
	if (error)
		fail(what, error);
}

/* One store by a thread of its own: how that thread ended. */
static void store(void *addr)
{
	*(volatile uint64_t *)addr = 0xdead;
}

static bool dies_of_writing(volatile uint64_t *addr)
{
	uint64_t before = *addr, code = 0;
	struct thread thread;

	must(thread_run(store, (void *)(uintptr_t)addr, &thread), "thread");
	must(thread_join(&thread, &code), "join");
	return code == (EXIT_KILLED | EXIT_REASON_FAULT) && *addr == before;
}

static bool can_be_written(volatile uint64_t *addr)
{
	uint64_t code;
	struct thread thread;

	must(thread_run(store, (void *)(uintptr_t)addr, &thread), "thread");
	must(thread_join(&thread, &code), "join");
	return code == 0 && *addr == 0xdead;
}

static void attack_own_data(void)
{
	uintptr_t page = (uintptr_t)__ro_after_init_start;
	handle_t other;
	uint64_t thread;

	must(sys_memory_create(1, &other), "memory");
	check(can_be_written(&table[7]), "before the seal a thread can write it");
	check(seal_ro_after_init() == OK, "the program seals its __ro_after_init data");
	check(table[0] == VALUE, "it can still be read");
	check(dies_of_writing(&table[0]), "a thread that writes to it dies");
	refused(sys_unmap(HANDLE_SPACE, page, 1), ERR_SEALED, "it can't be unmapped");
	refused(sys_protect(HANDLE_SPACE, page, 1, MAP_READ | MAP_WRITE), ERR_SEALED, "it can't be made writable");
	refused(sys_protect(HANDLE_SPACE, page, 1, MAP_READ | MAP_EXECUTE), ERR_SEALED, "it can't be made executable");
	refused(sys_map(HANDLE_SPACE, other, page, 0, 1, MAP_READ | MAP_WRITE), ERR_DENIED, "nothing can be mapped over it");
	refused(sys_map_seal(HANDLE_SPACE, page, 1), ERR_SEALED, "it can't be sealed a second time");
	refused(sys_thread_create(HANDLE_SPACE, (uintptr_t)store, FIRST_STACK_TOP, page, table, 0, &thread), ERR_DENIED,
	        "no thread's message page can be put there");
	check(dies_of_writing(&table[1]), "and it is still read-only");
	must(sys_handle_close(other), "close");
}

/* Memory with a handle: what could be done with that. */
static void attack_memory(void)
{
	volatile uint64_t *sealed, *alias;
	void *start, *second;
	handle_t memory, copy;

	must(memory_make(2, &start, &memory), "memory");
	must(memory_map(memory, 1, MAP_READ | MAP_WRITE, &second), "second mapping");
	sealed = start;
	alias = second;
	*alias = VALUE;
	refused(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1), ERR_DENIED, "what has another writable mapping can't be sealed");
	check(can_be_written(sealed), "a refused seal changes nothing");
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)second, 1), "unmap");
	must(sys_handle_duplicate(memory, RIGHT_READ | RIGHT_WRITE | RIGHT_MAP | RIGHT_GRANT, 0, &copy), "duplicate");
	check(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1) == OK, "without it, it can");
	check(memory_map(copy, 1, MAP_READ | MAP_WRITE, &second) != OK, "a second writable mapping is refused");
	refused(sys_unmap(HANDLE_SPACE, (uintptr_t)start, 2), ERR_SEALED, "a range that is sealed in part can't be unmapped");
	check(can_be_written(sealed + PAGE_SIZE / 8), "its neighbour isn't sealed");
	check(sys_handle_revoke(memory) == OK && *sealed == 0xdead, "revoking the memory leaves the sealed page");
	check(sys_handle_close(memory) == OK && *sealed == 0xdead, "so does closing its last handle");
	check(dies_of_writing(sealed), "and it is still read-only");
}

int main(int count, char **words)
{
	(void)count, (void)words;
	table[0] = VALUE;
	attack_own_data();
	attack_memory();
	printf("%u of these went wrong", failures);
	return (int)failures;
}
