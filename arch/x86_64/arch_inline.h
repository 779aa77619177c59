/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/arch_inline.h: the inline half of arch.h for x86_64: page-table entries (pte.h) and what is
 * one or two instructions on this CPU. Any context; this_cpu() only after arch_percpu_install.
 */
#ifndef AMBER_X86_ARCH_INLINE_H
#define AMBER_X86_ARCH_INLINE_H

#include "pte.h"

#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)

static inline struct percpu *this_cpu(void)
{
	struct percpu *cpu;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(PERCPU_SELF));
	return cpu;
}

static inline uint64_t x86_flags(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline uint64_t arch_irq_save(void)
{
	uint64_t flags = x86_flags();

	__asm__ volatile("cli" : : : "memory");
	return flags;
}

static inline void arch_irq_restore(uint64_t state)
{
	/* By sti and not by popfq: the state came through memory, nothing else of it may reach RFLAGS. */
	if (state & RFLAGS_IF)
		__asm__ volatile("sti" : : : "memory");
}

static inline bool arch_irqs_enabled(void)
{
	return x86_flags() & RFLAGS_IF;
}

static inline void arch_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void arch_copy_page(void *to, const void *from)
{
	uint64_t words = 4096 / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t words)
{
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static inline void arch_wait_for_interrupt(void)
{
	/* sti takes effect behind the next instruction: an interrupt can't slip in before the hlt. */
	__asm__ volatile("sti\n\thlt" : : : "memory");
}

static inline uint64_t arch_frame_pointer(void)
{
	return (uint64_t)(uintptr_t)__builtin_frame_address(0);
}

static inline uint64_t arch_root_current(void)
{
	uint64_t root;

	__asm__ volatile("movq %%cr3, %0" : "=r"(root));
	return root;
}

static inline paddr_t arch_root_frame(uint64_t root_value)
{
	return root_value & PTE_ADDR;
}

static inline uint64_t arch_root_value(paddr_t frame, enum root_kind kind)
{
	/* No PCID: a CR3 load drops every translation, so all kinds load alike. */
	(void)kind;
	return frame;
}

static inline uint64_t arch_instructions(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#define ARCH_COUNTER_COST 3 /* shl, or; the second rdtsc */
#define ARCH_COUNTER(value, before, behind) \
	__asm__ volatile(before "rdtsc\n\tshlq $32, %%rdx\n\torq %%rdx, %%rax\n" behind : "=a"(value) : : "rdx", "cc", "memory")

#include "user_inline.h"

#endif
