/* SPDX-License-Identifier: MIT */
/* mm/arena_plan.h: where the arena lies and how its first blocks are divided. Pure, host-tested; init only. */
#ifndef AMBER_MM_ARENA_PLAN_H
#define AMBER_MM_ARENA_PLAN_H

#include <amber/error.h>
#include <amber/memory_map.h>
#include <amber/types.h>

#define ARENA_OFFSET MIB(32) /* from the start of RAM: survives a warm reset under every firmware */

struct arena_plan {
	paddr_t start, end;            /* whole blocks */
	paddr_t ring;                  /* at the start */
	paddr_t frame_table;           /* behind it */
	paddr_t free;                  /* the rest */
	uint64_t first_frame, frames;  /* what the frame table covers: all RAM */
	uint64_t bytes;                /* of the arena; known also where there is no place for it */
};

/* The arena of a machine with this memory and an image at [image, image_end): at ARENA_OFFSET if RAM reaches twice as
 * far, else the first free blocks behind the image. ERR_NO_MEMORY: no place for it. */
enum error arena_plan_make(struct arena_plan *plan, const struct memory_map *memory, paddr_t image, paddr_t image_end,
                           uint64_t ring_bytes) __attribute__((warn_unused_result));

#endif
