/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/user_scene.h: what tests of user memory start from: the small machine of gate_scene.h, one space made by the gate's
 * own calls with tables for addresses from USER on, and eight user frames in a row. (user_scene.c)
 */
#ifndef AMBER_TESTS_USER_SCENE_H
#define AMBER_TESTS_USER_SCENE_H

#include "gate_scene.h"

#define USER        0x40000000ull /* the first address of the tables below */
#define USER_FRAMES 8
#define R  (PERM_USER | PERM_R)
#define RW (PERM_USER | PERM_R | PERM_W)
#define RX (PERM_USER | PERM_R | PERM_X)

extern paddr_t user_root, user_tables[4]; /* [3], [2], [1]: on the way to USER */
extern paddr_t user_frames;               /* the first of them; the direct map's leaf of each is a 4 KiB one */

void user_scene_make(void);
paddr_t unused_frame(void); /* another unused arena frame each time, full of garbage */
paddr_t direct_leaf_table(paddr_t frame, unsigned *index); /* the table of level 1 that has its leaf in the direct map */

#endif
