/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/pagetable_cases.c: range operations on page tables against a model of one number per page: random maps, protects
 * and unmaps of pages and blocks, right and wrong ones, over the borders of tables of two levels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "cases.h"
#include "fake_machine.h"
#include "gate_scene.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "table_walk.h"

#define RW      (PERM_R | PERM_W)
#define BLOCKS  5
#define CHUNK   512 /* pages under one table of the lowest level */
#define PAGES   (BLOCKS * CHUNK)
#define PLACE   (STACK_BASE + (1ull << 30) - 2 * BLOCK_SIZE) /* blocks 0 and 1 under one level-2 table, 2 to 4 under the next */
#define ROUNDS  3000

/* What each page should be. */
static struct page {
	paddr_t frame; /* 0 = not mapped */
	unsigned perms;
} model[PAGES], before[PAGES];
static enum { EMPTY, TABLE, BLOCK } block[BLOCKS]; /* the level-2 entry */

static int scene(void **state)
{
	(void)state;
	scene_make();
	return 0;
}

static vaddr_t va_of(unsigned page)
{
	return PLACE + page * PAGE_SIZE;
}

static bool is_legal(paddr_t frame, unsigned pages, unsigned perms)
{
	for (unsigned i = 0; i < pages; i++) {
		enum frame_type type = frame_type_at(frame + i * PAGE_SIZE);

		if (type < FRAME_KERNEL || ((perms & PERM_W) && type != FRAME_KERNEL) || (perms & (PERM_X | PERM_USER)))
			return false;
	}
	return true;
}

static void set_pages(unsigned page, unsigned pages, paddr_t frame, unsigned perms)
{
	for (unsigned i = 0; i < pages; i++)
		model[page + i] = (struct page){ frame ? frame + i * PAGE_SIZE : 0, perms };
}

static bool none_is_mapped(unsigned page, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		if (model[page + i].frame)
			return false;
	return true;
}

static bool none_has_a_hole(unsigned page, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		if (!model[page + i].frame)
			return false;
	return true;
}

static bool is_consecutive(unsigned page, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		if (model[page + i].frame != model[page].frame + i * PAGE_SIZE)
			return false;
	return true;
}

static enum error model_map_pages(unsigned page, unsigned pages, paddr_t frame, unsigned perms)
{
	for (unsigned here; pages; page += here, pages -= here, frame += here * PAGE_SIZE) {
		here = MIN(pages, CHUNK - page % CHUNK);
		if (block[page / CHUNK] == BLOCK)
			return ERR_DENIED;
		block[page / CHUNK] = TABLE;
		if (!none_is_mapped(page, here) || !is_legal(frame, here, perms))
			return ERR_DENIED;
		set_pages(page, here, frame, perms);
	}
	return OK;
}

static enum error model_map_blocks(unsigned first, unsigned count, paddr_t frame, unsigned perms)
{
	for (unsigned here; count; first += here, count -= here, frame += here * BLOCK_SIZE) {
		here = first < 2 ? MIN(count, 2 - first) : count;
		for (unsigned i = first; i < first + here; i++)
			if (block[i] != EMPTY)
				return ERR_DENIED;
		if (!is_legal(frame, here * CHUNK, perms))
			return ERR_DENIED;
		for (unsigned i = first; i < first + here; i++)
			block[i] = BLOCK;
		set_pages(first * CHUNK, here * CHUNK, frame, perms);
	}
	return OK;
}

static bool may_go(enum frame_type type)
{
	return type == FRAME_KERNEL || type == FRAME_INIT_TEXT;
}

/* perms 0: unmap. Stops at the first table where something is wrong; what was done before stays. */
static enum error model_change(unsigned page, unsigned pages, unsigned perms)
{
	for (unsigned here; pages; page += here, pages -= here) {
		here = MIN(pages, CHUNK - page % CHUNK);
		if (block[page / CHUNK] == BLOCK)
			return ERR_DENIED;
		if (!model[page].frame || (perms && !none_has_a_hole(page, here)))
			return ERR_NOT_MAPPED;
		if (perms && (!is_consecutive(page, here) || !is_legal(model[page].frame, here, perms)))
			return ERR_DENIED;
		for (unsigned i = page; !perms && i < page + here; i++)
			if (model[i].frame && !may_go(frame_type_at(model[i].frame)))
				return ERR_DENIED;
		set_pages(page, here, perms ? model[page].frame : 0, perms);
	}
	return OK;
}

