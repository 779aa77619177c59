/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/gate_scene.h: what tests of the gate start from: the small machine, a test area in the stacks' slot with tables
 * of all levels, and means to spoil the frame table and to see that a refusal changed nothing. (gate_scene.c)
 */
#ifndef AMBER_TESTS_GATE_SCENE_H
#define AMBER_TESTS_GATE_SCENE_H

#include <amber/error.h>
#include <amber/types.h>

#include "frame.h"
#include "gate.h"

#define AREA STACK_BASE
#define POOL (FAKE_SMALL_START + MIB(8)) /* 8 MiB of ordinary memory that nobody uses, mapped by blocks */
#define POOL_BYTES MIB(8)

extern paddr_t area_table[4]; /* [1] … [3]: the tables above AREA; all entries of [1] and all but one of [2] are empty */

void scene_make(void); /* a cmocka setup calls it */
void scene_make_cpus(unsigned cpus); /* the same with that many of them */
pte_t *scene_entry(paddr_t table, unsigned index);                /* to write: between fake_window_open and _close */
void scene_set_entry(paddr_t table, unsigned index, pte_t pte);   /* behind the gate's back */
pte_t scene_get_entry(paddr_t table, unsigned index);
void scene_set_frame(paddr_t frame, enum frame_type type, unsigned level, unsigned writable);
/* Frame table, all tables and records: all of the arena but the gate stacks. */
void scene_remember(void);
bool scene_is_as_remembered(void);
void scene_restore(void);

#define ALLOWS(call) assert_int_equal(call, OK)
/* The call gives this error, changes nothing in the arena, and is counted. */
#define REFUSES(error, call) \
	do { \
		uint64_t refused = gate_counters.refused; \
		scene_remember(); \
		assert_int_equal(call, error); \
		assert_true(scene_is_as_remembered()); \
		assert_int_equal(gate_counters.refused, refused + 1); \
	} while (0)

#endif
