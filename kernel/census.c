/* SPDX-License-Identifier: MIT */
/* kernel/census.c: counts come from the owners of things and, for frames, from a walk over the frame table. Process context. */
#include "census.h"

#include <amber/string.h>

#include "frame.h"
#include "handle.h"
#include "object.h"
#include "phys.h"
#include "region.h"
#include "user_frames.h"

/* Blocks move from the page allocator to user memory and to the arena and stay there: only the sum says something. */
static void count_frames(struct census *census)
{
	const struct frame *frame = phys_to_virt(frame_table.table);

	census->ordinary = phys_free_pages();
	for (uint64_t i = 0; i < frame_table.count; i++, frame++) {
		enum frame_type type = frame->type;

		census->ordinary += type == FRAME_USER || type == FRAME_USER_SEALED || frame_is_arena(type);
		census->space_tables += type == FRAME_SPACE_ROOT || type == FRAME_DEAD_ROOT || type == FRAME_USER_TABLE;
	}
}

void census_take(struct census *census)
{
	*census = (struct census){
		.pool_pages = object_pool_pages() + region_pool_pages(), .handle_pages = handle_pages(), .user_frames = user_frames_used(),
	};
	for (unsigned type = 0; type < OBJECT_TYPES; type++)
		census->objects[type] = object_count(type);
	count_frames(census);
}

struct difference {
	char *text;
	size_t bytes, at;
};

static void compare(struct difference *difference, const char *what, uint64_t before, uint64_t after)
{
	if (before == after || difference->at >= difference->bytes)
		return;
	difference->at += (size_t)format(difference->text + difference->at, difference->bytes - difference->at, "%s%zu %s %s",
	                                 difference->at ? ", " : "", (size_t)(after > before ? after - before : before - after), what,
	                                 after > before ? "more" : "fewer");
}

bool census_compare(const struct census *before, const struct census *after, char *text, size_t bytes)
{
	struct difference difference = { text, bytes, 0 };

	text[0] = '\0';
	for (unsigned type = OBJECT_NONE + 1; type < OBJECT_TYPES; type++)
		compare(&difference, object_type_text(type), before->objects[type], after->objects[type]);
	compare(&difference, "pool pages", before->pool_pages, after->pool_pages);
	compare(&difference, "handle pages", before->handle_pages, after->handle_pages);
	compare(&difference, "user frames", before->user_frames, after->user_frames);
	compare(&difference, "tables of spaces", before->space_tables, after->space_tables);
	compare(&difference, "free frames", before->ordinary, after->ordinary);
	return difference.at > 0;
}
