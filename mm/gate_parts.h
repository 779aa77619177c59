/* SPDX-License-Identifier: MIT */
/* mm/gate_parts.h: the functions that run inside the gate, for gate_functions[] in mm/gate.c only. */
#ifndef AMBER_MM_GATE_PARTS_H
#define AMBER_MM_GATE_PARTS_H

#include <amber/abi.h>

#include "gate.h"
#include "kernel_map.h"

#define USER_SLOT 0 /* the root's entry for USER_START … USER_END */
_Static_assert(USER_START / SLOT_SIZE == USER_SLOT && (USER_END - 1) / SLOT_SIZE == USER_SLOT, "one top-level slot");

#define GATE_DO(name) uint64_t gate_do_##name(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
GATE_DO(set_entries); /* mm/gate.c */
GATE_DO(table);       /* mm/gate_frames.c */
GATE_DO(table_free);
GATE_DO(frame_type);
GATE_DO(dry_begin);   /* mm/gate_dry.c */
GATE_DO(dry_flip);
GATE_DO(dry_fix);
GATE_DO(dry_end);
GATE_DO(fast_begin);  /* mm/gate_fast.c */
GATE_DO(ring_append); /* mm/gate_records.c */
GATE_DO(ring_merge);
GATE_DO(state);
GATE_DO(unprotect);
GATE_DO(hold);        /* mm/gate_lock.c */
GATE_DO(let_go);
GATE_DO(cpu_start);   /* mm/gate_cpus.c */
GATE_DO(interrupt);
GATE_DO(shoot);
GATE_DO(shoot_answer);
GATE_DO(user_entries); /* mm/gate_user.c; these two take the lock themselves: one call less */
GATE_DO(user_protect);
GATE_DO(seal_user);   /* mm/gate_user_seal.c */
GATE_DO(unseal_user);
GATE_DO(user_table);  /* mm/gate_spaces.c */
GATE_DO(user_table_free);
GATE_DO(space_root);
GATE_DO(space_kill);
GATE_DO(space_free);

/* mm/gate_lock.c; inline, because every call takes it. */
struct gate_lock {
	uint32_t holder; /* CPU + 1; 0 = free */
	uint32_t depth;  /* a dry run holds it over several calls */
};
extern struct gate_lock gate_lock; /* class core */

static inline bool gate_lock_is_mine(void)
{
	return !gate_is_live || gate_lock.holder == this_cpu()->id + 1;
}

/* False: another CPU holds it. May be taken again by the CPU that has it. */
static inline __must_check bool gate_lock_take(void)
{
	struct gate_lock *lock = gate_window(image_to_phys((vaddr_t)&gate_lock));
	uint32_t self, expected = 0;

	if (!gate_is_live)
		return true; /* one CPU, and no per-CPU constants yet */
	self = this_cpu()->id + 1;
	if (lock->holder == self) {
		lock->depth++;
		return true;
	}
	if (!__atomic_compare_exchange_n(&lock->holder, &expected, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	lock->depth = 1;
	return true;
}

static inline void gate_lock_drop(void)
{
	struct gate_lock *lock = gate_window(image_to_phys((vaddr_t)&gate_lock));

	if (gate_is_live && --lock->depth == 0)
		__atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
}

/* Private chains that are copies of kernel tables are stale from now on. */
void gate_kernel_entries_changed(void);
/* May `new` replace `old` in a table of that level? All checks of one entry (mm/gate.c). */
bool gate_entry_allowed(pte_t old, pte_t new, int level);
/* mm/gate_run.c: a run of like leaves at once; false = nothing done, take the general way, which decides. */
bool gate_try_run(pte_t *slot, int level, pte_t first, uint64_t step, uint64_t count);

#endif
