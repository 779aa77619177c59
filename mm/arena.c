/* SPDX-License-Identifier: MIT */
/*
 * mm/arena.c: finding unused arena frames, and growing. Any context that may change tables, any CPU: the words are
 * changed atomically. What is kept here in ordinary memory is only a hint where to look: the gate decides by the frame table.
 */
#include "arena.h"

#include "gate.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "shootdown.h"

#define FRAMES_PER_BLOCK (BLOCK_SIZE / PAGE_SIZE)
#define WORDS            (FRAMES_PER_BLOCK / 64)
#define BLOCKS_MAX       64
#define BLOCKS_MIN       8  /* that it may have, however little RAM there is */
#define PART_OF_RAM      4

static struct block {
	paddr_t start;          /* 0 = not in use */
	uint64_t unused[WORDS]; /* a bit for each frame */
} blocks[BLOCKS_MAX];
static unsigned block_count;

/* A block whose frames are of the arena already. */
static void add_block(paddr_t start)
{
	unsigned i = __atomic_fetch_add(&block_count, 1, __ATOMIC_RELAXED);
	struct block *block = &blocks[i];

	if (i >= BLOCKS_MAX) {
		__atomic_fetch_sub(&block_count, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&block->start, start, __ATOMIC_RELEASE);
	for (unsigned frame = 0; frame < FRAMES_PER_BLOCK; frame++)
		if (frame_type_at(start + frame * PAGE_SIZE) == FRAME_ARENA)
			__atomic_fetch_or(&block->unused[frame / 64], 1ull << (frame % 64), __ATOMIC_RELEASE);
}

/* Of the blocks that there are from the start on, those behind the frame table. */
static void add_first_blocks(void)
{
	paddr_t start = frame_table.arena_end - PAGE_SIZE;

	while (start > frame_table.arena_start && frame_type_at(start - PAGE_SIZE) == FRAME_ARENA)
		start -= PAGE_SIZE;
	for (start = ALIGN_DOWN(start, BLOCK_SIZE); start < frame_table.arena_end; start += BLOCK_SIZE)
		add_block(start);
}

/* The lowest bit of the word that is set, and nobody else cleared meanwhile. */
static bool take_bit(uint64_t *word, unsigned *bit)
{
	uint64_t seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);

	while (seen) {
		*bit = (unsigned)__builtin_ctzll(seen);
		if (__atomic_fetch_and(word, ~(1ull << *bit), __ATOMIC_ACQ_REL) >> *bit & 1)
			return true;
		seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
	}
	return false;
}

static bool find_unused(paddr_t *frame)
{
	if (!block_count)
		add_first_blocks();
	for (unsigned i = 0; i < MIN(block_count, (unsigned)BLOCKS_MAX); i++)
		for (unsigned word = 0, bit; word < WORDS; word++)
			while (take_bit(&blocks[i].unused[word], &bit)) {
				*frame = blocks[i].start + (word * 64 + bit) * PAGE_SIZE;
				if (frame_type_at(*frame) == FRAME_ARENA) /* while starting, kernel_map.c takes some by itself */
					return true;
			}
	return false;
}

/* A block never leaves the arena, so a program that makes tables of all that it gets must not get all: a quarter of RAM. */
static unsigned blocks_at_most(void)
{
	uint64_t part = frame_table.count / FRAMES_PER_BLOCK / PART_OF_RAM;

	return (unsigned)MIN(MAX(part, (uint64_t)BLOCKS_MIN), (uint64_t)BLOCKS_MAX);
}

enum error arena_grow(void)
{
	paddr_t block;
	struct mapping mapping;
	enum error error = block_count < blocks_at_most() ? phys_alloc_block(&block) : (enum error)ERR_NO_MEMORY;

	if (error)
		return error;
	error = pagetable_lookup(kernel_root_frame, (vaddr_t)phys_to_virt(block), &mapping);
	if (!error)
		error = mapping.level == 2 ? gate_set_entries(mapping.table, mapping.index, pte_encode(block, PERM_R, 2), 0, 1) : ERR_DENIED;
	if (error) {
		phys_free(block, BLOCK_SIZE / PAGE_SIZE);
		return error;
	}
	/* A block leaf is one translation, however many pages it spans; naming one address in it drops it. */
	tlb_shootdown((vaddr_t)phys_to_virt(block), PAGE_SIZE);
	error = gate_frame_type(block, BLOCK_SIZE / PAGE_SIZE, FRAME_ARENA);
	if (!error)
		add_block(block);
	return error;
}

enum error arena_take(paddr_t *frame)
{
	enum error error = OK;

	while (!find_unused(frame)) {
		error = arena_grow();
		if (error)
			return error == ERR_DENIED ? ERR_NO_MEMORY : error;
	}
	return OK;
}

void arena_give_back(paddr_t frame)
{
	for (unsigned i = 0; i < MIN(block_count, (unsigned)BLOCKS_MAX); i++) {
		uint64_t index = (frame - blocks[i].start) >> PAGE_SHIFT;

		if (frame >= blocks[i].start && index < FRAMES_PER_BLOCK) {
			__atomic_fetch_or(&blocks[i].unused[index / 64], 1ull << (index % 64), __ATOMIC_ACQ_REL);
			return;
		}
	}
}

enum error arena_table(int level, paddr_t *table)
{
	enum error error = arena_take(table);

	if (error)
		return error;
	error = gate_table(*table, level);
	if (error)
		arena_give_back(*table);
	return error;
}

enum error arena_table_free(paddr_t table)
{
	enum error error = gate_table_free(table);

	if (!error)
		arena_give_back(table);
	return error;
}
