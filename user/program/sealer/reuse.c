/* SPDX-License-Identifier: MIT */
/* reuse.c: frames that a program has sealed: while it lives nobody gets them, though it has closed the memory's handle; then another
 * space gets them, cleared and writable. Where each frame is, is read from the page tables (system.h). */
#include "sealer.h"

#include "ipc.h"
#include "memory.h"
#include "thread.h"

#include <amber/system.h>

#define THERE        0x5000000000ull /* nothing else is mapped there in any space */
#define PAGES        4
#define REUSED_PAGES 2048            /* the lowest free frames are among them */
#define TRIES        3000
#define PATTERN      0x5ea1ed5ea1ed5ea1ull

static uint64_t words_of(uint64_t page)
{
	return page * PAGE_SIZE / sizeof(uint64_t);
}

/* Sealed, and nobody has a handle to it any more. It ends when it is answered. */
int seal_and_wait(void)
{
	uint64_t *page = (uint64_t *)THERE;
	struct message message = { .info = MESSAGE_INFO(0, 0, 0) };
	handle_t memory;

	must(sys_memory_create(PAGES, &memory), "memory");
	must(sys_map(HANDLE_SPACE, memory, THERE, 0, PAGES, MAP_READ | MAP_WRITE), "map");
	for (uint64_t i = 0; i < words_of(PAGES); i++)
		page[i] = PATTERN;
	must(sys_map_seal(HANDLE_SPACE, THERE, PAGES), "seal");
	must(sys_handle_close(memory), "close");
	must(ipc_call(HANDLE_GIVEN, &message, TIMEOUT_FOREVER), "call");
	for (uint64_t i = 0; i < words_of(PAGES); i++)
		if (page[i] != PATTERN)
			return 1;
	return 0;
}

/* --- page tables -------------------------------------------------------------------------------------------------------- */

/* The first mapping from addr on of that root. */
static bool mapping_at(uint64_t root, uint64_t addr, struct system_mapping *mapping)
{
	uint64_t bytes, next = addr;

	do
		if (sys_system_read(HANDLE_SYSTEM, SYSTEM_MAPPINGS, root, next, mapping, sizeof(*mapping), &bytes, &next))
			return false;
	while (!bytes && next);
	return bytes == sizeof(*mapping);
}

/* The root that maps addr; 0: none does. */
static uint64_t root_that_maps(uint64_t addr)
{
	uint64_t cursor = 0, bytes;
	struct system_root root;
	struct system_mapping mapping;

	do {
		must(sys_system_read(HANDLE_SYSTEM, SYSTEM_ROOTS, 0, cursor, &root, sizeof(root), &bytes, &cursor), "roots");
		if (bytes && mapping_at(root.root, addr, &mapping) && mapping.start <= addr && addr < mapping.end)
			return root.root;
	} while (cursor);
	return 0;
}

static uint64_t frame_at(uint64_t root, uint64_t addr)
{
	struct system_mapping mapping;

	if (!mapping_at(root, addr, &mapping) || mapping.start > addr || addr >= mapping.end)
		return 0;
	return mapping.physical + (addr - mapping.start);
}

/* Where [start, start + pages) of that root shows the frame; 0: nowhere. */
static uint64_t address_of(uint64_t root, uint64_t start, uint64_t pages, uint64_t frame)
{
	uint64_t end = start + pages * PAGE_SIZE;
	struct system_mapping mapping;

	for (uint64_t at = start; at < end; at = mapping.end) {
		if (!mapping_at(root, at, &mapping) || mapping.start >= end)
			return 0;
		if (frame >= mapping.physical && frame < mapping.physical + (mapping.end - mapping.start))
			return mapping.start + (frame - mapping.physical);
	}
	return 0;
}

/* --- all that is free -------------------------------------------------------------------------------------------------- */

static struct {
	uint64_t *start;
	uint64_t root;
	uint64_t frames[PAGES]; /* that the other one has sealed */
	unsigned found;         /* how many of them are there … */
	uint64_t at[PAGES];     /* … and where */
	bool is_clear;
} got;

static void get_memory(void)
{
	void *start;

	must(memory_make(REUSED_PAGES, &start, NULL), "memory");
	got.start = start;
	got.root = root_that_maps((uintptr_t)start);
	got.is_clear = true;
	for (uint64_t i = 0; i < words_of(REUSED_PAGES); i++)
		got.is_clear = got.is_clear && !got.start[i];
	got.found = 0;
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t addr = address_of(got.root, (uintptr_t)start, REUSED_PAGES, got.frames[i]);

		if (addr)
			got.at[got.found++] = addr;
	}
}

static void give_memory_back(void)
{
	must(sys_unmap(HANDLE_SPACE, (uintptr_t)got.start, REUSED_PAGES), "unmap");
}

static void look_at_what_came_back(void)
{
	bool writable = true;

	check(got.found == PAGES, "when it has ended its frames are used again");
	check(got.is_clear, "and they are clear");
	for (unsigned i = 0; i < got.found; i++)
		writable = writable && can_be_written((volatile uint64_t *)got.at[i]);
	check(writable, "and can be written");
	check(got.found && sys_map_seal(HANDLE_SPACE, got.at[0], 1) == OK && dies_of_writing((volatile uint64_t *)got.at[0]),
	      "and sealed again by who has them now");
}

/* The shell's programs don't. */
static bool may_look(void)
{
	uint64_t type, rights, badge;

	return !sys_handle_info(HANDLE_SYSTEM, &type, &rights, &badge) && type == OBJECT_SYSTEM && (rights & RIGHT_READ);
}

void reuse(void)
{
	const char *const words[] = { "sealer", "wait", NULL };
	struct message message;
	struct child child;
	handle_t endpoint;
	uint64_t code, root;

	if (!may_look())
		return;
	must(sys_endpoint_create(&endpoint), "endpoint");
	must(spawn(&(struct spawn){ .words = words, .handles = &endpoint, .handle_count = 1 }, &child), "spawn");
	must(ipc_receive(endpoint, &message, TIMEOUT_FOREVER), "receive");
	root = root_that_maps(THERE);
	for (unsigned i = 0; i < PAGES; i++)
		got.frames[i] = frame_at(root, THERE + i * PAGE_SIZE);
	check(got.frames[0] && got.frames[PAGES - 1], "another program has sealed memory and closed its handle");
	get_memory();
	check(got.found == 0 && got.is_clear, "as long as it lives nobody gets the frames");
	give_memory_back();
	message.info = MESSAGE_INFO(0, 0, 0);
	must(ipc_reply(HANDLE_NONE, &message), "reply");
	must(child_wait(&child, &code), "wait");
	check(code == 0, "what it has sealed has not changed");
	get_memory();
	for (unsigned i = 0; i < TRIES && got.found < PAGES; i++) { /* its space is taken apart meanwhile */
		give_memory_back();
		must(sys_sleep(10000), "sleep");
		get_memory();
	}
	look_at_what_came_back();
	must(sys_handle_close(endpoint), "close");
}
