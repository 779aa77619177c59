/* SPDX-License-Identifier: MIT */
/*
 * kernel/pool.c: small blocks of one size. A page begins with its own book-keeping, so that a block's address leads to it; free
 * blocks are chained through their first word. Big lock held.
 */
#include "pool.h"

#include <amber/panic.h>
#include <amber/string.h>

#include "frame.h"
#include "phys.h"

struct pool_page {
	struct link partial;
	void *free;       /* the first free block: its first word points to the next */
	uint32_t used;
	struct pool *pool;
};

#define FIRST_BLOCK ALIGN_UP(sizeof(struct pool_page), 16)

static struct pool_page *page_of(void *block)
{
	return (struct pool_page *)ALIGN_DOWN((uintptr_t)block, PAGE_SIZE);
}

static struct pool_page *add_page(struct pool *pool)
{
	struct pool_page *page;
	paddr_t frame;

	if (phys_alloc(1, &frame))
		return NULL;
	page = phys_to_virt(frame);
	*page = (struct pool_page){ .pool = pool };
	for (size_t at = FIRST_BLOCK; at + pool->block_bytes <= PAGE_SIZE; at += pool->block_bytes) {
		void **block = (void **)((char *)page + at);

		*block = page->free;
		page->free = block;
	}
	list_append(&pool->partial, &page->partial);
	pool->pages++;
	return page;
}

void *pool_alloc(struct pool *pool)
{
	struct pool_page *page;
	void **block;

	if (list_is_empty(&pool->partial)) {
		page = add_page(pool);
		if (!page)
			return NULL;
	} else {
		page = LINK_OWNER(pool->partial.next, struct pool_page, partial);
	}
	block = page->free;
	page->free = *block;
	page->used++;
	pool->used++;
	if (!page->free)
		list_remove(&page->partial);
	memset(block, 0, pool->block_bytes);
	return block;
}

void pool_free(struct pool *pool, void *block)
{
	struct pool_page *page = page_of(block);

	ASSERT(page->pool == pool && page->used);
	if (!page->free)
		list_append(&pool->partial, &page->partial);
	*(void **)block = page->free;
	page->free = block;
	page->used--;
	pool->used--;
	if (page->used)
		return;
	list_remove(&page->partial);
	pool->pages--;
	phys_free((vaddr_t)page - DIRECT_MAP_BASE, 1);
}
