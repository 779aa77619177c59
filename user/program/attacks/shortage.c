/* SPDX-License-Identifier: MIT */
/* shortage.c: full tables, and no memory: each call that needs some says so. Main thread. */
#include "provoke.h"

#include "ipc.h"

#define PLACE   0x3000400000ull /* in the scene's space */
#define ENTRY   SOUND_WORD
#define TEXT    ((uintptr_t)scene.text)
#define SPARE   120            /* regions of three pages */
#define HELD    100            /* memory objects at most, that have all memory */
#define EATERS  200            /* spaces with as many handles as there is memory for */

#define REGIONS 1100           /* more than a space may have */
#define PAGE_MAPPINGS_MAX 255  /* of one page */

static handle_t copies[HANDLES_MAX], held[HELD], eaters[EATERS];
static unsigned copy_count, held_count;

/* Until that fails: for want of room, or of memory for a page of the table. */
static enum error fill_the_table(void)
{
	enum error error = OK;

	while (!error && copy_count < HANDLES_MAX) {
		error = sys_handle_duplicate(scene.any, RIGHT_READ, 0, &copies[copy_count]);
		copy_count += !error;
	}
	return error;
}

static void empty_the_table(void)
{
	while (copy_count)
		(void)sys_handle_close(copies[--copy_count]);
}

/* Messages between threads of this space, with a handle, which the receiver has no room for. */
static void luggage(enum error expected, handle_t called, handle_t received)
{
	const uint64_t info = MESSAGE_INFO(0, 0, 1);

	message_page()->handles[0] = scene.any;
	message_page()->rights[0] = RIGHT_READ;
	PROVOKE(call, expected, received, info, 0, 0, 0, 0, 1000);
	PROVOKE(send, expected, received, info, 0, 0, 0, 0, 1000);
	PROVOKE(reply_keep, expected, 0);
	PROVOKE(reply, expected, 0, info);
	PROVOKE(reply_recv, expected, called, info, 0, 0, 0, 0, TIMEOUT_NOW);
}

static void new_handles(enum error expected)
{
	PROVOKE(handle_duplicate, expected, scene.any, RIGHT_READ, 0);
	PROVOKE(endpoint_create, expected, 0);
	PROVOKE(notification_create, expected, 0);
	PROVOKE(memory_create, expected, 1);
	PROVOKE(space_create, expected, HANDLE_NONE);
	PROVOKE(thread_create, expected, scene.right[OBJECT_SPACE], ENTRY, ENTRY, PLACE, TEXT, 0);
}

/* Others are in the middle of something before the shortage comes. */
static struct {
	struct other caller, receiver;
	handle_t called, received;
} pair;

static void make_pair(void)
{
	need(sys_endpoint_create(&pair.called), "endpoint");
	need(sys_endpoint_create(&pair.received), "endpoint");
	other_calls(&pair.caller, pair.called);
	other_receives(&pair.receiver, pair.received);
}

static void end_pair(void)
{
	const struct message message = { .info = MESSAGE_INFO(0, 0, 0) };

	need(ipc_reply(HANDLE_NONE, &message), "reply");
	need(ipc_send(pair.received, &message, TIMEOUT_FOREVER), "send");
	other_ends(&pair.caller);
	other_ends(&pair.receiver);
	need(sys_handle_close(pair.called), "close");
	need(sys_handle_close(pair.received), "close");
}

/* Another space's table. */
static void a_full_space(void)
{
	handle_t space;
	uint64_t given;

	need(sys_space_create(HANDLE_NONE, &space), "space");
	while (!sys_space_give(space, scene.any, RIGHT_READ, 0, &given))
		;
	PROVOKE(space_give, ERR_FULL, space, scene.any, RIGHT_READ, 0);
	need(sys_handle_close(space), "close");
}

static uint64_t region_at(unsigned number)
{
	return PLACE + number * 4ull * PAGE_SIZE;
}

/* With gaps, so that they don't grow together. Returns how many there are. */
static unsigned map_regions(handle_t space, handle_t memory, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (sys_map(space, memory, region_at(i), 3 * i, 3, MAP_READ))
			return i;
	return count;
}

static void too_many_regions(void)
{
	handle_t space, memory;
	unsigned count;

	need(sys_space_create(HANDLE_NONE, &space), "space");
	need(sys_memory_create(3 * REGIONS, &memory), "memory");
	count = map_regions(space, memory, REGIONS);
	PROVOKE(map, ERR_FULL, space, memory, region_at(count), 0, 3, MAP_READ);
	PROVOKE(unmap, ERR_FULL, space, region_at(0) + PAGE_SIZE, 1);
	PROVOKE(map_seal, ERR_FULL, space, region_at(0) + PAGE_SIZE, 1);
	need(sys_handle_close(memory), "close");
	need(sys_handle_close(space), "close");
}

/* The count of a frame's mappings has eight bits. The last page of a longer mapping is the full one: all of it is undone. */
static void too_many_mappings_of_a_page(void)
{
	handle_t space, memory;

	must(sys_space_create(HANDLE_NONE, &space), "space");
	must(sys_memory_create(2, &memory), "memory");
	for (unsigned i = 0; i < PAGE_MAPPINGS_MAX; i++)
		must(sys_map(space, memory, region_at(i), 1, 1, MAP_READ | MAP_WRITE), "map");
	PROVOKE(map, ERR_FULL, space, memory, region_at(PAGE_MAPPINGS_MAX), 1, 1, MAP_READ);
	PROVOKE(map, ERR_FULL, space, memory, region_at(PAGE_MAPPINGS_MAX), 0, 2, MAP_READ);
	PROVOKE(map, OK, space, memory, region_at(PAGE_MAPPINGS_MAX), 0, 1, MAP_READ);
	PROVOKE(map, ERR_FULL, space, memory, region_at(PAGE_MAPPINGS_MAX) + PAGE_SIZE, 1, 1, MAP_READ); /* its region would grow */
	must(sys_unmap(space, region_at(0), 1), "unmap");
	PROVOKE(map, OK, space, memory, region_at(PAGE_MAPPINGS_MAX) + PAGE_SIZE, 1, 1, MAP_READ);
	must(sys_handle_close(memory), "close");
	must(sys_handle_close(space), "close");
}

