/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/region_scene.h: a space, a memory object of 1,024 pages and a page table that is an array, for region_test.c and
 * map_seal_test.c; what others do at a preemption point is a function; what must hold between calls is checked behind each test.
 */
#ifndef AMBER_TESTS_REGION_SCENE_H
#define AMBER_TESTS_REGION_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_arch.h"
#include "fake_kernel.h"
#include "frame.h"
#include "phys.h"
#include "region.h"
#include "sched.h"

#define PAGES  2048 /* of the user half, from USER_START on */
#define FRAMES 4096
#define AT(page) (USER_START + (vaddr_t)(page) * PAGE_SIZE)
#define RW     (MAP_READ | MAP_WRITE)

static struct page {
	paddr_t frame; /* 0: nothing is mapped */
	unsigned perms;
} pages[PAGES];
static struct frame frames[FRAMES]; /* level: mappings */
static struct space space;
static struct memory memory;
static struct handle handle;
static struct thread thread;
static struct cpu_state state;
static unsigned preemptions, pool_pages_left, made_tables;
static void (*at_preemption)(void);

struct frame_table frame_table;
struct arch_user_device arch_user_devices[USER_DEVICES];
unsigned arch_asids;

/* --- what stands below --------------------------------------------------------------------------------------------------- */

enum error phys_alloc(uint64_t count, paddr_t *first)
{
	assert_int_equal(count, 1);
	if (!pool_pages_left)
		return ERR_NO_MEMORY;
	pool_pages_left--;
	*first = (uintptr_t)aligned_alloc(PAGE_SIZE, PAGE_SIZE) - DIRECT_MAP_BASE;
	return OK;
}

void phys_free(paddr_t first, uint64_t count)
{
	assert_int_equal(count, 1);
	pool_pages_left++;
	free(phys_to_virt(first));
}

void object_let_go(struct object *object)
{
	assert_true(object->refs-- > 0);
}

void space_hold(struct space *held)
{
	held->object.refs++;
}

void space_let_go(struct space *held)
{
	held->object.refs--;
}

void sched_preemption_point(void)
{
	assert_int_equal(thread.commit_depth, 0);
	preemptions++;
	if (at_preemption)
		at_preemption();
}

static unsigned index_of(vaddr_t addr)
{
	assert_true(addr >= USER_START && addr < AT(PAGES) && !(addr & PAGE_MASK));
	return (unsigned)((addr - USER_START) >> PAGE_SHIFT);
}

static struct frame *entry_of(paddr_t frame)
{
	return &frames[frame >> PAGE_SHIFT];
}

enum error address_space_prepare(struct address_space *as, vaddr_t addr, uint64_t count)
{
	(void)as, (void)addr, (void)count;
	made_tables = ~0u;
	return OK;
}

enum error address_space_map(struct address_space *as, vaddr_t addr, paddr_t first, uint64_t count, unsigned perms)
{
	unsigned index = index_of(addr);

	(void)as;
	assert_true(thread.commit_depth == 1 && index + count <= PAGES);
	assert_true((addr & (BLOCK_SIZE - 1)) + count * PAGE_SIZE <= BLOCK_SIZE);
	if (!made_tables)
		return ERR_NOT_MAPPED;
	for (uint64_t i = 0; i < count; i++)
		if (pages[index + i].frame || entry_of(first + i * PAGE_SIZE)->type != FRAME_USER)
			return ERR_DENIED;
	for (uint64_t i = 0; i < count; i++) {
		pages[index + i] = (struct page){ first + i * PAGE_SIZE, perms };
		entry_of(first + i * PAGE_SIZE)->level++;
	}
	return OK;
}

enum error address_space_unmap(struct address_space *as, vaddr_t addr, uint64_t count)
{
	unsigned index = index_of(addr);

	assert_true(count <= 512);
	for (uint64_t i = 0; i < count; i++) {
		struct page *page = &pages[index + i];

		assert_true(page->frame);
		assert_true(entry_of(page->frame)->type == FRAME_USER || as->is_dead);
		entry_of(page->frame)->type = FRAME_USER;
		entry_of(page->frame)->level--;
		page->frame = 0;
	}
	return OK;
}

