/* SPDX-License-Identifier: MIT */
/*
 * mm/frame.c: reading the frame table. Any context, also inside the gate (the direct map is there too).
 * Relies on: mm/kernel_map.c has placed the table.
 */
#include "frame.h"

#include <amber/error.h>

struct frame_table __ro_core frame_table;

const struct frame *frame_at(paddr_t addr)
{
	uint64_t index = (addr >> PAGE_SHIFT) - frame_table.first;

	if (index >= frame_table.count)
		return NULL;
	return (const struct frame *)phys_to_virt(frame_table.table) + index;
}

enum frame_type frame_type_at(paddr_t addr)
{
	const struct frame *frame = frame_at(addr);

	return frame ? frame->type : FRAME_RESERVED;
}

enum sealed_class frame_class(enum frame_type type)
{
	if (type == FRAME_SEALED)
		return CLASS_DATA;
	return type >= FRAME_CORE && type < FRAME_TYPE_COUNT ? CLASS_CORE : CLASS_NONE;
}

bool frame_is_arena(enum frame_type type)
{
	return type >= FRAME_ARENA && type < FRAME_TYPE_COUNT;
}

bool frame_is_table(enum frame_type type)
{
	return type >= FRAME_TABLE && type <= FRAME_DRY_TABLE;
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
		[FRAME_RING] = "ring",             [FRAME_STATE] = "state",
	};

	return type < FRAME_TYPE_COUNT ? names[type] : "?";
}
