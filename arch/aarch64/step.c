/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/step.c: one instruction under another root, and what can be said of it by looking. Interrupts
 * masked, on the story stack. Encodings: Arm ARM, C4.1.94 (loads and stores).
 */
#include "arch.h"

#include "trap_frame.h"

#define EC_SHIFT       26
#define EC_SINGLE_STEP 0x33

_Static_assert(offsetof(struct cpu_state, step_frame) == STATE_STEP_FRAME, "assembly reads it there");
_Static_assert(offsetof(struct cpu_state, step_sp) == STATE_STEP_SP, "assembly reads it there");

enum step_result arch_step(struct trap_frame *frame, uint64_t root, vaddr_t lo, vaddr_t hi, struct fault *fault)
{
	uint64_t before = frame->pstate & (PSTATE_MASKS | PSTATE_SS);
	unsigned vector;

	(void)lo, (void)hi; /* no instruction here repeats by itself */
	frame->pstate = (frame->pstate & ~(uint64_t)PSTATE_D) | PSTATE_A | PSTATE_I | PSTATE_F | PSTATE_SS;
	vector = step_run(frame, root, this_cpu()->state);
	frame->pstate = (frame->pstate & ~(uint64_t)(PSTATE_MASKS | PSTATE_SS)) | before;
	if (vector == VECTOR_SYNC && frame->esr >> EC_SHIFT == EC_SINGLE_STEP)
		return STEP_DONE;
	trap_describe(frame, vector, fault);
	return STEP_FAULT;
}

static bool bits(uint32_t word, uint32_t mask, uint32_t value)
{
	return (word & mask) == value;
}

/* Size 001000 o2 L o1 Rs o0 …: exclusive, ordered, compare-and-swap. 001001 is the unprivileged variant. */
static enum store_kind exclusive_class(uint32_t word)
{
	bool is_load = word & (1u << 22), is_pair = word & (1u << 21), is_doubleword = word & (1u << 31);

	if (word & (1u << 23))
		return is_pair ? KIND_ATOMIC : is_load ? KIND_UNKNOWN : KIND_STORE; /* cas; ldar; stlr */
	if (is_pair && !is_doubleword)
		return KIND_ATOMIC; /* casp */
	return is_load ? KIND_UNKNOWN : KIND_EXCLUSIVE;
}

static enum store_kind kind_of(uint32_t word)
{
	if (bits(word, 0x3e000000, 0x08000000))
		return exclusive_class(word);
	if (bits(word, 0x3f200c00, 0x38200000)) /* ld<op>, st<op>, swp; but ldapr only loads */
		return bits(word, 0x0000f000, 0x0000c000) ? KIND_UNKNOWN : KIND_ATOMIC;
	if (bits(word, 0xffffffe0, 0xd50b7420)) /* dc zva */
		return KIND_ZERO_BLOCK;
	if (bits(word, 0x3a000000, 0x28000000)) /* pairs */
		return word & (1u << 22) ? KIND_UNKNOWN : KIND_STORE;
	if (bits(word, 0x3f200c00, 0x19000000)) /* stlur */
		return bits(word, 0x00c00000, 0) ? KIND_STORE : KIND_UNKNOWN;
	if (bits(word, 0xbf000000, 0x0c000000) || bits(word, 0xbf000000, 0x0d000000)) /* SIMD structures */
		return word & (1u << 22) ? KIND_UNKNOWN : KIND_STORE;
	if (bits(word, 0x3a000000, 0x38000000)) /* one register; SIMD's 16 bytes have opc 2, size 0 */
		return bits(word, 0x00c00000, 0) || bits(word, 0xc4c00000, 0x04800000) ? KIND_STORE : KIND_UNKNOWN;
	return KIND_UNKNOWN;
}

struct step_traits arch_step_traits(const struct trap_frame *frame)
{
	uint32_t word;
	struct step_traits traits = { KIND_UNKNOWN, true, false };

	if (!arch_try_read(frame->pc, &word, sizeof(word)))
		return traits;
	traits.kind = kind_of(word);
	/* The step's exception return clears the monitor: the store would never succeed. */
	traits.can_step = traits.kind != KIND_EXCLUSIVE;
	return traits;
}

/* No instruction stores bits that the step changed. */
void arch_step_fix_stored(const struct trap_frame *before, uint8_t *page, vaddr_t addr_page)
{
	(void)before, (void)page, (void)addr_page;
}
