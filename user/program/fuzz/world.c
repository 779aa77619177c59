/* SPDX-License-Identifier: MIT */
/* world.c: what a worker of `fuzz` has: handles, mappings, threads, programs. It may be wrong about all of it: a random call may have
 * closed, removed or killed it since. Its threads share this without a lock: wrong about it they may be, too. */
#include "fuzz.h"

#define STACK_PAGES 2 /* mapped, of a thread's stack */

struct world world;
char text[PAGE_SIZE] __aligned(4096), scratch[PAGE_SIZE] __aligned(4096);

__noreturn void user_thread_main(struct message_page *page);
extern const uint8_t user_thread_first[]; /* crt0.S */

static bool info_of(handle_t handle, uint64_t *type, uint64_t *rights)
{
	uint64_t badge;

	return handle && !sys_handle_info(handle, type, rights, &badge);
}

uint32_t rights_of(handle_t handle)
{
	uint64_t type, rights;

	return info_of(handle, &type, &rights) ? (uint32_t)rights : 0;
}

/* What it was given stays where it is. */
static bool was_given(handle_t handle)
{
	return handle < HANDLE_GIVEN + GIVEN_MAX;
}

/* In the place of another one, which mostly is closed: else the table would soon be full. */
void remember(handle_t handle)
{
	handle_t *place;
	uint64_t type, rights;

	if (!info_of(handle, &type, &rights))
		return;
	place = &world.known[type][random_below(KNOWN)];
	if (*place != handle && !was_given(*place) && random_below(8))
		(void)sys_handle_close(*place);
	*place = handle;
}

void world_make(void)
{
	for (unsigned i = 0; i < 3 * KNOWN; i++)
		remember(1 + i % (HANDLE_GIVEN + GIVEN_MAX - 1));
	memcpy(text, "hello", sizeof("hello"));
}

handle_t new_handle(enum object_type type)
{
	handle_t made = HANDLE_NONE;
	enum error error = ERR_NOT_FOUND;

	if (type == OBJECT_THREAD)
		made = new_thread();
	if (type == OBJECT_SPACE)
		error = sys_space_create(HANDLE_NONE, &made);
	if (type == OBJECT_ENDPOINT)
		error = sys_endpoint_create(&made);
	if (type == OBJECT_NOTIFICATION)
		error = sys_notification_create(&made);
	if (type == OBJECT_MEMORY)
		error = sys_memory_create(1 + random_below(4), &made);
	if (type != OBJECT_THREAD && error)
		return HANDLE_NONE;
	remember(made);
	return made;
}

handle_t known_handle(enum object_type type, uint32_t rights)
{
	for (unsigned i = 0; i < 4; i++) {
		enum object_type wanted = type ? type : 1 + random_below(OBJECT_TYPES - 1);
		handle_t handle = world.known[wanted][random_below(KNOWN)];
		uint64_t is, has;

		if (info_of(handle, &is, &has) && is == wanted && (has & rights) == rights)
			return handle;
	}
	return new_handle(type ? type : OBJECT_NOTIFICATION);
}

uint64_t new_place(void)
{
	return HOME + __atomic_fetch_add(&world.places, 1, __ATOMIC_RELAXED) * PLACE_PAGES * PAGE_SIZE;
}

/* What is forgotten is removed, if it can be: the machine has little memory. */
struct mapping *new_mapping(bool is_own, uint64_t pages)
{
	struct mapping *mapping = &world.mappings[random_below(MAPPINGS)];
	struct mapping fresh = { .space = is_own ? HANDLE_SPACE : known_handle(OBJECT_SPACE, RIGHT_MAP), .address = new_place(), .pages = pages };

	if (mapping->pages)
		may_fail(sys_unmap(mapping->space, mapping->address, mapping->pages));
	mapping->pages = 0;
	if (sys_memory_create(pages, &fresh.memory))
		return NULL;
	remember(fresh.memory);
	if (sys_map(fresh.space, fresh.memory, fresh.address, 0, pages, MAP_READ | MAP_WRITE))
		return NULL;
	*mapping = fresh;
	return mapping;
}

struct mapping *known_mapping(void)
{
	struct mapping *mapping = &world.mappings[random_below(MAPPINGS)];

	if (mapping->pages && random_below(4) && !sys_protect(mapping->space, mapping->address, mapping->pages, MAP_READ))
		return mapping;
	return new_mapping(random_below(2), 1 + random_below(4));
}

uint64_t new_stack(void)
{
	uintptr_t start = address_reserve(2 * STACK_BYTES + PAGE_SIZE) + STACK_BYTES;
	uint64_t top = start + STACK_BYTES;
	handle_t memory;

	if (sys_memory_create(STACK_PAGES, &memory))
		return 0;
	if (sys_map(HANDLE_SPACE, memory, top - STACK_PAGES * PAGE_SIZE, 0, STACK_PAGES, MAP_READ | MAP_WRITE))
		top = 0;
	(void)sys_handle_close(memory);
	return top;
}

/* As user/lib/thread.c begins one. Nobody gives its stack back before the space ends. */
handle_t new_thread(void)
{
	const struct {
		void (*fn)(void *argument);
		uint64_t seed;
	} start = { few_calls, random_word() };
	uint64_t top = new_stack();
	handle_t thread;

	if (!top || sys_thread_create(HANDLE_SPACE, (uintptr_t)user_thread_first, top, top, &start, sizeof(start), &thread))
		return HANDLE_NONE;
	return thread;
}

void new_child(void)
{
	char seed[24];
	const char *const words[] = { "fuzz", "child", seed, "60", NULL };
	const handle_t handles[] = { GIVEN_PROGRESS, GIVEN_SERVED, GIVEN_ASKED };
	struct child child;

	format(seed, sizeof(seed), "%zu", (size_t)(random_word() >> 32));
	if (spawn(&(struct spawn){ .words = words, .handles = handles, .handle_count = ARRAY_SIZE(handles) }, &child))
		return;
	world.children[random_below(CHILDREN)] = child.space;
	remember(child.thread);
	remember(child.space);
}
