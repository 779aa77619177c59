/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/table_walk.c: see table_walk.h. Reads RAM through the direct map.
 */
#include "table_walk.h"

#include <stdio.h>
#include <stdlib.h>

#include <amber/abi.h>

#include "fake_machine.h"
#include "frame.h"
#include "kernel_map.h"
#include "vdso_pages.h"

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

/* Of a leaf for user mode. */
static bool user_leaf_is_legal(paddr_t frame, enum frame_type type, unsigned perms)
{
	unsigned rights = perms & ~PERM_USER;

	if (frame == image_to_phys((vaddr_t)vdso_data))
		return rights == PERM_R;
	if (frame == image_to_phys((vaddr_t)vdso_code))
		return rights == (PERM_R | PERM_X);
	if (frame == FAKE_UART)
		return (rights & ~PERM_W) == (PERM_R | PERM_DEVICE);
	return type == FRAME_USER ? !(rights & PERM_DEVICE) : type == FRAME_USER_SEALED && !(rights & (PERM_W | PERM_DEVICE));
}

static void check_user_leaf(const struct walk_leaf *leaf)
{
	if (leaf->va >= USER_END || leaf->level != 1 || frame_type_at(leaf->table) != FRAME_USER_TABLE)
		broken = "a leaf for user mode where none belongs";
	if (!user_leaf_is_legal(leaf->frame, frame_type_at(leaf->frame), leaf->perms))
		broken = "user mode sees a frame, or has a right, that it must not";
}

static void check_leaf(void *context, const struct walk_leaf *leaf)
{
	(void)context;
	if ((leaf->perms & PERM_W) && (leaf->perms & PERM_X))
		broken = "a page is writable and executable";
	if (leaf->level > 2)
		broken = "a leaf above level 2";
	if (leaf->perms & PERM_USER) {
		check_user_leaf(leaf);
		return;
	}
	for (uint64_t i = 0; i < leaf->pages; i++) {
		enum frame_type type = frame_type_at(leaf->frame + i * PAGE_SIZE);
		bool is_device = leaf->perms & PERM_DEVICE;

		if (type == FRAME_OFF_LIMITS || is_device != (type == FRAME_RESERVED))
			broken = "a frame is mapped that must not be, or RAM as a device";
		if ((leaf->perms & PERM_W) && type != FRAME_KERNEL && type != FRAME_USER && type != FRAME_RESERVED)
			broken = "a protected frame is mapped writable";
		if ((leaf->perms & PERM_X) && type != FRAME_TEXT && type != FRAME_INIT_TEXT)
			broken = "executable, but no text";
	}
}

static bool is_table_of(enum frame_type type, int level)
{
	if (level < 4)
		return type == FRAME_TABLE || type == FRAME_USER_TABLE;
	return type == FRAME_ROOT || type == FRAME_DRY_TABLE || type == FRAME_SPACE_ROOT || type == FRAME_DEAD_ROOT;
}

static void check_table(void *context, paddr_t table, int level)
{
	const struct frame *frame = frame_at(table);
	const pte_t *entry = entries_of(table);

	(void)context;
	if (!frame || frame->level != level || !is_table_of(frame->type, level))
		broken = "what is linked as a table is none of that level";
	for (unsigned i = 0; i < 512; i++) {
		pte_t pte = entry[i];
		paddr_t addr = pte_addr(pte, level);
		bool is_user = pte_is_table(pte, level) && frame_type_at(addr) == FRAME_USER_TABLE;

		if (!pte_is_present(pte) ? pte != 0 :
		    pte_is_table(pte, level) ? pte != (is_user ? pte_encode_user_table(addr) : pte_encode_table(addr)) :
		    pte != pte_encode(addr, pte_perms(pte), level))
			broken = "an entry has bits that nobody encodes";
		if (is_user && frame->type != FRAME_USER_TABLE && frame->type != FRAME_SPACE_ROOT && frame->type != FRAME_DEAD_ROOT)
			broken = "a user table is linked in a table of the kernel's";
		if (pte_is_table(pte, level) && !is_user && frame->type == FRAME_USER_TABLE)
			broken = "a kernel table is linked in a user table";
	}
}

/* The user halves, each once. */
static void each_space(const struct walk *walk)
{
	for (uint64_t i = 0; i < frame_table.count; i++) {
		paddr_t root = (frame_table.first + i) << PAGE_SHIFT;
		enum frame_type type = frame_type_at(root);

		if (type == FRAME_SPACE_ROOT || type == FRAME_DEAD_ROOT)
			walk_table(pte_addr(entries_of(root)[0], 4), 3, 0, walk);
	}
}

static void each_root(const struct walk *walk)
{
	table_walk(kernel_root_frame, walk);
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (percpu[i].dry_root_frame)
			table_walk(percpu[i].dry_root_frame, walk);
	each_space(walk);
}

const char *tables_broken_rule(void)
{
	struct walk walk = { check_leaf, check_table, NULL };

	broken = NULL;
	each_root(&walk);
	return broken;
}

struct counts {
	uint16_t writable, user;
};

static void count_leaf(void *context, const struct walk_leaf *leaf)
{
	struct counts *counts = context;
	uint64_t first = (leaf->frame >> PAGE_SHIFT) - frame_table.first;

	for (uint64_t i = 0; i < leaf->pages && first + i < frame_table.count; i++) {
		counts[first + i].writable += (leaf->perms & PERM_W) != 0;
		counts[first + i].user += (leaf->perms & PERM_USER) != 0;
	}
}

const char *tables_wrong_count(void)
{
	static char text[120];
	struct counts *counts = calloc(frame_table.count, sizeof(*counts));
	struct walk walk = { count_leaf, NULL, counts };
	const struct frame *frame = (const struct frame *)(DIRECT_MAP_BASE + frame_table.table);

	text[0] = '\0';
	table_walk(kernel_root_frame, &walk); /* dry-run roots share all of it */
	each_space(&walk);
	for (uint64_t i = 0; i < frame_table.count && !text[0]; i++) {
		bool is_user = frame[i].type == FRAME_USER || frame[i].type == FRAME_USER_SEALED;
		unsigned long long addr = (frame_table.first + i) << PAGE_SHIFT;

		if (frame[i].writable != counts[i].writable)
			snprintf(text, sizeof(text), "frame 0x%llx (%s): %u writable mappings counted, there are %u", addr,
			         frame_type_text(frame[i].type), frame[i].writable, counts[i].writable);
		if (is_user && frame[i].level != counts[i].user)
			snprintf(text, sizeof(text), "frame 0x%llx (%s): %u user mappings counted, there are %u", addr,
			         frame_type_text(frame[i].type), frame[i].level, counts[i].user);
	}
	free(counts);
	return text[0] ? text : NULL;
}
