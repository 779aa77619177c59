/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/space_test.c: seeded random calls on a few spaces: memory objects, handles made from each other, mappings,
 * seals, revocations, ends. A model says page by page what must be mapped; behind each call the page tables are compared with
 *  it, and kernel/selftest/objects_check.h looks at the whole. In the end everything must have been given back. Main thread.
 */
#include <amber/log.h>
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "big_lock.h"
#include "frame.h"
#include "objects_check.h"
#include "region.h"
#include "sched.h"
#include "user_frames.h"

#define SPACES    3
#define WINDOW    320 /* pages of a space that are used, across the reach of two tables */
#define BASE      (USER_START + BLOCK_SIZE - 160 * PAGE_SIZE)
#define STEPS     1500
#define PAGES_MAX 150 /* of a memory object: more than one step maps */
#define HANDLES   40  /* in one space */

struct model_page {
	paddr_t frame; /* 0 = nothing is mapped */
	uint8_t perms, rights;
	bool is_sealed;
};

static struct scene {
	struct space *spaces[SPACES];
	struct model_page pages[SPACES][WINDOW];
	uint64_t random;
	unsigned good, refused;
} scene;

static uint32_t random_below(uint32_t limit)
{
	scene.random ^= scene.random << 13;
	scene.random ^= scene.random >> 7;
	scene.random ^= scene.random << 17;
	return (uint32_t)(scene.random >> 11) % limit;
}

/* Some handle of that space; NULL: none found. */
static struct handle *random_handle(struct space *space, enum object_type type)
{
	uint32_t entries = MIN(space->handles.pages_made * HANDLE_PAGE_ENTRIES, HANDLES_MAX), first;

	if (!entries)
		return NULL;
	first = random_below(entries);
	for (uint32_t i = 0; i < entries; i++) {
		uint32_t index = (first + i) % entries;
		struct handle *handle = &space->handles.pages[index / HANDLE_PAGE_ENTRIES][index % HANDLE_PAGE_ENTRIES];

		if (handle->object && (type == OBJECT_NONE || handle->object->type == type))
			return handle;
	}
	return NULL;
}

static void new_memory(struct space *space)
{
	struct memory *memory;

	if (space->handles.used >= HANDLES || memory_new(1 + random_below(PAGES_MAX), &memory))
		return;
	if (handle_prepare(&space->handles, 1))
		memory_discard(memory);
	else
		handle_insert(&space->handles, &memory->object, RIGHTS_ALL, 0, NULL);
}

static void copy_handle(struct space *from, struct space *to)
{
	struct handle *handle = random_handle(from, OBJECT_NONE);

	if (!handle || to->handles.used >= HANDLES || handle_prepare(&to->handles, 1))
		return;
	handle_insert(&to->handles, handle->object, handle->rights & (random_below(4) ? RIGHTS_ALL : random_below(128)), 0, handle);
}

/* The model of a space that lost mappings by other means than unmap: what its regions say. */
static void model_from_regions(unsigned number)
{
	struct space *space = scene.spaces[number];

	for (unsigned i = 0; i < WINDOW; i++) {
		struct link *at = region_first_behind(space, BASE + i * PAGE_SIZE);

		if (at == &space->regions || region_of(at)->start > BASE + i * PAGE_SIZE)
			scene.pages[number][i].frame = 0;
	}
}

static bool all_are_free(const struct model_page *pages, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (pages[i].frame)
			return false;
	return true;
}

static bool any_is_sealed(const struct memory *memory, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		if (frame_type_at(memory_frame(memory, i)) != FRAME_USER)
			return true;
	return false;
}

static bool map(unsigned number, uint32_t page, uint32_t count)
{
	struct space *space = scene.spaces[number];
	struct handle *handle = random_handle(space, OBJECT_MEMORY);
	static const uint8_t choice[] = { MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_EXECUTE };
	uint32_t perms = choice[random_below(3)], rights, offset;
	struct memory *memory;
	enum error error;

	if (!handle)
		return true;
	memory = (struct memory *)handle->object;
	offset = random_below(memory->pages);
	rights = (handle->rights & RIGHT_READ ? MAP_READ | MAP_EXECUTE : 0) | (handle->rights & RIGHT_WRITE ? MAP_WRITE : 0);
	error = space_map(space, handle, BASE + page * PAGE_SIZE, offset, count, perms);
	error ? scene.refused++ : scene.good++;
	if (error)
		return count > memory->pages - offset || (perms & ~rights) || !all_are_free(&scene.pages[number][page], count) ||
		       any_is_sealed(memory, offset, count);
	for (uint32_t i = 0; i < count; i++)
		scene.pages[number][page + i] = (struct model_page){ memory_frame(memory, offset + i), (uint8_t)perms, (uint8_t)rights, false };
	return true;
}

/* May all of them be changed so? */
static bool is_allowed(const struct model_page *pages, uint32_t count, uint32_t perms)
{
	for (uint32_t i = 0; i < count; i++)
		if (!pages[i].frame || pages[i].is_sealed || (perms & ~(uint32_t)pages[i].rights))
			return false;
	return true;
}

static bool change(unsigned number, uint32_t page, uint32_t count, uint32_t perms)
{
	struct model_page *pages = &scene.pages[number][page];
	vaddr_t addr = BASE + page * PAGE_SIZE;
	bool is_good = is_allowed(pages, count, perms);
	struct space *space = scene.spaces[number];
	enum error error = perms ? space_protect(space, addr, count, perms) : space_unmap(space, addr, count);

	error ? scene.refused++ : scene.good++;
	for (uint32_t i = 0; i < count && !error; i++) {
		pages[i].perms = (uint8_t)perms;
		pages[i].frame = perms ? pages[i].frame : 0;
	}
	return is_good == !error;
}