/* Whatever changed was invalidated behind the last store, also where an error ended the call in between. */
static void check_invalidations(void)
{
	unsigned last_store = 0;

	for (unsigned i = 0; i < fake_event_count; i++)
		if (fake_events[i].kind == FAKE_STORE && frame_type_at(fake_events[i].addr) == FRAME_TABLE)
			last_store = i;
	for (unsigned page = 0; page < PAGES; page++) {
		bool is_done = false;

		if (!before[page].frame || (before[page].frame == model[page].frame && before[page].perms == model[page].perms))
			continue;
		for (unsigned i = last_store; i < fake_event_count && !is_done; i++)
			is_done = fake_events[i].kind == FAKE_INVALIDATE_ALL ||
				  (fake_events[i].kind == FAKE_INVALIDATE && fake_events[i].addr == va_of(page));
		assert_true(is_done);
	}
}

/* Lengths at which invalidation goes another way: one page, all named, too many to name, as long as a block. */
static void test_each_page_is_invalidated(void **state)
{
	static const unsigned pages[] = { 1, 2, 63, 64, 65, 511, 512, 513, 1024 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(pages); i++)
		for (unsigned perms = 0; perms <= RW; perms += RW) {
			assert_int_equal(pagetable_map(kernel_root_frame, PLACE, POOL, pages[i] * PAGE_SIZE, PERM_R, 1), OK);
			set_pages(0, pages[i], POOL, PERM_R);
			memcpy(before, model, sizeof(before));
			fake_record_begin(NULL);
			assert_int_equal(perms ? pagetable_protect(kernel_root_frame, PLACE, pages[i] * PAGE_SIZE, perms) :
			                 pagetable_unmap(kernel_root_frame, PLACE, pages[i] * PAGE_SIZE), OK);
			fake_record_end();
			set_pages(0, pages[i], perms ? POOL : 0, perms);
			check_invalidations();
			if (perms)
				assert_int_equal(pagetable_unmap(kernel_root_frame, PLACE, pages[i] * PAGE_SIZE), OK);
		}
}

static unsigned random_perms(void)
{
	static const unsigned perms[] = { PERM_R, RW, RW, RW, PERM_R | PERM_X, RW | PERM_X };

	return perms[fake_random_below(ARRAY_SIZE(perms))];
}

static paddr_t random_frame(void)
{
	switch (fake_random_below(12)) {
	case 0:
		return image_to_phys((vaddr_t)__text_start);
	case 1:
		return image_to_phys((vaddr_t)__rodata_start);
	case 2:
		return FAKE_SMALL_START + FAKE_SMALL_BYTES - 2 * PAGE_SIZE;
	}
	return POOL + fake_random_below(4 * CHUNK) * PAGE_SIZE;
}

static void do_map(unsigned page, unsigned pages)
{
	paddr_t frame = random_frame();
	unsigned perms = random_perms();

	assert_int_equal(pagetable_map(kernel_root_frame, va_of(page), frame, pages * PAGE_SIZE, perms, 1),
	                 model_map_pages(page, pages, frame, perms));
}

static void do_map_blocks(void)
{
	unsigned first = fake_random_below(BLOCKS), count = 1 + fake_random_below(BLOCKS - first), perms = random_perms();
	paddr_t frame = POOL + fake_random_below(3) * BLOCK_SIZE;

	if (fake_random_below(4) == 0) {
		assert_int_equal(pagetable_map(kernel_root_frame, va_of(first * CHUNK), frame + PAGE_SIZE, BLOCK_SIZE, perms, 2), ERR_INVALID);
		assert_int_equal(pagetable_map(kernel_root_frame, va_of(1), frame, BLOCK_SIZE, perms, 2), ERR_INVALID);
		assert_int_equal(pagetable_map(kernel_root_frame, va_of(0), frame, PAGE_SIZE, perms, 2), ERR_INVALID);
	}
	assert_int_equal(pagetable_map(kernel_root_frame, va_of(first * CHUNK), frame, count * BLOCK_SIZE, perms, 2),
	                 model_map_blocks(first, count, frame, perms));
}

