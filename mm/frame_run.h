/* SPDX-License-Identifier: MIT */
/*
 * mm/frame_run.h: many frame-table entries at once, two in a word. Boot, gate and proof look at every frame of the
 * machine, and nearly all are alike. Pure; any context.
 */
#ifndef AMBER_MM_FRAME_RUN_H
#define AMBER_MM_FRAME_RUN_H

#include "frame.h"

/* Are all `count` entries equal to the first (type, level and number of writable mappings)? */
bool frame_run_is_alike(const struct frame *frame, uint64_t count);
/* Sets them all; for whoever may write the table: boot and gate. */
void frame_run_set(struct frame *frame, uint64_t count, struct frame value);
/* How many entries from the first on have its type? At most count. */
uint64_t frame_run_length(const struct frame *frame, uint64_t count);

#endif
