/* SPDX-License-Identifier: MIT */
/*
 * kernel/pool.h: small blocks of one size, from whole pages; a page that is empty again goes back to the page allocator. Big
 * lock held.
 */
#ifndef AMBER_POOL_H
#define AMBER_POOL_H

#include <amber/types.h>

#include "list.h"

struct pool {
	uint32_t block_bytes;  /* a multiple of 16, at most half a page */
	uint32_t pages, used;
	struct link partial;   /* pages with a free block */
};

#define POOL_INIT(name, bytes) { .block_bytes = ALIGN_UP(bytes, 16), .partial = { &(name).partial, &(name).partial } }

void *pool_alloc(struct pool *pool); /* cleared; NULL: out of memory */
void pool_free(struct pool *pool, void *block);

#endif
