/* SPDX-License-Identifier: MIT */
/* mm/gate_parts.h: the functions that run inside the gate, for gate_functions[] in mm/gate.c only. */
#ifndef AMBER_MM_GATE_PARTS_H
#define AMBER_MM_GATE_PARTS_H

#include "gate.h"

#define GATE_STACK_PATTERN 0x6761746573746b21ull

#define GATE_DO(name) uint64_t gate_do_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
GATE_DO(table);       /* mm/gate_frames.c */
GATE_DO(table_free);
GATE_DO(frame_type);
GATE_DO(dry_begin);   /* mm/gate_dry.c */
GATE_DO(dry_flip);
GATE_DO(dry_fix);
GATE_DO(dry_end);
GATE_DO(ring_append); /* mm/gate_records.c */
GATE_DO(ring_merge);
GATE_DO(state);
GATE_DO(unprotect);

/* mm/gate_protect.c: the common case of gate_set_entries, permissions of consecutive ordinary pages; false
 * = nothing done, take the general way. */
bool gate_protect_run(pte_t *slot, int level, pte_t first, uint64_t step, uint64_t count);

#endif
