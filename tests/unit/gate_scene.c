/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_scene.c: see gate_scene.h.
 */
#include "gate_scene.h"

#include <stdlib.h>
#include <string.h>

#include "fake_machine.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "table_walk.h"

paddr_t area_table[4];
static uint8_t remembered[MIB(2)];

void scene_make(void)
{
	scene_make_cpus(1);
}

void scene_make_cpus(unsigned cpus)
{
	paddr_t table = 0;

	fake_boot_small_cpus(cpus);
	if (frame_table.arena_end - frame_table.arena_start > sizeof(remembered))
		abort();
	if (pagetable_map(kernel_root_frame, AREA, POOL, PAGE_SIZE, PERM_R, 1) || pagetable_unmap(kernel_root_frame, AREA, PAGE_SIZE))
		abort();
	for (int level = 4; level > 1; level--) {
		table = pte_addr(scene_get_entry(level == 4 ? kernel_root_frame : table, pagetable_index(AREA, level)), level);
		area_table[level - 1] = table;
	}
}

pte_t *scene_entry(paddr_t table, unsigned index)
{
	return (pte_t *)(WINDOW_BASE + table) + index;
}

pte_t scene_get_entry(paddr_t table, unsigned index)
{
	return ((const pte_t *)(DIRECT_MAP_BASE + table))[index];
}

void scene_set_entry(paddr_t table, unsigned index, pte_t pte)
{
	fake_window_open();
	*scene_entry(table, index) = pte;
	fake_window_close();
}

void scene_set_frame(paddr_t frame, enum frame_type type, unsigned level, unsigned writable)
{
	struct frame *entry = (struct frame *)(WINDOW_BASE + frame_table.table) + (frame >> PAGE_SHIFT) - frame_table.first;

	fake_window_open();
	*entry = (struct frame){ type, level, writable };
	fake_window_close();
}

static paddr_t page_of(uint64_t offset)
{
	return frame_table.arena_start + offset;
}

/* What an unused frame holds means nothing, and a gate stack holds anything. */
static bool counts(uint64_t offset)
{
	for (unsigned id = 0; id < MAX_CPUS; id++)
		if (page_of(offset) == percpu[id].gate_stack)
			return false;
	return frame_type_at(page_of(offset)) != FRAME_ARENA;
}

void scene_remember(void)
{
	for (uint64_t offset = 0; offset < sizeof(remembered); offset += PAGE_SIZE)
		if (counts(offset))
			memcpy(remembered + offset, phys_to_virt(page_of(offset)), PAGE_SIZE);
}

bool scene_is_as_remembered(void)
{
	for (uint64_t offset = 0; offset < sizeof(remembered); offset += PAGE_SIZE)
		if (counts(offset) && memcmp(remembered + offset, phys_to_virt(page_of(offset)), PAGE_SIZE))
			return false;
	return true;
}

void scene_restore(void)
{
	fake_window_open();
	for (uint64_t offset = 0; offset < sizeof(remembered); offset += PAGE_SIZE)
		if (counts(offset))
			memcpy(gate_window(page_of(offset)), remembered + offset, PAGE_SIZE);
	fake_window_close();
}