static bool seal(unsigned number, uint32_t page, uint32_t count)
{
	struct model_page *pages = &scene.pages[number][page];
	bool is_good = is_allowed(pages, count, 0);
	enum error error;

	for (uint32_t i = 0; i < count && is_good; i++)
		is_good = frame_at(pages[i].frame)->level == 1;
	error = space_seal(scene.spaces[number], BASE + page * PAGE_SIZE, count);
	error ? scene.refused++ : scene.good++;
	for (uint32_t i = 0; i < count && !error; i++) {
		pages[i].perms &= (uint8_t)~MAP_WRITE;
		pages[i].is_sealed = true;
	}
	return is_good == !error;
}

static bool revoke(struct space *space)
{
	struct handle *handle = random_handle(space, OBJECT_NONE);

	if (!handle)
		return true;
	while (handle_revoke_step(handle))
		sched_preemption_point();
	for (unsigned i = 0; i < SPACES; i++)
		model_from_regions(i);
	return list_is_empty(&handle->children) && list_is_empty(&handle->regions);
}

static void close(struct space *space)
{
	struct handle *handle = random_handle(space, OBJECT_NONE);

	if (handle)
		handle_close(handle);
}

static bool make_space(unsigned number)
{
	struct space *space;

	if (space_new(NULL, 0, &space))
		return false;
	space_hold(space);
	scene.spaces[number] = space;
	memset(scene.pages[number], 0, sizeof(scene.pages[number]));
	return true;
}

/* What is sealed in it becomes ordinary memory again. */
static bool renew_space(unsigned number)
{
	space_let_go(scene.spaces[number]);
	object_reap();
	return make_space(number);
}

static bool step(unsigned *what)
{
	unsigned number = random_below(SPACES);
	struct space *space = scene.spaces[number];
	uint32_t page = random_below(WINDOW), most = random_below(4) ? 6 : 130, count = 1 + random_below(MIN(most, WINDOW - page));
	static const uint8_t perms[] = { MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_EXECUTE };

	*what = random_below(100);
	if (*what < 6)
		new_memory(space);
	else if (*what < 16)
		copy_handle(space, scene.spaces[random_below(SPACES)]);
	else if (*what < 56)
		return map(number, page, count);
	else if (*what < 72)
		return change(number, page, count, 0);
	else if (*what < 88)
		return change(number, page, count, perms[random_below(3)]);
	else if (*what < 92)
		return seal(number, page, count);
	else if (*what < 94)
		return revoke(space);
	else if (*what < 98)
		close(space);
	else if (*what == 98)
		return renew_space(number);
	object_reap();
	return true;
}

/* The first page that is not mapped as it should be; WINDOW: none. */
static unsigned compare(unsigned number)
{
	for (unsigned i = 0; i < WINDOW; i++) {
		const struct model_page *page = &scene.pages[number][i];
		struct mapping mapping;

		if (!address_space_lookup(&scene.spaces[number]->memory, BASE + i * PAGE_SIZE, &mapping)) {
			if (page->frame)
				return i;
		} else if (mapping.frame != page->frame || (mapping.perms & (PERM_R | PERM_W | PERM_X)) != page->perms) {
			return i;
		}
	}
	return WINDOW;
}

static bool run_steps(struct selftest_run *run)
{
	char why[120];

	for (unsigned i = 0; i < STEPS; i++) {
		unsigned what;

		if (!step(&what)) {
			selftest_fail(run, "step %u (%u): not what the model says", i, what);
			return false;
		}
		for (unsigned number = 0; number < SPACES; number++) {
			unsigned page = compare(number);

			if (page == WINDOW)
				continue;
			selftest_fail(run, "step %u (%u): space %u, page %u is not mapped as it should be", i, what, number, page);
			return false;
		}
		if (i % 8 == 0 && !objects_consistent(why, sizeof(why))) {
			selftest_fail(run, "step %u (%u): %s", i, what, why);
			return false;
		}
	}
	return true;
}

static void spaces_agree_with_a_model(struct selftest_run *run)
{
	uint64_t irq_state = arch_irq_save(), frames, memories, spaces, handles, regions;
	bool is_made = true;

	big_lock_take();
	object_reap();
	scene = (struct scene){ .random = 0x5eed0b1ec75ull };
	frames = user_frames_used();
	memories = object_count(OBJECT_MEMORY);
	spaces = object_count(OBJECT_SPACE);
	handles = handle_pages();
	regions = region_pool_pages();
	for (unsigned i = 0; i < SPACES; i++)
		is_made &= make_space(i);
	EXPECT(run, is_made);
	if (is_made && run_steps(run))
		EXPECT(run, scene.good > STEPS / 10 && scene.refused > STEPS / 10);
	for (unsigned i = 0; i < SPACES; i++)
		if (scene.spaces[i])
			space_let_go(scene.spaces[i]);
	for (unsigned i = 0; i < 10000 && object_count(OBJECT_SPACE) + object_count(OBJECT_MEMORY) > spaces + memories; i++) {
		object_reap(); /* an idle CPU may have one of them in hand */
		sched_preemption_point();
	}
	EXPECT(run, user_frames_used() == frames);
	EXPECT(run, object_count(OBJECT_MEMORY) == memories && object_count(OBJECT_SPACE) == spaces);
	EXPECT(run, handle_pages() == handles && region_pool_pages() == regions);
	big_lock_drop();
	arch_irq_restore(irq_state);
}
SELFTEST(spaces_agree_with_a_model);