void provoke_full(void)
{
	enum error error;

	make_scene();
	make_pair();
	a_full_space();
	too_many_regions();
	too_many_mappings_of_a_page();
	error = fill_the_table();
	if (error != ERR_FULL)
		went_wrong(SYS_handle_duplicate, "until it fails", 0, "error", ERR_FULL, error);
	new_handles(ERR_FULL);
	luggage(ERR_FULL, pair.called, pair.received);
	empty_the_table();
	end_pair();
	end_scene();
}

/* Pieces that get smaller, down to one page; then what the kernel keeps for itself: single pages, for tables of handles. */
static void take_all_memory(void)
{
	uint64_t given;

	for (uint64_t pages = 16384; pages && held_count < HELD;)
		if (sys_memory_create(pages, &held[held_count]))
			pages /= 2;
		else
			held_count++;
	for (unsigned i = 0; i < EATERS; i++)
		while (!sys_space_give(eaters[i], scene.any, RIGHT_READ, 0, &given))
			;
}

static void give_all_back(void)
{
	while (held_count)
		(void)sys_handle_close(held[--held_count]);
	for (unsigned i = 0; i < EATERS; i++)
		(void)sys_handle_close(eaters[i]);
}

/* What takes something each time, until it fails; a[at] grows by `step`. */
static void provoke_in_the_end(uint64_t call, uint64_t a[ARGUMENTS_MAX], unsigned at, uint64_t step, unsigned most)
{
	uint64_t error = OK;

	for (unsigned i = 0; i < most && error == OK; i++, a[at] += step) {
		uint64_t registers[ARGUMENTS_MAX];

		memcpy(registers, a, sizeof(registers));
		error = noted_call(call, registers);
	}
	if (error != ERR_NO_MEMORY)
		went_wrong(call, "until there is no memory", 0, "error", ERR_NO_MEMORY, error);
}

static void no_regions(handle_t space, handle_t memory)
{
	uint64_t split[ARGUMENTS_MAX] = { space, region_at(0) + PAGE_SIZE, 1 };
	uint64_t far[ARGUMENTS_MAX] = { space, memory, PLACE + (1ull << 36), 0, 1, MAP_READ };

	provoke_in_the_end(SYS_unmap, split, 1, 4 * PAGE_SIZE, SPARE);
	PROVOKE(map_seal, ERR_NO_MEMORY, space, region_at(SPARE - 1) + PAGE_SIZE, 1);
	provoke_in_the_end(SYS_map, far, 2, 1ull << 30, 16);
}

/* While its table has room, and before all memory has been user memory: what has been stays so. */
static void too_many_threads(void)
{
	handle_t space, thread, endpoint;
	enum error error;
	uint64_t page = PLACE;

	need(sys_space_create(HANDLE_NONE, &space), "space");
	do {
		error = sys_thread_create(space, ENTRY, ENTRY, page, NULL, 0, &thread);
		page += PAGE_SIZE;
		copies[copy_count] = thread;
		copy_count += !error;
	} while (!error);
	need(sys_endpoint_create(&endpoint), "there is room for a handle");
	PROVOKE(thread_create, ERR_FULL, space, ENTRY, ENTRY, page, TEXT, 0);
	need(sys_space_kill(space), "kill");
	ends_as_killed(space);
	need(sys_handle_close(endpoint), "close");
	need(sys_handle_close(space), "close");
	empty_the_table();
}

void provoke_no_memory(void)
{
	handle_t space, empty, memory;

	make_scene();
	too_many_threads();
	make_pair();
	need(sys_space_create(HANDLE_NONE, &space), "space");
	need(sys_space_create(HANDLE_NONE, &empty), "space");
	need(sys_memory_create(3 * SPARE, &memory), "memory");
	if (map_regions(space, memory, SPARE) != SPARE)
		went_wrong(SYS_map, "regions", 0, "error", OK, 0);
	for (unsigned i = 0; i < EATERS; i++)
		need(sys_space_create(HANDLE_NONE, &eaters[i]), "space");
	take_all_memory();
	if (fill_the_table() != ERR_NO_MEMORY)
		went_wrong(SYS_handle_duplicate, "until there is no memory", 0, "error", ERR_NO_MEMORY, 0);
	new_handles(ERR_NO_MEMORY);
	luggage(ERR_NO_MEMORY, pair.called, pair.received);
	no_regions(space, memory);
	PROVOKE(space_give, ERR_NO_MEMORY, empty, scene.any, RIGHT_READ, 0);
	memcpy(scene.text, "hello", SOUND_LENGTH);
	PROVOKE(space_load, ERR_NO_MEMORY, empty, TEXT, SOUND_LENGTH);
	give_all_back();
	empty_the_table();
	end_pair();
	need(sys_handle_close(memory), "close");
	need(sys_handle_close(space), "close");
	need(sys_handle_close(empty), "close");
	end_scene();
}
