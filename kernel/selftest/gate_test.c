/* SPDX-License-Identifier: MIT */
/*
 * kernel/selftest/gate_test.c: asking the gate for what it must refuse, and that a refusal changes nothing. In a kernel
 * thread, after the seal. Each request is one that would undo the seal if it went through.
 */
#include <amber/chain.h>
#include <amber/selftest.h>

#include <arch.h>

#include "arena.h"
#include "gate.h"
#include "gate_parts.h"
#include "kernel_map.h"
#include "lab.h"
#include "pagetable.h"
#include "phys.h"
#include "test_range.h"

#define RW (PERM_R | PERM_W)

/* A page of ordinary memory mapped at TEST_RANGE_GATE: its leaf table has 511 free entries to ask for. */
struct bench_page {
	paddr_t frame;
	struct mapping mapping;
};

static struct bench_page *test_page(struct selftest_run *run)
{
	static struct bench_page page;

	if (page.frame)
		return &page;
	EXPECT(run, phys_alloc(1, &page.frame) == OK);
	EXPECT(run, pagetable_map(kernel_root_frame, TEST_RANGE_GATE, page.frame, PAGE_SIZE, RW, 1) == OK);
	EXPECT(run, pagetable_lookup(kernel_root_frame, TEST_RANGE_GATE, &page.mapping) == OK);
	return &page;
}

static pte_t entry_at(const struct bench_page *page, unsigned index)
{
	return ((const pte_t *)phys_to_virt(page->mapping.table))[index];
}

/* Asks for one leaf in a free entry; it must be refused and the entry stay empty. */
static void must_refuse(struct selftest_run *run, const char *what, paddr_t frame, unsigned perms)
{
	const struct bench_page *page = test_page(run);
	uint64_t refused = gate_counters.refused;
	enum error error = gate_set_entries(page->mapping.table, 8, pte_encode(frame, perms, 1), 0, 1);

	if (!error || entry_at(page, 8) != 0 || gate_counters.refused != refused + 1) {
		selftest_fail(run, "%s: %s", what, error_text(error));
		(void)!gate_set_entries(page->mapping.table, 8, 0, 0, 1);
	}
}

static void gate_refuses_writable_tables(struct selftest_run *run)
{
	must_refuse(run, "kernel root", kernel_root_frame, RW);
	must_refuse(run, "gate root", gate_root_frame, RW);
	must_refuse(run, "a leaf table", test_page(run)->mapping.table, RW);
	must_refuse(run, "dry-run root", this_cpu()->dry_root_frame, RW);
	must_refuse(run, "frame table", frame_table.table, RW);
	must_refuse(run, "gate stack", this_cpu()->gate_stack, RW);
	must_refuse(run, "shadow", this_cpu()->dry_shadows[0], RW);
	must_refuse(run, "ring", frame_table.arena_start, RW);
	must_refuse(run, "unused arena", frame_table.arena_end - PAGE_SIZE, RW);
}
SELFTEST(gate_refuses_writable_tables);

static void gate_refuses_writable_image(struct selftest_run *run)
{
	if (!selftest_needs_seal(run))
		return;
	must_refuse(run, "text", image_to_phys((vaddr_t)__text_start), RW);
	must_refuse(run, "rodata", image_to_phys((vaddr_t)__rodata_start), RW);
	must_refuse(run, "sealed data", image_to_phys((vaddr_t)lab_sealed_page), RW);
	must_refuse(run, "core data", image_to_phys((vaddr_t)__ro_core_start), RW);
}
SELFTEST(gate_refuses_writable_image);

static void gate_refuses_execution(struct selftest_run *run)
{
	must_refuse(run, "W+X", test_page(run)->frame, RW | PERM_X);
	must_refuse(run, "data executable", test_page(run)->frame, PERM_R | PERM_X);
	must_refuse(run, "text W+X", image_to_phys((vaddr_t)__text_start), RW | PERM_X);
	must_refuse(run, "text executable at a second address", image_to_phys((vaddr_t)__text_start), PERM_R | PERM_X);
	must_refuse(run, "kernel memory for user mode", test_page(run)->frame, PERM_R | PERM_USER);
}
SELFTEST(gate_refuses_execution);

