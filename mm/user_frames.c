/* SPDX-License-Identifier: MIT */
/*
 * mm/user_frames.c: free user frames are a list through their own first words: last in, first out. All are of type FRAME_USER,
 * and what is handed out is asked of the frame table once more: the list lies in ordinary memory. Big lock held.
 */
#include "user_frames.h"

#include <amber/panic.h>
#include <amber/string.h>

#include "arena.h"
#include "gate.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "shootdown.h"

#define FRAMES_PER_BLOCK (BLOCK_SIZE / PAGE_SIZE)
#define RW               (PERM_R | PERM_W)

static paddr_t free_list;         /* 0 = empty */
static paddr_t fresh, fresh_end;  /* of the newest block: never handed out */
static uint64_t used;

/* Free memory, so nobody misses it while it has no mapping: another size of leaf goes through an empty entry, and the new
 * table is full before it is linked (break-before-make, Arm ARM D8.14.1). */
static enum error map_by_pages(paddr_t block)
{
	vaddr_t addr = (vaddr_t)phys_to_virt(block);
	struct mapping mapping;
	paddr_t table;
	enum error error = pagetable_lookup(kernel_root_frame, addr, &mapping);

	if (error || mapping.level == 1)
		return error;
	error = arena_table(1, &table);
	if (error)
		return error;
	error = gate_set_entries(table, 0, pte_encode(block, RW, 1), PAGE_SIZE, FRAMES_PER_BLOCK);
	if (!error)
		error = gate_set_entries(mapping.table, mapping.index, 0, 0, 1);
	if (error)
		panic("user frames: the direct map of 0x%zx can't be changed: %s", (size_t)block, error_text(error));
	tlb_shootdown(addr, PAGE_SIZE);
	if (gate_set_entries(mapping.table, mapping.index, pte_encode_table(table), 0, 1))
		panic("user frames: the direct map of 0x%zx is lost", (size_t)block);
	arch_pte_sync();
	return OK;
}

static enum error take_block(void)
{
	paddr_t block;
	enum error error = phys_alloc_block(&block);

	if (error)
		return error;
	error = map_by_pages(block);
	if (!error)
		error = gate_frame_type(block, FRAMES_PER_BLOCK, FRAME_USER);
	if (error) {
		phys_free(block, FRAMES_PER_BLOCK);
		return error;
	}
	fresh = block;
	fresh_end = block + BLOCK_SIZE;
	return OK;
}

/* On a small machine no whole block may be left. What lies in the image's blocks, init memory for one, is mapped by pages. */
static enum error take_single(void)
{
	paddr_t start = ALIGN_DOWN(arch_image_phys, BLOCK_SIZE), end = ALIGN_UP(image_phys_end(), BLOCK_SIZE), frame;
	enum error error = phys_alloc_within(start, end, &frame);

	if (error)
		return error;
	error = gate_frame_type(frame, 1, FRAME_USER);
	if (error) {
		phys_free(frame, 1);
		return ERR_NO_MEMORY;
	}
	fresh = frame;
	fresh_end = frame + PAGE_SIZE;
	return OK;
}

static bool is_free(paddr_t frame)
{
	const struct frame *entry = frame_at(frame);

	return entry && !(frame & PAGE_MASK) && entry->type == FRAME_USER && entry->level == 0;
}

enum error user_frame_alloc(paddr_t *frame)
{
	paddr_t found = free_list;

	if (!found && fresh == fresh_end) {
		enum error error = take_block();

		if (error)
			error = take_single();
		if (error)
			return error;
	}
	if (!found)
		found = fresh;
	if (!is_free(found))
		panic("user frames: 0x%zx is not free user memory", (size_t)found);
	if (found == free_list)
		free_list = *(const paddr_t *)phys_to_virt(found);
	else
		fresh += PAGE_SIZE;
	memset(phys_to_virt(found), 0, PAGE_SIZE);
	used++;
	*frame = found;
	return OK;
}

void user_frame_free(paddr_t frame)
{
	if (!is_free(frame))
		panic("user frames: 0x%zx is still mapped or no user memory", (size_t)frame);
	*(paddr_t *)phys_to_virt(frame) = free_list;
	free_list = frame;
	used--;
}

uint64_t user_frames_used(void)
{
	return used;
}
