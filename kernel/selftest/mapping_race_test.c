/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/mapping_race_test.c: several threads, on as many CPUs as there are, work on the same few spaces and memory
 * objects: long mappings are made, removed, sealed and revoked in steps while others end the space, close the handle, or work on
 * the same pages. No call may do more than give an error; all counts agree all the while; nothing is left at the end. As system
 * calls do, each thread looks everything up again in each call. Kernel threads; the big lock is held but at preemption points.
 */
#include <amber/selftest.h>
#include <amber/string.h>

#include <arch.h>

#include "big_lock.h"
#include "frame.h"
#include "objects_check.h"
#include "region.h"
#include "sched.h"
#include "user_frames.h"

#define THREADS       4
#define SPACES        3
#define PLACES        6     /* of numbers of memory handles, in the first space's table */
#define ROUNDS        400   /* of each thread */
#define CHECKED_EVERY 50
#define WINDOW        700   /* pages: many steps, across tables */
#define BASE          (USER_START + BLOCK_SIZE - 300 * PAGE_SIZE)

static struct scene {
	struct space *owner;           /* of the handles */
	struct space *spaces[SPACES];  /* each held by a reference */
	uint64_t numbers[PLACES];
	uint64_t calls, refused;
	unsigned running;
	char why[120];
	bool is_wrong;
} scene;

struct worker {
	struct thread *thread;
	uint64_t random;
	bool checks;
};

static uint32_t random_below(struct worker *worker, uint32_t limit)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return (uint32_t)(worker->random >> 11) % limit;
}

/* What a system call finds behind a number; NULL: nothing any more. */
static struct handle *handle_at(unsigned place)
{
	struct handle *handle;

	if (handle_look_up(&scene.owner->handles, scene.numbers[place], OBJECT_MEMORY, 0, &handle))
		return NULL;
	return handle;
}

static enum error make_memory(struct worker *worker, unsigned place)
{
	struct memory *memory;
	enum error error = memory_new(1 + random_below(worker, WINDOW), &memory);

	if (error)
		return error;
	error = handle_at(place) ? (enum error)ERR_BUSY : handle_prepare(&scene.owner->handles, 1); /* somebody was faster */
	if (error)
		memory_discard(memory);
	else
		scene.numbers[place] = handle_insert(&scene.owner->handles, &memory->object, RIGHTS_ALL, 0, NULL)->value;
	return error;
}

static enum error copy_handle(unsigned from, unsigned to)
{
	struct handle *handle = handle_at(from);
	enum error error = handle && !handle_at(to) ? handle_prepare(&scene.owner->handles, 1) : (enum error)ERR_HANDLE;

	if (!error)
		scene.numbers[to] = handle_insert(&scene.owner->handles, handle->object, handle->rights, 0, handle)->value;
	return error;
}

static enum error close_handle(unsigned place)
{
	struct handle *handle;

	while ((handle = handle_at(place))) {
		if (handle_close_step(handle))
			return OK;
		sched_preemption_point();
	}
	return ERR_HANDLE;
}

static enum error revoke(unsigned place)
{
	struct handle *handle;

	while ((handle = handle_at(place))) {
		if (!handle_revoke_step(handle))
			return OK;
		sched_preemption_point();
	}
	return ERR_HANDLE;
}

/* The old one ends, whoever is working in it. */
static enum error renew_space(unsigned number)
{
	struct space *old = scene.spaces[number], *new;
	enum error error = space_new(NULL, 0, &new);

	if (error)
		return error;
	space_hold(new);
	scene.spaces[number] = new;
	space_let_go(old);
	return OK;
}

struct range {
	vaddr_t addr;
	uint32_t pages;
};

/* Mostly within what one region covers, else holes would refuse nearly every call. */
static struct range random_range(struct worker *worker, struct space *space)
{
	uint32_t page = random_below(worker, WINDOW), most = random_below(worker, 3) ? 8 : 400;
	struct range range = { BASE + (vaddr_t)page * PAGE_SIZE, 1 + random_below(worker, MIN(most, WINDOW - page)) };
	const struct link *at = region_first_behind(space, range.addr);
	const struct region *region = region_of((struct link *)at);

	if (at == &space->regions || random_below(worker, 4) == 0)
		return range;
	range.addr = MAX(range.addr, region->start);
	range.pages = MIN(range.pages, (uint32_t)((region_end(region) - range.addr) >> PAGE_SHIFT));
	return range;
}

