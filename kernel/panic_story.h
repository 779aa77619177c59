/* SPDX-License-Identifier: MIT */
/* kernel/panic_story.h: what a person reads when the machine stops. Called from kernel/panic.c only. */
#ifndef AMBER_PANIC_STORY_H
#define AMBER_PANIC_STORY_H

#include <amber/types.h>
#include <amber/violation.h>

#include "place.h"

void panic_story_plain(const char *reason, vaddr_t frame_pointer);
void panic_story_sealed(const struct violation *violation);

#endif
