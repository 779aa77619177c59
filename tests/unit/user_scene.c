/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/user_scene.c: see user_scene.h.
 */
#include "user_scene.h"

#include <stdlib.h>

#include "arena.h"
#include "fake_machine.h"
#include "gate_user.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "table_walk.h"
#include "user_frames.h"

paddr_t user_root, user_tables[4], user_frames;

static void must(bool holds)
{
	if (!holds)
		abort();
}

paddr_t unused_frame(void)
{
	paddr_t frame;

	must(arena_take(&frame) == OK);
	for (unsigned i = 0; i < 512; i++)
		scene_set_entry(frame, i, ~0ull); /* an old kernel's leavings */
	return frame;
}

paddr_t direct_leaf_table(paddr_t frame, unsigned *index)
{
	struct walk_leaf leaf;

	must(table_walk_find(kernel_root_frame, DIRECT_MAP_BASE + frame, &leaf) && leaf.level == 1);
	*index = frame >> PAGE_SHIFT & 511;
	return leaf.table;
}

void user_scene_make(void)
{
	paddr_t frame;

	scene_make();
	user_root = unused_frame();
	user_tables[3] = unused_frame();
	must(gate_space_root(user_root, user_tables[3]) == OK);
	for (int level = 3; level > 1; level--) {
		user_tables[level - 1] = unused_frame();
		must(gate_user_table(user_tables[level - 1], user_tables[level], pagetable_index(USER, level)) == OK);
	}
	must(user_frame_alloc(&user_frames) == OK);
	for (unsigned i = 1; i < USER_FRAMES; i++)
		must(user_frame_alloc(&frame) == OK && frame == user_frames + i * PAGE_SIZE);
}
