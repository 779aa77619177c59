/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/arch_inline.h: the inline half of arch.h for this machine: this CPU's registers. Included
 * at the end of arch.h only; any context.
 */
#ifndef AMBER_AARCH64_ARCH_INLINE_H
#define AMBER_AARCH64_ARCH_INLINE_H

#include <amber/broken.h>

#include "pte.h"
#include "registers.h"

#define READ_REGISTER(name) \
	({ \
		uint64_t value_; \
		__asm__ volatile("mrs %0, " #name : "=r"(value_)); \
		value_; \
	})
#define WRITE_REGISTER(name, value) __asm__ volatile("msr " #name ", %0" : : "r"((uint64_t)(value)) : "memory")

extern uint32_t pmu_kind; /* cpu.c, class data: PMU_… */

static inline struct percpu *this_cpu(void)
{
	return (struct percpu *)READ_REGISTER(tpidr_el1);
}

static inline uint64_t arch_irq_save(void)
{
	uint64_t state = READ_REGISTER(daif);

	__asm__ volatile("msr daifset, #2" ::: "memory");
	return state;
}

static inline void arch_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void arch_irq_restore(uint64_t state)
{
	/* Only this bit: the saved word went through ordinary memory. */
	if (!(state & PSTATE_I))
		arch_irq_enable();
	else
		__asm__ volatile("msr daifset, #2" ::: "memory");
}

static inline bool arch_irqs_enabled(void)
{
	return !(READ_REGISTER(daif) & PSTATE_I);
}

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static inline void arch_copy_page(void *to, const void *from)
{
	uint64_t turns = 4096 / 64, a, b, c, d;

	__asm__ volatile("1:\tldp %3, %4, [%1], #16\n\tldp %5, %6, [%1], #16\n\tstp %3, %4, [%0], #16\n\tstp %5, %6, [%0], #16\n\t"
	                 "ldp %3, %4, [%1], #16\n\tldp %5, %6, [%1], #16\n\tstp %3, %4, [%0], #16\n\tstp %5, %6, [%0], #16\n\t"
	                 "subs %2, %2, #1\n\tb.ne 1b"
	                 : "+r"(to), "+r"(from), "+r"(turns), "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
	                 :
	                 : "memory", "cc");
}

/* Eight at a time, then four, then one. */
static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t words)
{
	uint64_t a, b, c, d;

	for (; words >= 8; words -= 8)
		__asm__ volatile("ldp %2, %3, [%1], #16\n\tldp %4, %5, [%1], #16\n\tstp %2, %3, [%0], #16\n\tstp %4, %5, [%0], #16\n\t"
		                 "ldp %2, %3, [%1], #16\n\tldp %4, %5, [%1], #16\n\tstp %2, %3, [%0], #16\n\tstp %4, %5, [%0], #16"
		                 : "+r"(to), "+r"(from), "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
		                 :
		                 : "memory");
	for (; words >= 4; words -= 4)
		__asm__ volatile("ldp %2, %3, [%1], #16\n\tldp %4, %5, [%1], #16\n\tstp %2, %3, [%0], #16\n\tstp %4, %5, [%0], #16"
		                 : "+r"(to), "+r"(from), "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d)
		                 :
		                 : "memory");
	for (; words; words--)
		*to++ = *from++;
}

static inline void arch_wait_for_interrupt(void)
{
	/* wfi also ends for an interrupt that is masked, so none slips in between (D1.6.2). */
	__asm__ volatile("msr daifset, #2\n\tdsb sy\n\twfi\n\tmsr daifclr, #2\n\tisb" ::: "memory");
}

static inline uint64_t arch_frame_pointer(void)
{
	return (uint64_t)__builtin_frame_address(0);
}

static inline uint64_t arch_root_current(void)
{
	return READ_REGISTER(ttbr1_el1);
}

static inline paddr_t arch_root_frame(uint64_t root_value)
{
	return root_value & TTBR_FRAME_MASK;
}

static inline uint64_t arch_root_value(paddr_t frame, enum root_kind kind)
{
	uint64_t asid = kind == ROOT_GATE ? ASID_GATE : kind == ROOT_DRY ? ASID_DRY : ASID_KERNEL;

	/* The mistake: the window's translations stay alive behind the gate. */
	if (kind == ROOT_GATE && is_broken(BROKEN_ASID))
		asid = ASID_KERNEL;
	return frame | (asid << TTBR_ASID_SHIFT);
}

static inline uint64_t arch_instructions(void)
{
	uint64_t high, low;

	if (pmu_kind == PMU_NONE)
		return 0;
	__asm__ volatile("isb" ::: "memory");
	if (pmu_kind != PMU_CHAINED)
		return READ_REGISTER(pmevcntr0_el0);
	do {
		high = READ_REGISTER(pmevcntr1_el0);
		low = READ_REGISTER(pmevcntr0_el0);
	} while (high != READ_REGISTER(pmevcntr1_el0));
	return (high << 32) | (low & 0xffffffff);
}

#define ARCH_COUNTER_COST 2 /* the second isb and mrs */
#define ARCH_COUNTER(value, before, behind) \
	__asm__ volatile(before "isb\n\tmrs %0, pmevcntr0_el0\n" behind : "=r"(value) : : "memory")

#include "user_mode.h"

#endif
