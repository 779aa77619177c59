/* SPDX-License-Identifier: MIT */
/*
 * user/lib/malloc.c: memory in any size: one list of free blocks by address, the first that fits is taken, neighbours are
 * joined again. It grows by memory objects.
 */
#include "memory.h"

#define UNIT       16 /* everything is a multiple of it */
#define GROW_PAGES 16

struct block {
	size_t bytes; /* with this head */
	struct block *next; /* free ones only */
};

_Static_assert(sizeof(struct block) == UNIT, "a block's head is one unit");

static struct block *free_blocks;
static uint32_t lock;

static void lock_take(void)
{
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		(void)sys_yield();
}

static void lock_drop(void)
{
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

static void join_with_next(struct block *block)
{
	struct block *next = block->next;

	if (next && (uint8_t *)block + block->bytes == (uint8_t *)next) {
		block->bytes += next->bytes;
		block->next = next->next;
	}
}

static void insert(struct block *block)
{
	struct block **at = &free_blocks, *before = NULL;

	for (; *at && *at < block; at = &(*at)->next)
		before = *at;
	block->next = *at;
	*at = block;
	join_with_next(block);
	if (before)
		join_with_next(before);
}

static bool grow(size_t bytes)
{
	uint64_t pages = MAX((bytes + PAGE_SIZE - 1) / PAGE_SIZE, GROW_PAGES);
	void *start;

	if (memory_make(pages, &start, NULL))
		return false;
	((struct block *)start)->bytes = pages * PAGE_SIZE;
	insert(start);
	return true;
}

static void *take(size_t bytes)
{
	for (struct block **at = &free_blocks; *at; at = &(*at)->next) {
		struct block *block = *at;

		if (block->bytes < bytes)
			continue;
		if (block->bytes > bytes) { /* its end stays free */
			struct block *rest = (struct block *)((uint8_t *)block + bytes);

			rest->bytes = block->bytes - bytes;
			rest->next = block->next;
			*at = rest;
			block->bytes = bytes;
		} else {
			*at = block->next;
		}
		return block + 1;
	}
	return NULL;
}

void *malloc(size_t bytes)
{
	void *found;

	if (bytes > SIZE_MAX / 2)
		return NULL;
	bytes = ALIGN_UP(bytes, UNIT) + UNIT;
	lock_take();
	found = take(bytes);
	if (!found && grow(bytes))
		found = take(bytes);
	lock_drop();
	return found;
}

void free(void *memory)
{
	if (!memory)
		return;
	lock_take();
	insert((struct block *)memory - 1);
	lock_drop();
}