static void gate_refuses_devices_after_boot(struct selftest_run *run)
{
	must_refuse(run, "RAM as a device", test_page(run)->frame, RW | PERM_DEVICE);
	must_refuse(run, "a device that no driver has", 0xfffff000ull, RW | PERM_DEVICE);
	must_refuse(run, "ordinary mapping of no RAM", 1ull << 46, RW);
}
SELFTEST(gate_refuses_devices_after_boot);

static void gate_refuses_bad_numbers(struct selftest_run *run)
{
	const struct bench_page *page = test_page(run);
	pte_t pte = pte_encode(page->frame, RW, 1);

	EXPECT(run, gate_set_entries(page->mapping.table, 512, pte, 0, 1) == ERR_RANGE);
	EXPECT(run, gate_set_entries(page->mapping.table, 511, pte, 0, 2) == ERR_RANGE);
	EXPECT(run, gate_set_entries(page->mapping.table, 1, pte, 0, 0xffffffffu) == ERR_RANGE);
	EXPECT(run, gate_set_entries(page->mapping.table + 8, 1, pte, 0, 1) != OK);
	EXPECT(run, gate_set_entries(page->frame, 1, pte, 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(1ull << 50, 1, pte, 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(page->mapping.table, 8, pte | 1ull << 58, 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(page->mapping.table, 8, pte_encode(page->frame, RW, 1), 8, 2) == ERR_DENIED);
	EXPECT(run, entry_at(page, 8) == 0 && entry_at(page, 9) == 0);
}
SELFTEST(gate_refuses_bad_numbers);

/* All or nothing: the last of three entries is refused, so the first two must not be there either. */
static void gate_is_all_or_nothing(struct selftest_run *run)
{
	const struct bench_page *page = test_page(run);
	paddr_t edge = frame_table.arena_start - 2 * PAGE_SIZE;
	uint16_t before = frame_at(edge)->writable;

	EXPECT(run, gate_set_entries(page->mapping.table, 16, pte_encode(edge, RW, 1), PAGE_SIZE, 3) == ERR_DENIED);
	EXPECT(run, entry_at(page, 16) == 0 && entry_at(page, 17) == 0 && entry_at(page, 18) == 0);
	EXPECT(run, frame_at(edge)->writable == before);
}
SELFTEST(gate_is_all_or_nothing);

/* The top-level slots are fixed, the window's tables belong to nobody, and sealed addresses can't be mapped anew. */
static void gate_refuses_rewiring(struct selftest_run *run)
{
	const struct bench_page *page = test_page(run);
	struct mapping text, sealed, upper;
	paddr_t table;

	if (!selftest_needs_seal(run))
		return;
	EXPECT(run, gate_set_entries(kernel_root_frame, 257, pte_encode_table(page->mapping.table), 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(gate_root_frame, 300, pte_encode_table(page->mapping.table), 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(this_cpu()->dry_root_frame, 300, 0, 0, 1) == ERR_DENIED);
	EXPECT(run, pagetable_lookup(kernel_root_frame, (vaddr_t)__text_start, &text) == OK);
	EXPECT(run, gate_set_entries(text.table, text.index, 0, 0, 1) == ERR_DENIED);
	EXPECT(run, pagetable_lookup(kernel_root_frame, (vaddr_t)lab_sealed_page, &sealed) == OK);
	EXPECT(run, gate_set_entries(sealed.table, sealed.index, 0, 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(sealed.table, sealed.index, pte_encode(page->frame, RW, 1), 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(sealed.table, sealed.index, pte_encode(sealed.frame, RW, 1), 0, 1) == ERR_DENIED);
	/* The table that maps the image can't be unlinked, nor a table of the wrong level linked. */
	upper.table = pte_addr(((const pte_t *)phys_to_virt(kernel_root_frame))[511], 4);
	upper.index = pagetable_index((vaddr_t)lab_sealed_page, 3);
	EXPECT(run, gate_set_entries(upper.table, upper.index, 0, 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(upper.table, 0, pte_encode_table(page->mapping.table), 0, 1) == ERR_DENIED);
	EXPECT(run, gate_set_entries(upper.table, 0, pte_encode_table(page->frame), 0, 1) == ERR_DENIED);
	EXPECT(run, arena_table(1, &table) == OK);
	EXPECT(run, gate_table_free(page->mapping.table) == ERR_DENIED);
	EXPECT(run, arena_table_free(table) == OK && gate_table_free(table) == ERR_DENIED);
}
SELFTEST(gate_refuses_rewiring);

static void gate_refuses_types(struct selftest_run *run)
{
	const struct bench_page *page = test_page(run);
	paddr_t sealed = image_to_phys((vaddr_t)lab_sealed_page);

	if (!selftest_needs_seal(run))
		return;
	EXPECT(run, gate_frame_type(sealed, 1, FRAME_KERNEL) == ERR_DENIED);
	EXPECT(run, gate_frame_type(image_to_phys((vaddr_t)__text_start), 1, FRAME_KERNEL) == ERR_DENIED);
	EXPECT(run, gate_frame_type(page->mapping.table, 1, FRAME_KERNEL) == ERR_DENIED);
	EXPECT(run, gate_frame_type(page->frame, 1, FRAME_TEXT) == ERR_DENIED);
	EXPECT(run, gate_frame_type(page->frame, 1, FRAME_SEALED) == ERR_DENIED); /* mapped writable */
	EXPECT(run, gate_frame_type(page->frame, 1, FRAME_ARENA) == ERR_DENIED);
	EXPECT(run, gate_frame_type(page->frame, 1, FRAME_GATE_TABLE) == ERR_DENIED);
	EXPECT(run, gate_frame_type(page->frame, 1ull << 60, FRAME_ARENA) == ERR_INVALID);
	EXPECT(run, gate_frame_type(page->frame, 1, 200) == ERR_INVALID);
	EXPECT(run, gate_table(page->frame, 1) == ERR_DENIED);
	EXPECT(run, gate_table(frame_table.arena_end - PAGE_SIZE, 4) == ERR_INVALID);
	EXPECT(run, frame_type_at(page->frame) == FRAME_KERNEL && frame_type_at(sealed) == FRAME_SEALED);
}
SELFTEST(gate_refuses_types);

static void gate_refuses_records(struct selftest_run *run)
{
	uint64_t refused = gate_counters.refused;

	if (!selftest_needs_seal(run))
		return;
	EXPECT(run, gate_unprotect((vaddr_t)__ro_core_start) == ERR_DENIED);
	EXPECT(run, gate_unprotect((vaddr_t)__text_start) == ERR_DENIED);
	EXPECT(run, gate_unprotect((vaddr_t)phys_to_virt(kernel_root_frame)) != OK);
	EXPECT(run, gate_unprotect(0x1000) == ERR_NOT_MAPPED);
	EXPECT(run, gate_state(&chain_table.chains[0].elements[0], 1, NULL) == ERR_DENIED); /* the lock isn't held */
	gate_hold();
	EXPECT(run, gate_state((struct chain_element *)((vaddr_t)&chain_table + 1), 1, NULL) == ERR_RANGE);
	EXPECT(run, gate_state((struct chain_element *)percpu, 1, NULL) == ERR_RANGE);
	gate_let_go();
	EXPECT(run, gate_run(GATE_DRY_END, 1, 0, 0, 0, 0) == ERR_INVALID);
	EXPECT(run, gate_run(GATE_DRY_BEGIN, (vaddr_t)__ro_core_start, 0, 0, 0, 0) == ERR_DENIED);
	EXPECT(run, gate_run(GATE_DRY_BEGIN, (vaddr_t)lab_sealed_page, 0xffff000000000000, 0, 0, 0) == ERR_INVALID);
	EXPECT(run, gate_counters.refused == refused + 10);
}
SELFTEST(gate_refuses_records);

static void gate_counts_writable_mappings(struct selftest_run *run)
{
	const struct bench_page *page = test_page(run);
	vaddr_t addr = TEST_RANGE_GATE + 32 * PAGE_SIZE;
	uint16_t count = frame_at(page->frame)->writable;

	EXPECT(run, count == 2);
	EXPECT(run, pagetable_map(kernel_root_frame, addr, page->frame, PAGE_SIZE, RW, 1) == OK);
	EXPECT(run, frame_at(page->frame)->writable == count + 1);
	EXPECT(run, pagetable_map(kernel_root_frame, addr, page->frame, PAGE_SIZE, RW, 1) == ERR_DENIED);
	EXPECT(run, pagetable_protect(kernel_root_frame, addr, PAGE_SIZE, PERM_R) == OK);
	EXPECT(run, frame_at(page->frame)->writable == count);
	EXPECT(run, !arch_try_write8(addr, 1));
	EXPECT(run, pagetable_protect(kernel_root_frame, addr, PAGE_SIZE, RW) == OK);
	EXPECT(run, arch_try_write8(addr, 1));
	EXPECT(run, pagetable_unmap(kernel_root_frame, addr, PAGE_SIZE) == OK);
	EXPECT(run, frame_at(page->frame)->writable == count);
	EXPECT(run, !arch_try_write8(addr, 1));
	EXPECT(run, pagetable_unmap(kernel_root_frame, addr, PAGE_SIZE) == ERR_NOT_MAPPED);
}
SELFTEST(gate_counts_writable_mappings);

/* The window is open inside the gate only; the gate has just used the translation that is tried here. */
static void gate_window_is_closed(struct selftest_run *run)
{
	struct chain_element *element = &chain_table.chains[CHAINS_MAX - 1].elements[0];
	vaddr_t window = WINDOW_BASE + image_to_phys((vaddr_t)element);
	vaddr_t page = WINDOW_BASE + image_to_phys((vaddr_t)lab_sealed_page);
	uint8_t byte;

	EXPECT(run, !arch_try_read(window, &byte, 1));
	gate_hold();
	EXPECT(run, gate_state(element, 0, NULL) == OK);
	gate_let_go();
	EXPECT(run, !arch_try_read(window, &byte, 1));
	EXPECT(run, !arch_try_write8(window, 0));
	EXPECT(run, !arch_try_read(page, &byte, 1));
	EXPECT(run, !arch_try_read(this_cpu()->gate_sp - 8, &byte, 1));
}
SELFTEST(gate_window_is_closed);

static void gate_stack_is_whole(struct selftest_run *run)
{
	const uint64_t *below = phys_to_virt(this_cpu()->gate_stack - PAGE_SIZE);

	EXPECT(run, frame_type_at(this_cpu()->gate_stack - PAGE_SIZE) == FRAME_GATE_STACK);
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*below); i++)
		if (below[i] != GATE_STACK_PATTERN) {
			selftest_fail(run, "word %u below the gate stack was overwritten", i);
			return;
		}
}
SELFTEST(gate_stack_is_whole);

static void arena_is_read_only(struct selftest_run *run)
{
	for (paddr_t frame = frame_table.arena_start; frame < frame_table.arena_end; frame += PAGE_SIZE)
		if (arch_try_write8((vaddr_t)phys_to_virt(frame) + 8, *(const uint8_t *)phys_to_virt(frame + 8))) {
			selftest_fail(run, "frame 0x%lx (%s) is writable", (unsigned long)frame, frame_type_text(frame_type_at(frame)));
			return;
		}
}
SELFTEST(arena_is_read_only);

static void arena_grows(struct selftest_run *run)
{
	uint64_t free_before = phys_free_pages(), unused = 0;
	paddr_t block = 0;

	if (free_before < 4 * BLOCK_SIZE / PAGE_SIZE) {
		selftest_skip(run, "hardly any memory is free");
		return;
	}
	EXPECT(run, arena_grow() == OK);
	EXPECT(run, phys_free_pages() == free_before - BLOCK_SIZE / PAGE_SIZE);
	for (uint64_t i = 0; i < frame_table.count && !block; i++) {
		paddr_t frame = (frame_table.first + i) << PAGE_SHIFT;

		if (frame_type_at(frame) == FRAME_ARENA && (frame < frame_table.arena_start || frame >= frame_table.arena_end))
			block = frame;
	}
	for (paddr_t frame = block; block && frame < block + BLOCK_SIZE; frame += PAGE_SIZE)
		unused += frame_type_at(frame) == FRAME_ARENA && frame_at(frame)->writable == 0;
	EXPECT(run, unused == BLOCK_SIZE / PAGE_SIZE);
	EXPECT(run, block && !arch_try_write8((vaddr_t)phys_to_virt(block), 0));
	EXPECT(run, block && !arch_try_write8((vaddr_t)phys_to_virt(block) + BLOCK_SIZE - 1, 0));
}
SELFTEST(arena_grows);
