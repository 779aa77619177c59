/* SPDX-License-Identifier: MIT */
/*
 * main.c: a program's own post-init read-only data: the kernel's annotation, sealed by map_seal. Then everything is tried that
 * could undo it, as a program can: one line for each attempt; the exit code is the number of those that went wrong.
 *   sealer cpus    … with a thread on CPU 1 that writes while CPU 0 seals
 *   sealer child   … the program in another space that seals what it is given
 *   sealer wait     … one that seals memory of its own (reuse.c)
 */
#include <amber/annotate.h>
#include <amber/system.h>

#include "sealer.h"

#include "memory.h"
#include "thread.h"

#define VALUE        0x5ea1edull
#define REUSED_PAGES 2048 /* the lowest free ones are among them */
#define WRITERS      16
#define WRITER_US    60000000 /* for each: so long may QEMU not run one CPU */
#define POLL_US      2000

static uint64_t __ro_after_init table[8]; /* written while starting … */
static unsigned failures;

void check(bool good, const char *what)
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

/* One store by a thread of its own: how that thread ended. */
static void store(void *addr)
{
	*(volatile uint64_t *)addr = 0xdead;
}

bool dies_of_writing(volatile uint64_t *addr)
{
	uint64_t before = *addr, code = 0;
	struct thread thread;

	must(thread_run(store, (void *)(uintptr_t)addr, &thread), "thread");
	must(thread_join(&thread, &code), "join");
	return code == (EXIT_KILLED | EXIT_REASON_FAULT) && *addr == before;
}

bool can_be_written(volatile uint64_t *addr)
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

/* What another space can do with the same memory. */
static void attack_from_another_space(void)
{
	const uint64_t rw = MAP_READ | MAP_WRITE, there = 0x40000000;
	handle_t memory, space, copy;
	volatile uint64_t *sealed;
	void *start;

	must(memory_make(1, &start, &memory), "memory");
	sealed = start;
	*sealed = 0xdead;
	must(sys_space_create(HANDLE_NONE, &space), "space");
	must(sys_map(space, memory, there, 0, 1, rw), "map");
	refused(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1), ERR_DENIED, "what another space can write can't be sealed");
	must(sys_protect(space, there, 1, MAP_READ), "protect");
	refused(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1), ERR_DENIED, "nor what it can only read now");
	must(sys_unmap(space, there, 1), "unmap");
	must(sys_handle_duplicate(memory, RIGHT_READ | RIGHT_WRITE | RIGHT_MAP | RIGHT_GRANT, 0, &copy), "duplicate");
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start, 1), "unmap");
	must(sys_map(HANDLE_SPACE, copy, (uintptr_t)start, 0, 1, rw), "map by the copy");
	check(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1) == OK, "when it has no mapping any more, it can");
	check(sys_map(space, memory, there, 0, 1, rw) != OK, "the other space can't map it writable any more");
	check(sys_handle_revoke(memory) == OK && *sealed == 0xdead, "revoking the handle's parent leaves the sealed page");
	must(sys_handle_close(space), "close");
	must(sys_handle_close(memory), "close");
	check(dies_of_writing(sealed), "and it is still read-only");
}

/* Code can be sealed, too; and what the kernel itself writes for a program, the message page, can't. */
static void attack_code(void)
{
	uintptr_t page = (uintptr_t)store & ~(uintptr_t)PAGE_MASK;

	check(sys_map_seal(HANDLE_SPACE, page, 1) == OK, "code can be sealed");
	refused(sys_protect(HANDLE_SPACE, page, 1, MAP_READ | MAP_WRITE), ERR_SEALED, "it can't be made writable");
	refused(sys_unmap(HANDLE_SPACE, page, 1), ERR_SEALED, "it can't be unmapped");
	check(dies_of_writing((volatile uint64_t *)page), "it runs, and can't be written");
	refused(sys_map_seal(HANDLE_SPACE, (uintptr_t)message_page(), 1), ERR_NOT_MAPPED, "the message page can't be sealed");
	refused(sys_map_seal(HANDLE_SPACE, VDSO_DATA_ADDRESS, 1), ERR_NOT_MAPPED, "nor can the vDSO's");
}

