/* SPDX-License-Identifier: MIT */
/*
 * kernel/system_maps.c: the page tables of all roots, read as the MMU would: runs of like neighbours, each with the name of the
 * area that it lies in. Tables are read through the direct map, the gate's too. Big lock held, so no space's tables go away; a
 * step is short.
 */
#include "system.h"

#include <amber/string.h>

#include "frame.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "space.h"

#define ENTRIES_AT_ONCE 64 /* one costs up to 200 instructions: a walk from the root each time */

/* --- roots --------------------------------------------------------------------------------------------------------------- */

/* Cursors: 0 kernel, 1 gate, 2 bring-up, 3 … one for each CPU's dry run, then spaces by the order of their list. */
#define CURSOR_DRY   3
#define CURSOR_SPACE (CURSOR_DRY + MAX_CPUS)

static struct space *space_number(uint64_t n)
{
	for (struct link *at = all_spaces.next; at != &all_spaces; at = at->next)
		if (n-- == 0)
			return LINK_OWNER(at, struct space, all);
	return NULL;
}

static paddr_t fixed_root(uint64_t cursor, char *name, size_t bytes)
{
	if (cursor >= CURSOR_DRY) {
		format(name, bytes, "dry-run %u", (unsigned)(cursor - CURSOR_DRY));
		return percpu[cursor - CURSOR_DRY].dry_root_frame;
	}
	copy_text(name, bytes, cursor == 0 ? "kernel" : cursor == 1 ? "gate" : "bring-up");
	return cursor == 0 ? kernel_root_frame : cursor == 1 ? gate_root_frame : bringup_root_frame;
}

/* From *cursor on; it moves behind what was found. */
static bool find_root(uint64_t *cursor, struct system_root *root)
{
	for (; *cursor < CURSOR_SPACE; ++*cursor) {
		root->root = fixed_root(*cursor, root->name, sizeof(root->name));
		root->except = *cursor ? kernel_root_frame : 0;
		if (root->root)
			return ++*cursor;
	}
	for (struct space *space; (space = space_number(*cursor - CURSOR_SPACE)); ++*cursor) {
		if (!space->memory.root)
			continue;
		root->root = space->memory.root;
		root->except = arch_root_has_kernel_half ? kernel_root_frame : 0;
		format(root->name, sizeof(root->name), "space %s", space->name);
		return ++*cursor;
	}
	return false;
}

enum error system_read_roots(struct system_reading *reading)
{
	uint64_t cursor = reading->cursor;

	reading->has_record = find_root(&cursor, reading->record);
	reading->next = reading->has_record ? cursor : 0;
	return OK;
}

static bool is_root(paddr_t root)
{
	enum frame_type type = frame_type_at(root);

	if (type == FRAME_ROOT || type == FRAME_SPACE_ROOT)
		return true;
	if (root == gate_root_frame || (root && root == bringup_root_frame)) /* 0: one CPU only */
		return true;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (root && root == percpu[i].dry_root_frame) /* 0: a CPU that there isn't */
			return true;
	return false;
}

/* --- areas ---------------------------------------------------------------------------------------------------------------- */

struct area {
	vaddr_t start;
	const char *name;
};

/* By address; each reaches to the next one's start. */
static const struct area kernel_areas[] = {
	{ DIRECT_MAP_BASE, "direct map" },
	{ WINDOW_BASE, "window" },
	{ GATE_DEVICE_BASE, "gate devices" },
	{ DEVICE_BASE, "devices" },
	{ STACK_BASE, "stacks" },
	{ IMAGE_BASE, "text" },
	{ (vaddr_t)__rodata_start, "rodata" },
	{ (vaddr_t)__user_archive_start, "programs" },
	{ (vaddr_t)__init_start, "init" },
	{ (vaddr_t)__ro_after_init_start, "ro_after_init" },
	{ (vaddr_t)__ro_core_start, "ro_core" },
	{ (vaddr_t)__ro_core_end, "data" },
	{ (vaddr_t)__image_end, "behind the image" },
};
/* A program's parts are where user/user.ld.S and user/lib put them. */
static const struct area user_areas[] = {
	{ 0, "low" }, /* the bring-up root maps its trampoline here */
	{ USER_START, "program" },
	{ FIRST_STACK_TOP - STACK_BYTES, "stack" },
	{ FIRST_STACK_TOP, "message page" },
	{ FIRST_STACK_TOP + PAGE_SIZE, "program" },
	{ VDSO_DATA_ADDRESS, "vdso data" },
	{ VDSO_CODE_ADDRESS, "vdso code" },
};