enum error address_space_protect(struct address_space *as, vaddr_t addr, uint64_t count, unsigned perms)
{
	(void)as;
	assert_true(thread.commit_depth == 1 && count <= 512);
	for (uint64_t i = 0; i < count; i++) {
		assert_true(pages[index_of(addr) + i].frame);
		pages[index_of(addr) + i].perms = perms;
	}
	return OK;
}

static enum error seal_refuses;

enum error address_space_seal(struct address_space *as, vaddr_t addr, uint64_t count)
{
	(void)as;
	if (seal_refuses)
		return seal_refuses;
	for (uint64_t i = 0; i < count; i++) {
		struct page *page = &pages[index_of(addr) + i];

		assert_int_equal(entry_of(page->frame)->level, 1);
		entry_of(page->frame)->type = FRAME_USER_SEALED;
		page->perms &= ~MAP_WRITE;
	}
	return OK;
}

/* --- the scene ----------------------------------------------------------------------------------------------------------- */

static uint64_t index_page[2][512];

static int set_up(void **ignored)
{
	(void)ignored;
	memset(pages, 0, sizeof(pages));
	for (unsigned i = 0; i < FRAMES; i++)
		frames[i] = (struct frame){ .type = FRAME_USER };
	frame_table = (struct frame_table){ .table = (uintptr_t)frames - DIRECT_MAP_BASE, .count = FRAMES };
	space = (struct space){ .object = { .type = OBJECT_SPACE } };
	list_init(&space.regions);
	space.hint = &space.regions;
	memory = (struct memory){ .object = { .type = OBJECT_MEMORY }, .pages = 1024 };
	memory.frames[0] = index_page[0];
	memory.frames[1] = index_page[1];
	for (unsigned i = 0; i < 1024; i++) /* frames that follow each other, but for every 100th */
		index_page[i / 512][i % 512] = (i % 100 == 0 ? 3000 + i : 1000 + i) * PAGE_SIZE;
	list_init(&memory.regions);
	handle = (struct handle){ .object = &memory.object, .rights = RIGHTS_ALL };
	list_init(&handle.regions);
	thread = (struct thread){ .space = &space };
	state.current = &thread;
	fake_cpu.state = &state;
	preemptions = made_tables = 0;
	pool_pages_left = 1000;
	at_preemption = NULL;
	seal_refuses = OK;
	return 0;
}

static unsigned mapped(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < PAGES; i++)
		count += pages[i].frame != 0;
	return count;
}

/* What must hold at any time between calls. */
static unsigned regions(void)
{
	unsigned count = 0, sum = 0;
	vaddr_t end = 0;

	for (struct link *at = space.regions.next; at != &space.regions; at = at->next, count++) {
		const struct region *region = region_of(at);

		assert_true(region->start >= end);
		end = region_end(region);
		sum += region->mapped;
		for (unsigned i = 0; i < region->mapped; i++)
			assert_int_equal(pages[index_of(region->start) + i].frame, memory_frame(&memory, region->offset_pages + i));
	}
	assert_int_equal(sum, mapped());
	assert_int_equal(sum, space.mapped_pages);
	assert_int_equal(count, space.region_count);
	assert_int_equal(count, memory.object.refs);
	assert_int_equal(thread.commit_depth, 0);
	assert_int_equal(space.object.refs, 0);
	return count;
}

static int tear_down(void **ignored)
{
	(void)ignored;
	regions();
	space.memory.is_dead = true;
	while (!list_is_empty(&space.regions))
		while (!region_remove_step(region_of(space.regions.next)))
			;
	assert_int_equal(regions(), 0);
	assert_int_equal(memory.sealings, 0);
	assert_int_equal(region_pool_pages(), 0);
	assert_int_equal(pool_pages_left, 1000);
	assert_true(list_is_empty(&memory.regions) && list_is_empty(&handle.regions));
	return 0;
}

static enum error map(unsigned page, unsigned offset, unsigned count)
{
	return space_map(&space, &handle, AT(page), offset, count, RW);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

#endif