/* Takes a block leaf away again: mm/ has no need for it, so the test does it, by the gate. */
static void drop_a_block(void)
{
	unsigned i = fake_random_below(BLOCKS);
	struct mapping mapping;

	if (block[i] != BLOCK)
		return;
	assert_int_equal(pagetable_lookup(kernel_root_frame, va_of(i * CHUNK), &mapping), OK);
	assert_int_equal(gate_set_entries(mapping.table, mapping.index, 0, 0, 1), OK);
	block[i] = EMPTY;
	set_pages(i * CHUNK, CHUNK, 0, 0);
}

/* Frees the table of an empty chunk, as nothing in mm/ does yet. */
static void drop_a_table(void)
{
	unsigned i = fake_random_below(BLOCKS), index = pagetable_index(va_of(i * CHUNK), 2);
	paddr_t table = area_table[3];

	if (block[i] != TABLE || !none_is_mapped(i * CHUNK, CHUNK))
		return;
	table = pte_addr(scene_get_entry(table, pagetable_index(va_of(i * CHUNK), 3)), 3);
	for (unsigned k = 0; k < 512; k++) /* what was unmapped is empty, not just not present */
		assert_true(scene_get_entry(pte_addr(scene_get_entry(table, index), 2), k) == 0);
	paddr_t lowest = pte_addr(scene_get_entry(table, index), 2);
	assert_int_equal(gate_set_entries(table, index, 0, 0, 1), OK);
	assert_int_equal(arena_table_free(lowest), OK);
	block[i] = EMPTY;
}

static void do_change(unsigned page, unsigned pages)
{
	unsigned perms = fake_random_below(3) ? random_perms() : 0;
	bool record = pages < 100 || fake_random_below(30) == 0;
	enum error error;

	memcpy(before, model, sizeof(before));
	if (record)
		fake_record_begin(NULL);
	error = perms ? pagetable_protect(kernel_root_frame, va_of(page), pages * PAGE_SIZE, perms) :
		pagetable_unmap(kernel_root_frame, va_of(page), pages * PAGE_SIZE);
	if (record)
		fake_record_end();
	assert_int_equal(error, model_change(page, pages, perms));
	if (record)
		check_invalidations();
}

static void check_expect(void)
{
	unsigned page = fake_random_below(PAGES), limit = fake_random_below(2) ? 3 : 40;
	unsigned pages = 1 + fake_random_below(MIN(limit, PAGES - page));
	paddr_t frame = model[page].frame + (fake_random_below(8) ? 0 : PAGE_SIZE);
	unsigned perms = fake_random_below(8) ? model[page].perms : PERM_R | PERM_USER;
	enum error wanted = OK;

	for (unsigned i = 0; i < pages && !wanted; i++) {
		unsigned end = MIN(page + pages, (page + i) / CHUNK * CHUNK + CHUNK);

		if (block[(page + i) / CHUNK] != TABLE)
			wanted = ERR_NOT_MAPPED;
		for (unsigned k = page + i; k < end && !wanted; k++)
			if (model[k].frame != frame + (k - page) * PAGE_SIZE || model[k].perms != perms)
				wanted = ERR_DENIED;
	}
	if (frame && perms)
		assert_int_equal(pagetable_expect(kernel_root_frame, va_of(page), frame, pages * PAGE_SIZE, perms), wanted);
}

static void check_lookup(unsigned page)
{
	struct mapping mapping;
	enum error error = pagetable_lookup(kernel_root_frame, va_of(page) + fake_random_below(PAGE_SIZE), &mapping);
	bool is_block = block[page / CHUNK] == BLOCK;
	unsigned first = is_block ? page / CHUNK * CHUNK : page;

	assert_int_equal(error, model[page].frame ? OK : ERR_NOT_MAPPED);
	if (error)
		return;
	assert_true(mapping.start == va_of(first) && mapping.frame == model[first].frame && mapping.perms == model[page].perms);
	assert_true(mapping.level == (is_block ? 2 : 1) && mapping.bytes == (is_block ? BLOCK_SIZE : PAGE_SIZE));
	assert_true(pte_addr(scene_get_entry(mapping.table, mapping.index), mapping.level) == mapping.frame);
}

static unsigned visited, wrongly_visited;