/* The seal ends with the space, and only then; memory that is made from its frames is clear. */
static void outlive_a_sealer(void)
{
	const char *const words[] = { "sealer", "child", NULL };
	struct child child;
	handle_t memory;
	uint64_t code, *page;
	bool clear = true;
	void *start;

	must(memory_make(1, &start, &memory), "memory");
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start, 1), "unmap");
	must(spawn(&(struct spawn){ .words = words, .handles = &memory, .handle_count = 1 }, &child), "spawn");
	must(child_wait(&child, &code), "wait");
	check(code == 0, "a program seals memory that it was given");
	check(memory_map(memory, 1, MAP_READ | MAP_WRITE, &start) == OK && *(uint64_t *)start == VALUE, "its end ends the seal");
	check(can_be_written(start), "the memory can be written again");
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start, 1), "unmap");
	must(sys_handle_close(memory), "close");
	must(memory_make(REUSED_PAGES, &start, NULL), "memory");
	page = start;
	for (uint64_t i = 0; i < REUSED_PAGES * PAGE_SIZE / 8; i++)
		clear = clear && !page[i];
	check(clear, "memory made from frames that were sealed is clear");
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)start, REUSED_PAGES), "unmap");
}

static int seal_what_is_given(void)
{
	void *start;

	must(memory_map(HANDLE_GIVEN, 1, MAP_READ | MAP_WRITE, &start), "map");
	*(uint64_t *)start = VALUE;
	must(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1), "seal");
	return memory_map(HANDLE_GIVEN, 1, MAP_READ | MAP_WRITE, &start) == OK; /* a second mapping: then it failed */
}

static void write_for_ever(void *argument)
{
	volatile uint64_t *page = argument;

	for (;;)
		++*page;
}

/*
 * Its next store tells, whenever that comes: QEMU's thread for the other CPU may not run for a long time. Either the writer
 * ends there (it has no pager) or the page changes.
 */
static bool ends_at_its_next_store(handle_t writer, const volatile uint64_t *page)
{
	uint64_t state, priority, cpu, code, runs, before = *page;

	for (unsigned i = 0; i < WRITER_US / POLL_US && *page == before; i++) {
		must(sys_thread_info(writer, &state, &priority, &cpu, &code, &runs), "thread_info");
		if (state == SYSTEM_ENDED)
			return code == (EXIT_KILLED | EXIT_REASON_FAULT) && *page == before;
		must(sys_sleep(POLL_US), "sleep");
	}
	return false;
}

/* It has the page's translation from before and uses nothing else: only a shootdown makes its CPU look again. */
static bool stops_a_writer(uint64_t perms)
{
	volatile uint64_t *page;
	struct thread writer;
	uint64_t code;
	bool stops;
	void *start;

	must(memory_make(1, &start, NULL), "memory");
	page = start;
	must(thread_make(write_for_ever, start, &writer), "thread");
	must(sys_thread_set(writer.handle, PRIORITY_DEFAULT, 2), "thread_set: there is no CPU 1?");
	must(sys_thread_start(writer.handle), "start");
	while (!*page)
		must(sys_yield(), "yield");
	if (perms)
		must(sys_protect(HANDLE_SPACE, (uintptr_t)start, 1, perms), "protect");
	else
		must(sys_map_seal(HANDLE_SPACE, (uintptr_t)start, 1), "seal");
	stops = ends_at_its_next_store(writer.handle, page);
	(void)sys_thread_kill(writer.handle);
	must(thread_join(&writer, &code), "join");
	return stops;
}

/* A stale translation may be gone by chance (a tick on that CPU) before we have looked at the page: so several times. */
static void stop_writers(uint64_t perms, const char *what)
{
	bool stop = true;

	for (unsigned i = 0; stop && i < WRITERS; i++)
		stop = stops_a_writer(perms);
	check(stop, what);
}

int main(int count, char **words)
{
	if (count == 2 && !strcmp(words[1], "child"))
		return seal_what_is_given();
	if (count == 2 && !strcmp(words[1], "wait"))
		return seal_and_wait();
	if (count == 2 && !strcmp(words[1], "cpus")) {
		must(sys_thread_set(HANDLE_THREAD, PRIORITY_DEFAULT, 1), "thread_set");
		stop_writers(MAP_READ, "a page is made read-only: a writer on another CPU stops");
		stop_writers(0, "a page is sealed: a writer on another CPU stops");
		return failures ? 1 : 0;
	}
	table[0] = VALUE;
	attack_own_data();
	attack_memory();
	attack_from_another_space();
	attack_code();
	outlive_a_sealer();
	reuse();
	printf("%u of these went wrong", failures);
	return failures ? 1 : 0;
}
