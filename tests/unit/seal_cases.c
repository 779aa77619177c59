/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/seal_cases.c: the seal over recorded stores: behind every single store the tables obey all rules, each store
 * only takes a write bit, and a refusal changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <amber/log.h>
#include <amber/symbols.h>

#include "cases.h"
#include "fake_machine.h"
#include "gate.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "seal.h"
#include "table_walk.h"

#define PLACE (STACK_BASE + 0x40000000ull)
#define RW    (PERM_R | PERM_W)

static const char *broken_rule;
static unsigned stores, wrong_stores;
static struct seal_range range;

/* mm/seal.c links against these; the tests call none of what uses them. */
void seal_print(const struct seal_report *report)
{
	(void)report;
}

uint32_t symbol_count_in(vaddr_t start, vaddr_t end)
{
	return start < end;
}

uint64_t log_instructions(void)
{
	return 0;
}

uint64_t arch_entry_instructions(void)
{
	return 0;
}

uint64_t arch_hardware_wait_instructions(void)
{
	return 0;
}

bool arch_clock_counts_instructions(void)
{
	return false;
}

bool arch_try_write8(vaddr_t addr, uint8_t value)
{
	(void)addr, (void)value;
	return false;
}

static void take_section(const char *start, const char *end, enum frame_type type)
{
	range = (struct seal_range){ (vaddr_t)start, image_to_phys((vaddr_t)start), (uint64_t)(end - start), type };
}

/* In a signal handler: only looks. A store to a table must take the write bit of a leaf and do nothing else. */
static void behind_store(const struct fake_event *store)
{
	const char *rule = tables_broken_rule();

	stores++;
	if (rule && !broken_rule)
		broken_rule = rule;
	if (frame_type_at(store->addr) == FRAME_TABLE &&
	    (!pte_is_present(store->old) || store->new != pte_encode(pte_addr(store->old, 1), PERM_R, 1) || pte_perms(store->old) != RW))
		wrong_stores++;
}

static void commit_and_look(void)
{
	uint64_t flipped;

	broken_rule = NULL;
	stores = wrong_stores = 0;
	fake_record_begin(behind_store);
	flipped = seal_range_commit(&range);
	fake_record_end();
	assert_int_equal(flipped, 2 * (range.bytes >> PAGE_SHIFT));
	assert_true(stores >= flipped);
	assert_int_equal(wrong_stores, 0);
	if (broken_rule)
		fail_msg("%s", broken_rule);
	assert_null(tables_wrong_count());
	for (paddr_t frame = range.frame; frame < range.frame + range.bytes; frame += PAGE_SIZE) {
		assert_int_equal(frame_at(frame)->type, range.type);
		assert_int_equal(frame_at(frame)->writable, 0);
	}
}

static void test_sections(void **state)
{
	(void)state;
	fake_boot_small();
	take_section(__ro_after_init_start, __ro_after_init_end, FRAME_SEALED);
	assert_int_equal(seal_range_prepare(&range), OK);
	commit_and_look();
	take_section(__ro_core_start, __ro_core_end, FRAME_CORE);
	assert_int_equal(seal_range_prepare(&range), OK);
	commit_and_look();
	assert_int_equal(seal_range_prepare(&range), ERR_DENIED); /* twice */
}

/* Both mappings are invalidated behind their last store. */
static void test_invalidates(void **state)
{
	unsigned last_store = 0, last_invalidate = 0;

	(void)state;
	fake_boot_small();
	take_section(__ro_after_init_start, __ro_after_init_end, FRAME_SEALED);
	assert_int_equal(seal_range_prepare(&range), OK);
	fake_record_begin(NULL);
	seal_range_commit(&range);
	fake_record_end();
	for (unsigned i = 0; i < fake_event_count; i++) {
		if (fake_events[i].kind == FAKE_STORE && pte_is_present(fake_events[i].new) && fake_events[i].new != fake_events[i].old &&
		    frame_type_at(fake_events[i].addr) == FRAME_TABLE)
			last_store = i;
		if (fake_events[i].kind == FAKE_INVALIDATE || fake_events[i].kind == FAKE_INVALIDATE_ALL)
			last_invalidate = i;
	}
	assert_true(last_store > 0 && last_invalidate > last_store);
}

/* Which event first gives frames their new type? */
static unsigned first_type_change(void)
{
	unsigned i = 0;

	while (fake_events[i].kind != FAKE_GATE_ENTER || fake_events[i].addr != GATE_FRAME_TYPE)
		assert_true(++i < fake_event_count);
	return i;
}

static bool is_invalidated_before(vaddr_t va, unsigned end)
{
	struct walk_leaf leaf;
	bool is_stored = false, is_done = false;

	assert_true(table_walk_find(kernel_root_frame, va, &leaf));
	for (unsigned i = 0; i < end; i++) {
		const struct fake_event *event = &fake_events[i];

		if (event->kind == FAKE_STORE && event->addr == leaf.table + pagetable_index(va, 1) * sizeof(pte_t))
			is_stored = true, is_done = false;
		if (event->kind == FAKE_INVALIDATE_ALL || (event->kind == FAKE_INVALIDATE && event->addr == va))
			is_done = true;
	}
	return is_stored && is_done;
}

