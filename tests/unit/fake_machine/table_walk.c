/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/table_walk.c: see table_walk.h. Reads RAM through the direct map.
 */
#include "table_walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "fake_machine.h"
#include "frame.h"
#include "kernel_map.h"

static const pte_t *entries_of(paddr_t table)
{
	if (table >= FAKE_RAM_BYTES || (table & PAGE_MASK)) {
		fprintf(stderr, "walk: no table can be at 0x%llx\n", (unsigned long long)table);
		abort();
	}
	return (const pte_t *)(DIRECT_MAP_BASE + table);
}

static uint64_t level_pages(int level)
{
	return level == 1 ? 1 : level == 2 ? 512 : level == 3 ? 512 * 512 : 512ull * 512 * 512;
}

static void walk_table(paddr_t table, int level, vaddr_t addr, const struct walk *walk)
{
	const pte_t *entry = entries_of(table);

	if (walk->table)
		walk->table(walk->context, table, level);
	for (unsigned i = 0; i < 512; i++, addr += level_pages(level) * PAGE_SIZE) {
		if (!pte_is_present(entry[i]))
			continue;
		if (pte_is_table(entry[i], level)) {
			walk_table(pte_addr(entry[i], level), level - 1, addr, walk);
		} else {
			struct walk_leaf leaf = { addr, pte_addr(entry[i], level), level_pages(level), pte_perms(entry[i]), table, level };

			walk->leaf(walk->context, &leaf);
		}
	}
}

void table_walk(paddr_t root, const struct walk *walk)
{
	walk_table(root, 4, 0, walk);
}

bool table_walk_find(paddr_t root, vaddr_t addr, struct walk_leaf *leaf)
{
	paddr_t table = root;

	for (int level = 4; level; level--) {
		uint64_t bytes = level_pages(level) * PAGE_SIZE;
		pte_t pte = entries_of(table)[addr / bytes % 512];

		if (!pte_is_present(pte))
			return false;
		if (!pte_is_table(pte, level)) {
			*leaf = (struct walk_leaf){ addr / bytes * bytes, pte_addr(pte, level), bytes / PAGE_SIZE, pte_perms(pte), table, level };
			return true;
		}
		table = pte_addr(pte, level);
	}
	return false;
}

static const char *broken;

static void check_leaf(void *context, const struct walk_leaf *leaf)
{
	(void)context;
	if ((leaf->perms & PERM_W) && (leaf->perms & PERM_X))
		broken = "a page is writable and executable";
	if (leaf->level > 2)
		broken = "a leaf above level 2";
	for (uint64_t i = 0; i < leaf->pages; i++) {
		enum frame_type type = frame_type_at(leaf->frame + i * PAGE_SIZE);
		bool is_device = leaf->perms & PERM_DEVICE;

		if (type == FRAME_OFF_LIMITS || is_device != (type == FRAME_RESERVED))
			broken = "a frame is mapped that must not be, or RAM as a device";
		if ((leaf->perms & PERM_W) && type != FRAME_KERNEL && type != FRAME_RESERVED)
			broken = "a protected frame is mapped writable";
		if ((leaf->perms & PERM_X) && type != FRAME_TEXT && type != FRAME_INIT_TEXT)
			broken = "executable, but no text";
	}
}

static void check_table(void *context, paddr_t table, int level)
{
	const struct frame *frame = frame_at(table);
	const pte_t *entry = entries_of(table);

	(void)context;
	if (!frame || frame->level != level || (level < 4 && frame->type != FRAME_TABLE) ||
	    (level == 4 && frame->type != FRAME_ROOT && frame->type != FRAME_DRY_TABLE))
		broken = "what is linked as a table is none of that level";
	for (unsigned i = 0; i < 512; i++) {
		pte_t pte = entry[i];

		if (!pte_is_present(pte) ? pte != 0 :
		    pte_is_table(pte, level) ? pte != pte_encode_table(pte_addr(pte, level)) :
		    pte != pte_encode(pte_addr(pte, level), pte_perms(pte), level))
			broken = "an entry has bits that nobody encodes";
	}
}

static void each_root(const struct walk *walk)
{
	table_walk(kernel_root_frame, walk);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (percpu[i].dry_root_frame)
			table_walk(percpu[i].dry_root_frame, walk);
}

const char *tables_broken_rule(void)
{
	struct walk walk = { check_leaf, check_table, NULL };

	broken = NULL;
	each_root(&walk);
	return broken;
}

static void count_leaf(void *context, const struct walk_leaf *leaf)
{
	uint16_t *writable = context;
	uint64_t first = (leaf->frame >> PAGE_SHIFT) - frame_table.first;

	for (uint64_t i = 0; (leaf->perms & PERM_W) && i < leaf->pages; i++)
		if (first + i < frame_table.count)
			writable[first + i]++;
}

const char *tables_wrong_count(void)
{
	static char text[100];
	uint16_t *writable = calloc(frame_table.count, sizeof(*writable));
	struct walk walk = { count_leaf, NULL, writable };
	const struct frame *frame = (const struct frame *)(DIRECT_MAP_BASE + frame_table.table);

	text[0] = '\0';
	table_walk(kernel_root_frame, &walk); /* dry-run roots share all of it */
	for (uint64_t i = 0; i < frame_table.count && !text[0]; i++)
		if (frame[i].writable != writable[i])
			snprintf(text, sizeof(text), "frame 0x%llx (%s): %u writable mappings counted, there are %u",
			         (unsigned long long)((frame_table.first + i) << PAGE_SHIFT), frame_type_text(frame[i].type),
			         frame[i].writable, writable[i]);
	free(writable);
	return text[0] ? text : NULL;
}