static void visit(void *context, const struct mapping *mapping)
{
	unsigned first = (mapping->start - PLACE) >> PAGE_SHIFT;

	(void)context;
	if (mapping->start < PLACE || mapping->start >= va_of(PAGES))
		return;
	wrongly_visited += first < visited; /* not in order */
	for (unsigned i = 0; i < mapping->bytes >> PAGE_SHIFT; i++)
		wrongly_visited += model[first + i].frame != mapping->frame + i * PAGE_SIZE || model[first + i].perms != mapping->perms;
	for (; visited < first; visited++)
		wrongly_visited += model[visited].frame != 0;
	visited += mapping->bytes >> PAGE_SHIFT;
}

static void check_all(void)
{
	visited = wrongly_visited = 0;
	pagetable_visit(kernel_root_frame, 0, visit, NULL);
	for (; visited < PAGES; visited++)
		wrongly_visited += model[visited].frame != 0;
	assert_int_equal(wrongly_visited, 0);
	for (unsigned page = 0; page < PAGES; page++)
		check_lookup(page);
	assert_null(tables_broken_rule());
	assert_null(tables_wrong_count());
}

static void test_against_a_model(void **state)
{
	(void)state;
	fake_random_seed(12);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned page = fake_random_below(3) ? fake_random_below(PAGES) : CHUNK * (1 + fake_random_below(BLOCKS - 1)) - fake_random_below(9);
		unsigned limit = fake_random_below(6) ? 30 : 2 * CHUNK, pages = 1 + fake_random_below(MIN(limit, PAGES - page));

		switch (fake_random_below(8)) {
		case 0:
			do_map_blocks();
			break;
		case 1:
		case 2:
		case 3:
			do_map(page, pages);
			break;
		case 4:
			drop_a_block();
			drop_a_table();
			break;
		default:
			do_change(page, pages);
		}
		for (unsigned i = 0; i < 8; i++)
			check_expect();
		check_lookup(fake_random_below(PAGES));
		if (round % 100 == 0)
			check_all();
	}
	assert_int_equal(pagetable_protect(kernel_root_frame, PLACE + 8, PAGE_SIZE, PERM_R), ERR_INVALID);
	assert_int_equal(pagetable_protect(kernel_root_frame, PLACE, 8, PERM_R), ERR_INVALID);
	assert_int_equal(pagetable_protect(kernel_root_frame, PLACE, PAGE_SIZE, PERM_W), ERR_INVALID);
	assert_int_equal(pagetable_unmap(kernel_root_frame, PLACE + 8, PAGE_SIZE), ERR_INVALID);
}

static void count(void *context, const struct mapping *mapping)
{
	(void)mapping;
	++*(unsigned *)context;
}

static void test_visit_leaves_out_what_is_shared(void **state)
{
	unsigned all = 0, own = 0;

	(void)state;
	pagetable_visit(kernel_root_frame, 0, count, &all);
	pagetable_visit(percpu[0].dry_root_frame, kernel_root_frame, count, &own);
	assert_true(all > 100);
	assert_int_equal(own, 0);
}

/* When the arena is full it takes a block of ordinary memory that nobody can write any more. */
static void test_the_arena_grows(void **state)
{
	uint64_t free_pages = phys_free_pages(), frames = 0;
	paddr_t table, block_of_other;

	(void)state;
	do {
		assert_int_equal(arena_table(1, &table), OK);
		frames++;
	} while (phys_free_pages() == free_pages);
	assert_true(frames > 50 && phys_free_pages() == free_pages - 512);
	assert_true(table < frame_table.arena_start || table >= frame_table.arena_end);
	for (unsigned i = 0; i < 512; i++)
		assert_int_equal(frame_at(ALIGN_DOWN(table, BLOCK_SIZE) + i * PAGE_SIZE)->writable, 0);
	assert_null(tables_broken_rule());
	assert_null(tables_wrong_count());
	while (!phys_alloc_block(&block_of_other)) /* until there is none for the arena */
		;
	for (unsigned i = 1; i < 512; i++)
		assert_int_equal(arena_table(1, &table), OK);
	assert_int_equal(arena_table(1, &table), ERR_NO_MEMORY);
	assert_null(tables_broken_rule());
	assert_null(tables_wrong_count());
}

int pagetable_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_against_a_model, scene),
		cmocka_unit_test_setup(test_each_page_is_invalidated, scene),
		cmocka_unit_test_setup(test_visit_leaves_out_what_is_shared, scene),
		cmocka_unit_test_setup(test_the_arena_grows, scene),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