/* 512 pages under two tables, as long as a block: each page of both mappings is invalidated before its type changes. */
static void test_a_long_range(void **state)
{
	unsigned end;

	(void)state;
	fake_boot_small();
	take_section(__ro_core_end, __image_end, FRAME_SEALED);
	assert_int_equal(range.bytes, BLOCK_SIZE);
	assert_int_not_equal(range.start & BLOCK_MASK, 0);
	assert_int_equal(seal_range_prepare(&range), OK);
	commit_and_look();
	end = first_type_change();
	for (uint64_t at = 0; at < range.bytes; at += PAGE_SIZE) {
		assert_true(is_invalidated_before(range.start + at, end));
		assert_true(is_invalidated_before((vaddr_t)phys_to_virt(range.frame + at), end));
	}
}

static void must_refuse(enum error expected)
{
	fake_record_begin(NULL);
	assert_int_equal(seal_range_prepare(&range), expected);
	fake_record_end();
	for (unsigned i = 0; i < fake_event_count; i++)
		assert_int_not_equal(fake_events[i].kind, FAKE_STORE);
	assert_null(tables_wrong_count());
}

/* One page that is not as the others is enough, wherever it lies. */
static void test_one_odd_page(void **state)
{
	(void)state;
	for (unsigned odd = 0; odd < 512; odd += 73) {
		vaddr_t page = (vaddr_t)__ro_core_end + odd * PAGE_SIZE;

		fake_boot_small();
		take_section(__ro_core_end, __image_end, FRAME_SEALED);
		assert_int_equal(pagetable_map(kernel_root_frame, PLACE, image_to_phys(page), PAGE_SIZE, RW, 1), OK);
		must_refuse(ERR_DENIED);
		assert_int_equal(pagetable_unmap(kernel_root_frame, PLACE, PAGE_SIZE), OK);
		assert_int_equal(pagetable_protect(kernel_root_frame, page, PAGE_SIZE, PERM_R), OK);
		must_refuse(ERR_DENIED);
		assert_int_equal(pagetable_protect(kernel_root_frame, page, PAGE_SIZE, RW), OK);
		assert_int_equal(pagetable_protect(kernel_root_frame, (vaddr_t)phys_to_virt(image_to_phys(page)), PAGE_SIZE, PERM_R), OK);
		must_refuse(ERR_DENIED);
		assert_int_equal(pagetable_unmap(kernel_root_frame, page, PAGE_SIZE), OK);
		must_refuse(ERR_DENIED);
		assert_int_equal(pagetable_map(kernel_root_frame, page, image_to_phys(page), PAGE_SIZE, RW, 1), OK);
		must_refuse(ERR_DENIED); /* the alias is still read-only */
		assert_int_equal(pagetable_protect(kernel_root_frame, (vaddr_t)phys_to_virt(image_to_phys(page)), PAGE_SIZE, RW), OK);
		assert_int_equal(seal_range_prepare(&range), OK);
	}
}

static void test_refusals_change_nothing(void **state)
{
	paddr_t frame;

	(void)state;
	fake_boot_small();
	take_section(__ro_after_init_start, __ro_after_init_end, FRAME_SEALED);
	range.bytes -= 8;
	must_refuse(ERR_INVALID);
	range.bytes = 0;
	must_refuse(ERR_INVALID);
	take_section(__ro_after_init_start, __ro_after_init_end, FRAME_SEALED);
	range.frame += PAGE_SIZE; /* not what is mapped there */
	must_refuse(ERR_DENIED);
	take_section(__text_start, __text_end, FRAME_SEALED); /* other permissions */
	must_refuse(ERR_DENIED);
	range.start = PLACE; /* a hole */
	must_refuse(ERR_NOT_MAPPED);
	take_section(__ro_after_init_start, __ro_after_init_end, FRAME_SEALED);
	assert_int_equal(pagetable_map(kernel_root_frame, PLACE, range.frame, PAGE_SIZE, RW, 1), OK); /* a third mapping */
	must_refuse(ERR_DENIED);
	assert_int_equal(pagetable_unmap(kernel_root_frame, PLACE, PAGE_SIZE), OK);
	assert_int_equal(seal_range_prepare(&range), OK);
	assert_int_equal(phys_alloc_block(&frame), OK); /* its direct-map entry is a block leaf */
	assert_int_equal(pagetable_map(kernel_root_frame, PLACE, frame, PAGE_SIZE, RW, 1), OK);
	range = (struct seal_range){ PLACE, frame, PAGE_SIZE, FRAME_SEALED };
	must_refuse(ERR_NOT_MAPPED); /* no table of 4 KiB leaves there */
}

/* After the seal the page-table functions can't undo it. */
static void test_it_stays_sealed(void **state)
{
	struct walk_leaf leaf;

	(void)state;
	fake_boot_small();
	take_section(__ro_after_init_start, __ro_after_init_end, FRAME_SEALED);
	assert_int_equal(seal_range_prepare(&range), OK);
	seal_range_commit(&range);
	assert_int_equal(pagetable_protect(kernel_root_frame, range.start, PAGE_SIZE, RW), ERR_DENIED);
	assert_int_equal(pagetable_unmap(kernel_root_frame, range.start, PAGE_SIZE), ERR_DENIED);
	assert_int_equal(pagetable_map(kernel_root_frame, PLACE, range.frame, PAGE_SIZE, RW, 1), ERR_DENIED);
	assert_int_equal(pagetable_map(kernel_root_frame, PLACE, range.frame, PAGE_SIZE, PERM_R, 1), OK);
	assert_true(table_walk_find(kernel_root_frame, range.start, &leaf) && leaf.perms == PERM_R);
	assert_null(tables_broken_rule());
}

int seal_cases(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_invalidates),
		cmocka_unit_test(test_a_long_range),
		cmocka_unit_test(test_one_odd_page),
		cmocka_unit_test(test_refusals_change_nothing),
		cmocka_unit_test(test_it_stays_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
