/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_frames.c: the gate's functions that change what a frame is. Inside the gate. The type decides
 * who may map a frame writable, so it changes only when no mapping contradicts the new one.
 */
#include "gate_parts.h"

#include <amber/broken.h>

#include "frame_run.h"
#include "kernel_map.h"

GATE_DO(table)
{
	struct frame *frame = gate_frame(a);
	uint64_t *words = gate_window(a);

	(void)c, (void)d, (void)e;
	if ((a & PAGE_MASK) || b < 1 || b > 3)
		return gate_refuse(ERR_INVALID);
	if (!frame || frame->type != FRAME_ARENA || (frame->writable && !is_broken(BROKEN_ARENA)))
		return gate_refuse(ERR_DENIED);
	/* RAM outlives a warm reset: the frame may hold an old kernel's table. */
	for (unsigned i = 0; i < 512; i += 8)
		words[i] = words[i + 1] = words[i + 2] = words[i + 3] = words[i + 4] = words[i + 5] = words[i + 6] = words[i + 7] = 0;
	frame->level = b;
	frame->type = FRAME_TABLE;
	return OK;
}

/* Is the table still linked somewhere? Looked up by walking the kernel root: three levels of tables at most. */
static bool is_linked_in(const pte_t *table, int level, paddr_t wanted)
{
	for (unsigned i = 0; i < 512; i++)
		if (pte_is_present(table[i]) && pte_is_table(table[i], level) && pte_addr(table[i], level) == wanted)
			return true;
	return false;
}

static bool is_linked(paddr_t wanted)
{
	const struct frame *frame = phys_to_virt(frame_table.table);

	for (uint64_t i = 0; i < frame_table.count; i++)
		if ((frame[i].type == FRAME_TABLE || frame[i].type == FRAME_ROOT) && frame[i].level > 1 &&
		    is_linked_in(phys_to_virt((frame_table.first + i) << PAGE_SHIFT), frame[i].level, wanted))
			return true;
	return false;
}

GATE_DO(table_free)
{
	struct frame *frame = gate_frame(a);
	const uint64_t *words = gate_window(a);

	(void)b, (void)c, (void)d, (void)e;
	if (!frame || (a & PAGE_MASK) || frame->type != FRAME_TABLE || is_linked(a))
		return gate_refuse(ERR_DENIED);
	for (unsigned i = 0; i < 512; i++)
		if (words[i])
			return gate_refuse(ERR_DENIED);
	frame->type = FRAME_ARENA;
	frame->level = 0;
	return OK;
}

/* .init.text is the only text that becomes ordinary memory; its executable mapping must be gone. */
static bool is_mapped_in_image(paddr_t addr)
{
	int level;

	return gate_walk(kernel_root_frame, IMAGE_BASE + (addr - arch_image_phys), &level) != NULL;
}

/* Only then can one of its pages be sealed. A table of leaves maps a whole block, so it is looked up once for each. */
static bool direct_map_is_by_pages(paddr_t first, uint64_t count)
{
	paddr_t end = first + count * PAGE_SIZE;

	for (paddr_t addr = first; addr < end; addr = ALIGN_DOWN(addr, BLOCK_SIZE) + BLOCK_SIZE) {
		int level;

		if (!gate_walk(kernel_root_frame, (vaddr_t)phys_to_virt(addr), &level) || level != 1)
			return false;
	}
	return true;
}

static bool type_change_allowed(const struct frame *frame, paddr_t addr, enum frame_type to)
{
	if (is_broken(BROKEN_GATE_CHECK))
		return true;
	if (frame->type == FRAME_INIT_TEXT && to == FRAME_KERNEL)
		return !is_mapped_in_image(addr);
	if (frame->type == FRAME_USER && to == FRAME_KERNEL)
		return frame->level == 0; /* no user mapping */
	if (frame->type != FRAME_KERNEL)
		return false;
	if (to == FRAME_USER) /* the direct map's mapping and no other; and see gate_do_frame_type */
		return frame->writable == 1 && frame->level == 0;
	if (to == FRAME_SEALED || to == FRAME_CORE)
		return frame->writable == 0 || is_broken(BROKEN_ALIAS);
	/* The arena grows: whole blocks that nobody can write any more. */
	return to == FRAME_ARENA && (frame->writable == 0 || is_broken(BROKEN_ARENA));
}

GATE_DO(frame_type)
{
	struct frame *frame = gate_frame(a);

	(void)d, (void)e;
	if ((a & PAGE_MASK) || c >= FRAME_TYPE_COUNT || b == 0 || b > frame_table.count)
		return gate_refuse(ERR_INVALID);
	if (!frame || !frame_at(a + (b - 1) * PAGE_SIZE))
		return gate_refuse(ERR_RANGE);
	if (c == FRAME_USER && !direct_map_is_by_pages(a, b) && !is_broken(BROKEN_GATE_CHECK))
		return gate_refuse(ERR_DENIED);
	if (frame->type == FRAME_KERNEL && frame_run_is_alike(frame, b)) { /* what holds for the first holds for each */
		struct frame after = *frame;

		if (!type_change_allowed(frame, a, c))
			return gate_refuse(ERR_DENIED);
		after.type = c;
		frame_run_set(frame, b, after);
		return OK;
	}
	for (uint64_t i = 0; i < b; i++)
		if (!type_change_allowed(&frame[i], a + i * PAGE_SIZE, c))
			return gate_refuse(ERR_DENIED);
	for (uint64_t i = 0; i < b; i++)
		frame[i].type = c;
	return OK;
}
