/* SPDX-License-Identifier: MIT */
/*
 * mm/gate.h: the one door through which page tables and other sealed memory change (design: docs/memory.md).
 * The functions here are what the rest of the kernel calls; each is one gate call and one row of
 * gate_functions[]. Interrupts are masked inside. Before the kernel's own tables are live the same
 * functions, with the same checks, run without the switch (the boot tables have the window too).
 */
#ifndef AMBER_MM_GATE_H
#define AMBER_MM_GATE_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/gate_ops.h>
#include <amber/layout.h>
#include <amber/types.h>
#include <amber/violation.h>

#include <arch.h>

#include "frame.h"

struct chain_element;

/* Counted by the gate; class core. */
struct gate_counters {
	uint64_t generation; /* raised by every write to sealed data: copies of it are stale */
	uint64_t tables;     /* raised by every change of kernel entries: copies of tables are stale */
	uint64_t unprotected_pages;
	uint64_t refused;    /* calls that a check turned down */
};
extern struct gate_counters gate_counters;
extern bool gate_is_live; /* class core: the switch works */

#define GATE_STACK_PATTERN 0x67617465ull

uint64_t gate_run_early(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e); /* before the gate is live */
uint64_t gate_run_again(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e); /* until the lock was free */
void gate_stack_overflowed(void) __noreturn;

/* One gate call, when it is live. The gate stack has no guard page; the frame below it holds a pattern instead. */
static inline uint64_t gate_run_live(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	uint64_t result = arch_gate_call(op, a, b, c, d, e);

	if (op != GATE_EMPTY && __builtin_expect(result == ERR_BUSY, 0))
		result = gate_run_again(op, a, b, c, d, e);
	if (__builtin_expect(*this_cpu()->gate_guard != GATE_STACK_PATTERN, 0))
		gate_stack_overflowed();
	return result;
}

static inline uint64_t gate_run(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return __builtin_expect(gate_is_live, 1) ? gate_run_live(op, a, b, c, d, e) : gate_run_early(op, a, b, c, d, e);
}

/* Stores entries index … index+count-1 of `table`: first, first + step, … (first = 0: all empty). All or
 * nothing. ERR_RANGE: beyond the table; ERR_DENIED: a check against the frame table, W^X or the entry's
 * history refuses. The caller invalidates translations. */
enum error gate_set_entries(paddr_t table, unsigned index, pte_t first, uint64_t step, unsigned count) __must_check;
/* The same for consecutive frames over entries that are all there: a hole is ERR_NOT_MAPPED, it would be filled. */
enum error gate_change_entries(paddr_t table, unsigned index, pte_t first, unsigned count) __must_check;
#define GATE_ENTRIES_LIVE (1ull << 63) /* how the gate is told: in `count` */
/* Are the entries exactly first, first + 4096, … (first = 0: all empty)? Reads only; mm/gate_run.c. */
bool gate_entries_are(const pte_t *slot, pte_t first, uint64_t count);
/* An unused arena frame becomes an empty table of that level. / It becomes unused again; it must be empty. */
enum error gate_table(paddr_t frame, unsigned level) __must_check;
enum error gate_table_free(paddr_t frame) __must_check;
/* `count` frames change their type, if no mapping contradicts the new one. All or nothing. */
enum error gate_frame_type(paddr_t first, uint64_t count, enum frame_type type) __must_check;
/* A chain element's counter and state (as many bytes as its policy keeps; NULL: unchanged). Only between gate_hold and
 * gate_let_go. */
enum error gate_state(struct chain_element *element, uint32_t used, const uint8_t *state) __must_check;
/* Makes the mapping of a sealed page (class data) at addr writable, under the caller's root. */
enum error gate_unprotect(vaddr_t addr) __must_check;
enum error gate_device(uint64_t reg, uint64_t value) __must_check;
/* The lock that orders all changes of sealed memory, for several calls. Interrupts masked; holds nest; whoever has it
 * waits for no other CPU. A dry run that is under way has it. */
void gate_hold(void);
void gate_let_go(void);

/* --- for code inside the gate only (mm/gate*.c) --- */
static inline void *gate_window(paddr_t addr)
{
	return (void *)(WINDOW_BASE + addr);
}
/* The writable entry of the frame table, NULL where there is none. */
static inline struct frame *gate_frame(paddr_t addr)
{
	const struct frame *frame = frame_at(addr);

	return frame ? gate_window((paddr_t)((vaddr_t)frame - DIRECT_MAP_BASE)) : NULL;
}
paddr_t gate_caller_root(void);                   /* the root that was loaded outside */
uint64_t gate_refuse(enum error error);           /* counts and returns it */
pte_t *gate_walk(paddr_t root, vaddr_t addr, int *level); /* the leaf's entry (window), NULL if not mapped */
paddr_t gate_image_to_phys(const void *object);   /* of an object in the kernel image */

#endif
