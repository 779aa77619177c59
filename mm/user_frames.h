/* SPDX-License-Identifier: MIT */
/*
 * mm/user_frames.h: frames for user memory. They come from whole 2 MiB blocks whose direct map is by 4 KiB pages, so that a
 * sealed page loses the direct map's write bit too without splitting anything. Big lock held.
 */
#ifndef AMBER_MM_USER_FRAMES_H
#define AMBER_MM_USER_FRAMES_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

/* One frame of type FRAME_USER, cleared; writable in the direct map. ERR_NO_MEMORY: nothing changed. */
enum error user_frame_alloc(paddr_t *frame) __must_check;
/* No user mapping of it may be left: checked by the gate, else a panic. Its block stays split
 * and stays with this allocator. */
void user_frame_free(paddr_t frame);
uint64_t user_frames_used(void);

#endif
