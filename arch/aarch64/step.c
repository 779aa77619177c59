/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/step.c: one instruction under another root (step.S does it), and whether an instruction may
 * be stepped at all. Interrupts masked, on the story stack.
 */
#include "arch.h"

#include "store_kind.h"
#include "trap_frame.h"

const bool arch_atomics_need_alignment = true; /* Arm ARM B2.5.2: without FEAT_LSE2 */

#define EC_SHIFT       26
#define EC_SINGLE_STEP 0x33

_Static_assert(offsetof(struct cpu_state, step_frame) == STATE_STEP_FRAME, "assembly reads it there");
_Static_assert(offsetof(struct cpu_state, step_sp) == STATE_STEP_SP, "assembly reads it there");

enum step_result arch_step(struct trap_frame *before, struct trap_frame *after, uint64_t root, vaddr_t first, vaddr_t last,
                           struct fault *fault)
{
	uint64_t changed = PSTATE_MASKS | PSTATE_SS;
	uint64_t pstate = before->pstate;
	unsigned vector;

	(void)first, (void)last; /* no instruction here repeats by itself */
	before->pstate = (pstate & ~(uint64_t)PSTATE_D) | PSTATE_A | PSTATE_I | PSTATE_F | PSTATE_SS;
	vector = step_run(before, root, this_cpu()->state, after);
	before->pstate = pstate;
	after->pstate = (after->pstate & ~changed) | (pstate & changed);
	if (vector == VECTOR_SYNC && after->esr >> EC_SHIFT == EC_SINGLE_STEP)
		return STEP_DONE;
	trap_describe(after, vector, fault);
	return STEP_FAULT;
}

struct step_traits arch_step_traits(const struct trap_frame *frame)
{
	uint32_t word;
	struct step_traits traits = { .kind = KIND_UNKNOWN, .can_step = true };

	if (!arch_try_read(frame->pc, &word, sizeof(word)))
		return traits;
	traits.kind = store_kind_of(word);
	traits.rmw_bytes = store_rmw_bytes(word);
	/* The step's exception return clears the monitor: the store would never succeed. */
	traits.can_step = traits.kind != KIND_EXCLUSIVE;
	return traits;
}

/* No instruction stores bits that the step changed. */
void arch_step_fix_stored(const struct trap_frame *before, uint8_t *page, vaddr_t addr_page)
{
	(void)before, (void)page, (void)addr_page;
}
