/* SPDX-License-Identifier: MIT */
/*
 * mm/frame.h: the frame table, one small entry per physical frame: what it is and how many writable
 * mappings it has. It lies in the arena; everybody reads it (direct map), only the gate writes it (window).
 */
#ifndef AMBER_MM_FRAME_H
#define AMBER_MM_FRAME_H

#include <amber/annotate.h>
#include <amber/layout.h>
#include <amber/types.h>
#include <amber/violation.h>

enum frame_type {
	FRAME_RESERVED,    /* no RAM: mapped only as a device, while starting */
	FRAME_OFF_LIMITS,  /* RAM that is never mapped: below 1 MiB, the firmware's */
	FRAME_KERNEL,      /* ordinary RAM, free or in use; the kernel may map it writable */
	FRAME_USER,        /* ordinary RAM for user memory; tables of spaces may map it (mm/gate_user.c) */
	FRAME_INIT_TEXT,   /* .init.text until it is freed */
	FRAME_TEXT,
	FRAME_RODATA,
	FRAME_SEALED,      /* class data: the policy chain decides about a write */
	FRAME_USER_SEALED, /* the same, of user memory (map_seal): until its space dies */
	FRAME_CORE,        /* class core, here and below: a write is a panic */
	FRAME_ARENA,       /* arena, not in use */
	FRAME_TABLE,       /* a page table of `level`, linked below kernel roots */
	FRAME_ROOT,        /* a kernel root */
	FRAME_GATE_TABLE,  /* gate root and the tables only it has */
	FRAME_DRY_TABLE,   /* dry-run root and private chains */
	FRAME_USER_TABLE,  /* a table of `level` below one space's root */
	FRAME_SPACE_ROOT,  /* a space's root */
	FRAME_DEAD_ROOT,   /* … that can't be loaded any more: the space is taken apart */
	FRAME_SHADOW,      /* copies of pages for the dry run */
	FRAME_GATE_STACK,
	FRAME_FRAME_TABLE,
	FRAME_RING,        /* violation ring */
	FRAME_STATE,       /* descriptors that only the gate writes */
	FRAME_TYPE_COUNT,
};

struct frame {
	uint8_t type;      /* enum frame_type */
	uint8_t level;     /* of a table or root; of FRAME_USER and FRAME_USER_SEALED: how many user mappings */
	uint16_t writable; /* writable leaf mappings in all roots, window and dry run left out */
} __aligned(4);
_Static_assert(sizeof(struct frame) == 4, "the gate handles two entries as one word");

/* Class core, constant after boot. The table covers frames [frames_first, frames_first + frames_count). */
struct frame_table {
	paddr_t table;  /* physical address of the first entry */
	uint64_t first; /* frame number */
	uint64_t count;
	paddr_t arena_start, arena_end; /* the first arena blocks; blocks added later lie anywhere */
};
extern struct frame_table frame_table;

static inline void *phys_to_virt(paddr_t addr)
{
	return (void *)(DIRECT_MAP_BASE + addr);
}

/* The entry for the frame that holds addr, read-only; NULL if it is no RAM that the table covers. */
static inline const struct frame *frame_at(paddr_t addr)
{
	uint64_t index = (addr >> PAGE_SHIFT) - frame_table.first;

	return index < frame_table.count ? (const struct frame *)phys_to_virt(frame_table.table) + index : NULL;
}

/* FRAME_RESERVED where there is no entry. */
static inline enum frame_type frame_type_at(paddr_t addr)
{
	const struct frame *frame = frame_at(addr);

	return frame ? (enum frame_type)frame->type : FRAME_RESERVED;
}

/* Exactly that, which isn't FRAME_RESERVED. */
static inline bool frame_is(paddr_t addr, enum frame_type type)
{
	uint64_t index = (addr >> PAGE_SHIFT) - frame_table.first;

	return index < frame_table.count && ((const struct frame *)phys_to_virt(frame_table.table))[index].type == type;
}

enum sealed_class frame_class(enum frame_type type);
bool frame_is_arena(enum frame_type type);
bool frame_is_table(enum frame_type type);      /* any kind of page table or root */
const char *frame_type_text(enum frame_type type);
/* How many frames of each type there are; all arena frames in use. For leak checks: walks the whole frame table. */
void frame_count(uint64_t counts[FRAME_TYPE_COUNT]);
uint64_t arena_frames_used(void);

#endif
