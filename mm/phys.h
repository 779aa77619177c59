/* SPDX-License-Identifier: MIT */
/*
 * mm/phys.h: the allocator of ordinary RAM, by page frames. It keeps a bitmap in ordinary memory; what a frame
 * may be used for says the frame table, not this. Process context, or init.
 */
#ifndef AMBER_MM_PHYS_H
#define AMBER_MM_PHYS_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

void phys_init(void);                                              /* takes all FRAME_KERNEL frames outside the image */
enum error phys_alloc(uint64_t pages, paddr_t *first) __must_check; /* consecutive frames; contents undefined */
enum error phys_alloc_block(paddr_t *block) __must_check;           /* 2 MiB, aligned, mapped by one leaf */
enum error phys_alloc_within(paddr_t start, paddr_t end, paddr_t *frame) __must_check; /* one frame from that range */
void phys_free(paddr_t first, uint64_t pages);
uint64_t phys_free_pages(void);

#endif