/* What addr lies in; *end: where that ends. */
static const char *plain_area(vaddr_t addr, vaddr_t *end)
{
	bool is_user = addr < USER_END;
	const struct area *areas = is_user ? user_areas : kernel_areas;
	unsigned count = is_user ? ARRAY_SIZE(user_areas) : ARRAY_SIZE(kernel_areas), i = count;

	while (i > 1 && areas[i - 1].start > addr)
		i--;
	*end = i < count ? areas[i].start : is_user ? USER_END : 0;
	return areas[i - 1].name;
}

/* The frames of init are ordinary RAM from the seal on. */
static const char *part_of_image(vaddr_t addr, vaddr_t *end)
{
	const char *part = plain_area(addr, end);
	bool is_init = addr >= (vaddr_t)__init_start && addr < (vaddr_t)__init_end;

	return is_init && frame_type_at(image_to_phys((vaddr_t)__init_start)) != FRAME_INIT_TEXT ? "was init" : part;
}

/* RAM is seen in the direct map, and for the gate in the window: there the name says what it is. */
static void area_at(const struct mapping *leaf, char name[SYSTEM_NAME_MAX], vaddr_t *end)
{
	const char *area = plain_area(leaf->start, end), *part = NULL;
	paddr_t paddr = leaf->frame;
	vaddr_t part_end = leaf->start + leaf->bytes;

	if (leaf->start >= DIRECT_MAP_BASE && leaf->start < GATE_DEVICE_BASE) {
		if (paddr >= frame_table.arena_start && paddr < frame_table.arena_end) {
			part = "arena";
			part_end = leaf->start + (frame_table.arena_end - paddr);
		} else if (leaf->bytes == PAGE_SIZE && paddr >= arch_image_phys && paddr < image_phys_end()) {
			part = part_of_image(image_of_phys(paddr), &part_end);
			part_end = leaf->start + (part_end - image_of_phys(paddr));
		}
	}
	if (part)
		*end = part_end;
	format(name, SYSTEM_NAME_MAX, "%s%s%s", area, part ? ": " : "", part ? part : "");
}

/* --- mappings -------------------------------------------------------------------------------------------------------------- */

static void begin(struct system_mapping *run, const struct mapping *leaf, vaddr_t *area_end)
{
	memset(run, 0, sizeof(*run));
	run->start = leaf->start;
	run->end = leaf->start + leaf->bytes;
	run->physical = leaf->frame;
	run->perms = (leaf->perms & PERM_R ? MAP_READ : 0) | (leaf->perms & PERM_W ? MAP_WRITE : 0) |
	             (leaf->perms & PERM_X ? MAP_EXECUTE : 0) | (leaf->perms & PERM_USER ? SYSTEM_MAP_USER : 0) |
	             (leaf->perms & PERM_DEVICE ? SYSTEM_MAP_DEVICE : 0);
	run->page_bytes = leaf->bytes;
	area_at(leaf, run->region, area_end);
}

/* Behind an unnamed piece of the direct map a named one may begin. */
static bool begins_part(const struct mapping *leaf)
{
	return leaf->frame == arch_image_phys || leaf->frame == frame_table.arena_start;
}

static bool goes_on(const struct system_mapping *run, const struct mapping *leaf, unsigned perms, vaddr_t area_end)
{
	return leaf->start == run->end && leaf->start != area_end && !begins_part(leaf) && leaf->perms == perms &&
	       leaf->bytes == run->page_bytes && leaf->frame == run->physical + (run->end - run->start);
}

/* Bits 63 to 48 are as bit 47: what is in between can't be translated, though a walk would look at lower bits only. */
static bool is_canonical(vaddr_t addr)
{
	return !(addr >> 47) || addr >> 47 == UINT64_MAX >> 47;
}

/* A run that is longer than a step comes in several records, one behind the other. */
enum error system_read_mappings(struct system_reading *reading)
{
	unsigned budget = ENTRIES_AT_ONCE, perms = 0;
	struct system_mapping *run = reading->record;
	vaddr_t at = reading->cursor, area_end = 0;
	struct mapping leaf;
	enum error error;

	if (!is_root(reading->of))
		return ERR_NOT_FOUND;
	if (!is_canonical(at))
		return ERR_INVALID;
	do {
		error = pagetable_next(reading->of, &at, &budget, &leaf);
		if (error)
			break;
		if (reading->has_record && !goes_on(run, &leaf, perms, area_end))
			return OK; /* `next` is where this one begins */
		if (!reading->has_record)
			begin(run, &leaf, &area_end);
		run->end = leaf.start + leaf.bytes;
		perms = leaf.perms;
		reading->has_record = true;
		reading->next = at;
	} while (at && --budget);
	if (error)
		reading->next = error == ERR_NOT_FOUND ? 0 : at;
	return OK;
}
