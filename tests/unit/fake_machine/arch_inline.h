/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/arch_inline.h: this CPU's inline half on the fake machine. The page-table entries are those of
 * the machine whose folder follows on the include path: -I tests/unit/fake_machine -I arch/x86_64 (or arch/aarch64).
 */
#ifndef AMBER_TESTS_FAKE_MACHINE_ARCH_INLINE_H
#define AMBER_TESTS_FAKE_MACHINE_ARCH_INLINE_H

/* aarch64's is an instruction that the host lacks. */
#define arch_pte_sync machine_pte_sync
#include "pte.h"
#undef arch_pte_sync

extern struct percpu *fake_this_cpu;
extern bool fake_irqs_enabled;
extern uint64_t fake_root; /* the loaded root value */
void fake_note_sync(void);
void fake_relax(void);
void fake_space_load(paddr_t root, unsigned asid);

static inline void arch_pte_sync(void)
{
	fake_note_sync();
}

static inline struct percpu *this_cpu(void)
{
	return fake_this_cpu;
}

static inline uint64_t arch_irq_save(void)
{
	uint64_t state = fake_irqs_enabled;

	fake_irqs_enabled = false;
	return state;
}

static inline void arch_irq_restore(uint64_t state)
{
	fake_irqs_enabled = state;
}

static inline bool arch_irqs_enabled(void)
{
	return fake_irqs_enabled;
}

static inline void arch_irq_enable(void)
{
	fake_irqs_enabled = true;
}

static inline void arch_cpu_relax(void)
{
	fake_relax();
}

static inline void arch_copy_page(void *to, const void *from)
{
	__builtin_memcpy(to, from, 4096);
}

static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t words)
{
	__builtin_memcpy(to, from, words * sizeof(*to));
}

static inline void arch_wait_for_interrupt(void)
{
}

static inline uint64_t arch_frame_pointer(void)
{
	return 0;
}

static inline uint64_t arch_root_current(void)
{
	return fake_root;
}

/* Bits above the address, as aarch64's ASID: who forgets to cut them off is found out. */
static inline paddr_t arch_root_frame(uint64_t root_value)
{
	return root_value & 0x0000fffffffff000ull;
}

static inline uint64_t arch_root_value(paddr_t frame, enum root_kind kind)
{
	return frame | (uint64_t)(kind + 1) << 48;
}

static inline uint64_t arch_instructions(void)
{
	return 0;
}

/* The root of user mode's half: part of the one root, or (aarch64) a root of its own. */
static inline void arch_space_load(paddr_t root, unsigned asid)
{
	fake_space_load(root, asid);
}

static inline void arch_space_enter(const struct percpu *cpu, paddr_t root, unsigned asid)
{
	(void)cpu;
	arch_space_load(root, asid);
}

#include "fake_user_mode.h"

#endif
