/* SPDX-License-Identifier: MIT */
/*
 * mm/frame.c: reading the frame table. Any context, also inside the gate (the direct map is there too).
 * Relies on: mm/kernel_map.c has placed the table.
 */
#include "frame.h"

#include "frame_run.h"

struct frame_table __ro_core frame_table;

enum sealed_class frame_class(enum frame_type type)
{
	if (type == FRAME_SEALED || type == FRAME_USER_SEALED)
		return CLASS_DATA;
	return type >= FRAME_CORE && type < FRAME_TYPE_COUNT ? CLASS_CORE : CLASS_NONE;
}

bool frame_is_arena(enum frame_type type)
{
	return type >= FRAME_ARENA && type < FRAME_TYPE_COUNT;
}

bool frame_is_table(enum frame_type type)
{
	return type >= FRAME_TABLE && type <= FRAME_DEAD_ROOT;
}

const char *frame_type_text(enum frame_type type)
{
	static const char *const names[FRAME_TYPE_COUNT] = {
		[FRAME_RESERVED] = "reserved",     [FRAME_OFF_LIMITS] = "off-limits",
		[FRAME_KERNEL] = "kernel",         [FRAME_INIT_TEXT] = "init-text",
		[FRAME_TEXT] = "text",             [FRAME_RODATA] = "rodata",         [FRAME_SEALED] = "sealed",
		[FRAME_CORE] = "core",             [FRAME_ARENA] = "unused",          [FRAME_TABLE] = "table",
		[FRAME_ROOT] = "root",             [FRAME_GATE_TABLE] = "gate-table", [FRAME_DRY_TABLE] = "dry-run-table",
		[FRAME_SHADOW] = "shadow",         [FRAME_GATE_STACK] = "gate-stack", [FRAME_FRAME_TABLE] = "frame-table",
		[FRAME_RING] = "ring",             [FRAME_STATE] = "state",           [FRAME_USER] = "user",
		[FRAME_USER_SEALED] = "user-sealed", [FRAME_USER_TABLE] = "user-table",
		[FRAME_SPACE_ROOT] = "space-root", [FRAME_DEAD_ROOT] = "dead-root",
	};

	return type < FRAME_TYPE_COUNT ? names[type] : "?";
}

void frame_count(uint64_t counts[FRAME_TYPE_COUNT])
{
	const struct frame *frame = phys_to_virt(frame_table.table);

	for (unsigned type = 0; type < FRAME_TYPE_COUNT; type++)
		counts[type] = 0;
	for (uint64_t i = 0, run; i < frame_table.count; i += run) {
		run = frame_run_length(&frame[i], frame_table.count - i);
		counts[frame[i].type] += run;
	}
}

uint64_t arena_frames_used(void)
{
	uint64_t counts[FRAME_TYPE_COUNT], used = 0;

	frame_count(counts);
	for (unsigned type = FRAME_ARENA + 1; type < FRAME_TYPE_COUNT; type++)
		used += counts[type];
	return used;
}
