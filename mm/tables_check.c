/* SPDX-License-Identifier: MIT */
/* mm/tables_check.c: counting again what the gate has counted. Reads tables only; any CPU, big lock held. */
#include "tables_check.h"

#include <amber/string.h>

#include "frame.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "vdso_pages.h"

struct counts {
	uint16_t writable, user;
};

struct walk {
	struct tables_check *check;
	struct counts *counts;
};

static void note(struct tables_check *check, uint64_t *what, paddr_t frame)
{
	if (!check->wrong_counts && !check->broken_rules)
		check->first_wrong = frame;
	++*what;
}

static bool is_allowed(enum frame_type type, paddr_t frame, unsigned perms)
{
	bool is_vdso = frame == image_to_phys((vaddr_t)vdso_data) || frame == image_to_phys((vaddr_t)vdso_code);

	if ((perms & PERM_W) && (perms & PERM_X))
		return false;
	if (perms & PERM_USER)
		return type == FRAME_USER || (!(perms & PERM_W) && (type == FRAME_USER_SEALED || is_vdso));
	return !(perms & PERM_W) || type == FRAME_KERNEL || type == FRAME_USER || frame_class(type) == CLASS_DATA; /* the last: opened */
}

static void count_leaf(void *context, const struct mapping *mapping)
{
	struct walk *walk = context;

	for (uint64_t i = 0; i < mapping->bytes >> PAGE_SHIFT; i++) {
		paddr_t addr = mapping->frame + i * PAGE_SIZE;
		const struct frame *frame = frame_at(addr);
		struct counts *counts = &walk->counts[(addr >> PAGE_SHIFT) - frame_table.first];

		if (!frame)
			continue;
		counts->writable += (mapping->perms & PERM_W) != 0;
		if (mapping->perms & PERM_DEVICE) /* VGA's text memory lies in the table's reach; the gate counts it, too */
			continue;
		counts->user += (mapping->perms & PERM_USER) && frame->type != FRAME_SEALED && frame->type != FRAME_KERNEL;
		walk->check->user_leaves += (mapping->perms & PERM_USER) != 0;
		if (!is_allowed(frame->type, addr, mapping->perms))
			note(walk->check, &walk->check->broken_rules, addr);
	}
}

static void count_root(void *context, paddr_t root, paddr_t shared)
{
	if (frame_type_at(root) != FRAME_DRY_TABLE) /* copies of the others */
		pagetable_visit(root, shared, count_leaf, context);
}

static void compare(struct tables_check *check, const struct counts *counts)
{
	const struct frame *frame = frame_at(frame_table.first << PAGE_SHIFT);

	for (uint64_t i = 0; i < frame_table.count; i++) {
		bool is_user = frame[i].type == FRAME_USER || frame[i].type == FRAME_USER_SEALED;

		if (frame[i].writable != counts[i].writable || (is_user ? frame[i].level : 0) != counts[i].user)
			note(check, &check->wrong_counts, (frame_table.first + i) << PAGE_SHIFT);
	}
}

enum error tables_check(struct tables_check *check)
{
	uint64_t pages = ALIGN_UP(frame_table.count * sizeof(struct counts), PAGE_SIZE) >> PAGE_SHIFT;
	struct walk walk = { .check = check };
	paddr_t scratch;
	enum error error = phys_alloc(pages, &scratch);

	*check = (struct tables_check){ 0 };
	if (error)
		return error;
	walk.counts = phys_to_virt(scratch);
	memset(walk.counts, 0, pages * PAGE_SIZE);
	kernel_map_each_root(count_root, &walk);
	compare(check, walk.counts);
	phys_free(scratch, pages);
	return OK;
}
