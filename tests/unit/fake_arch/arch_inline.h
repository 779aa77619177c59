/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_arch/arch_inline.h: a machine's inline half for host tests of code that masks interrupts
 * or asks for its CPU. Page-table entries are x86_64's. Flags: -I tests/unit/fake_arch -I arch/x86_64.
 */
#ifndef AMBER_TESTS_ARCH_INLINE_H
#define AMBER_TESTS_ARCH_INLINE_H

#include "pte.h"

extern struct percpu fake_cpu;
extern bool fake_irqs_are_enabled; /* fake_arch.c */

static inline struct percpu *this_cpu(void)
{
	return &fake_cpu;
}

static inline uint64_t arch_irq_save(void)
{
	uint64_t state = fake_irqs_are_enabled;

	fake_irqs_are_enabled = false;
	return state;
}

static inline void arch_irq_restore(uint64_t state)
{
	fake_irqs_are_enabled = state;
}

static inline bool arch_irqs_enabled(void)
{
	return fake_irqs_are_enabled;
}

static inline void arch_irq_enable(void)
{
	fake_irqs_are_enabled = true;
}

static inline void arch_cpu_relax(void)
{
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
	return 0;
}

static inline paddr_t arch_root_frame(uint64_t root_value)
{
	return root_value;
}

static inline uint64_t arch_root_value(paddr_t frame, enum root_kind kind)
{
	(void)kind;
	return frame;
}

static inline uint64_t arch_instructions(void)
{
	return 0;
}

static inline void arch_space_load(paddr_t root, unsigned asid)
{
	(void)root, (void)asid;
}

static inline void arch_space_enter(const struct percpu *cpu, paddr_t root, unsigned asid)
{
	(void)cpu;
	arch_space_load(root, asid);
}

#include "fake_user_mode.h"

#endif
