/* SPDX-License-Identifier: MIT */
/* kernel/census.c: counting what user programs can make, before and after. Frames and tables come from a walk of the frame table. */
#include "census.h"

#include <amber/log.h>

#include "frame.h"
#include "handle.h"
#include "object.h"
#include "region.h"
#include "user_frames.h"

void census_take(struct census *census)
{
	uint64_t frames[FRAME_TYPE_COUNT];

	*census = (struct census){ .user_frames = user_frames_used() };
	for (unsigned type = OBJECT_THREAD; type < OBJECT_TYPES; type++)
		census->objects[type] = object_count(type);
	frame_count(frames);
	census->tables = frames[FRAME_USER_TABLE] + frames[FRAME_SPACE_ROOT] + frames[FRAME_DEAD_ROOT];
	census->sealed_frames = frames[FRAME_USER_SEALED];
	census->pool_pages = object_pool_pages() + handle_pages() + region_pool_pages();
}

static bool is_same(const char *what, uint64_t before, uint64_t after)
{
	if (before == after)
		return true;
	log_error("init", "leak: %s: %zu before, %zu now", what, (size_t)before, (size_t)after);
	return false;
}

bool census_compare(const struct census *before, const struct census *after)
{
	bool is_good = true;

	for (unsigned type = OBJECT_THREAD; type < OBJECT_TYPES; type++)
		is_good &= is_same(object_type_text(type), before->objects[type], after->objects[type]);
	is_good &= is_same("user frames", before->user_frames, after->user_frames);
	is_good &= is_same("page tables of spaces", before->tables, after->tables);
	is_good &= is_same("sealed user frames", before->sealed_frames, after->sealed_frames);
	return is_good & is_same("pages of pools", before->pool_pages, after->pool_pages);
}