static enum error map(struct worker *worker, struct space *space, unsigned place, uint32_t perms)
{
	struct handle *handle = handle_at(place);
	uint32_t page = random_below(worker, WINDOW), offset = random_below(worker, 4), pages;

	if (!handle)
		return make_memory(worker, place);
	pages = ((const struct memory *)handle->object)->pages;
	pages = MIN(pages > offset ? pages - offset : 1, WINDOW - page);
	return space_map(space, handle, BASE + (vaddr_t)page * PAGE_SIZE, offset, 1 + random_below(worker, pages), perms);
}

static enum error call(struct worker *worker)
{
	static const uint8_t choice[] = { MAP_READ, MAP_READ | MAP_WRITE, MAP_READ | MAP_EXECUTE };
	struct space *space = scene.spaces[random_below(worker, SPACES)];
	unsigned place = random_below(worker, PLACES), what = random_below(worker, 100);
	uint32_t perms = choice[random_below(worker, 3)];
	struct range range = random_range(worker, space);

	if (what < 40)
		return map(worker, space, place, perms);
	if (what < 58)
		return space_unmap(space, range.addr, range.pages);
	if (what < 75)
		return space_protect(space, range.addr, range.pages, perms);
	if (what < 80)
		return space_seal(space, range.addr, MIN(range.pages, 512u));
	if (what < 87)
		return revoke(place);
	if (what < 93)
		return close_handle(place);
	if (what < 97)
		return copy_handle(place, random_below(worker, PLACES));
	return renew_space(random_below(worker, SPACES));
}

static void check(void)
{
	char why[sizeof(scene.why)];

	if (objects_consistent(why, sizeof(why)) || scene.is_wrong)
		return;
	scene.is_wrong = true;
	memcpy(scene.why, why, sizeof(why));
}

static void work(void *argument)
{
	struct worker *worker = argument;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t irq_state = arch_irq_save();

		big_lock_take();
		scene.refused += call(worker) != OK;
		scene.calls++;
		object_reap();
		if (worker->checks && i % CHECKED_EVERY == 0)
			check();
		big_lock_drop();
		arch_irq_restore(irq_state);
		thread_yield();
	}
	__atomic_sub_fetch(&scene.running, 1, __ATOMIC_SEQ_CST);
}

static void start(struct selftest_run *run, struct worker workers[THREADS])
{
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .random = 0x5eed + i * 0x9e3779b97f4a7c15, .checks = i == 0 };
		EXPECT(run, thread_start("mapper", work, &workers[i], &workers[i].thread) == OK);
	}
}

static void make(struct selftest_run *run)
{
	scene = (struct scene){ .running = THREADS };
	EXPECT(run, space_new(NULL, 0, &scene.owner) == OK);
	space_hold(scene.owner);
	for (unsigned i = 0; i < SPACES; i++) {
		EXPECT(run, space_new(NULL, 0, &scene.spaces[i]) == OK);
		space_hold(scene.spaces[i]);
	}
}

static void end(void)
{
	for (unsigned i = 0; i < SPACES; i++)
		space_let_go(scene.spaces[i]);
	space_let_go(scene.owner);
	object_reap();
}

static uint64_t in_use(void)
{
	return user_frames_used() + object_count(OBJECT_MEMORY) + object_count(OBJECT_SPACE) + handle_pages() + region_pool_pages();
}

static void mappings_survive_a_race(struct selftest_run *run)
{
	struct worker workers[THREADS];
	uint64_t irq_state = arch_irq_save(), before;

	big_lock_take();
	object_reap();
	before = in_use();
	make(run);
	big_lock_drop();
	arch_irq_restore(irq_state);
	start(run, workers);
	for (unsigned i = 0; i < THREADS; i++)
		if (workers[i].thread)
			thread_join(workers[i].thread);
	irq_state = arch_irq_save();
	big_lock_take();
	check();
	end();
	EXPECT(run, in_use() == before);
	big_lock_drop();
	arch_irq_restore(irq_state);
	EXPECT(run, scene.refused > scene.calls / 10 && scene.refused < scene.calls);
	if (scene.is_wrong)
		selftest_fail(run, "%s", scene.why);
}
SELFTEST(mappings_survive_a_race);
