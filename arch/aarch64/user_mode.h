/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/user_mode.h: the inline half of arch.h's section "user mode": a system call's registers, the door to user
 * memory, and the load of a space. Included by arch_inline.h only; interrupts masked.
 */
#ifndef AMBER_AARCH64_USER_MODE_H
#define AMBER_AARCH64_USER_MODE_H

#include "trap_frame.h"

extern bool cpu_has_pan;           /* cpu.c, class data */
extern paddr_t user_empty_root;    /* user_space.c, class core: a table that translates nothing */
__noreturn void user_asid_wrong(unsigned asid);

static inline uint64_t arch_syscall_number(const struct trap_frame *frame)
{
	return frame->x[8];
}

static inline uint64_t arch_syscall_argument(const struct trap_frame *frame, unsigned n)
{
	return frame->x[n];
}

static inline void arch_syscall_set_result(struct trap_frame *frame, unsigned n, uint64_t value)
{
	frame->x[n] = value;
}

static inline void arch_syscall_set_argument(struct trap_frame *frame, unsigned n, uint64_t value)
{
	frame->x[n] = value;
}

static inline uint64_t arch_syscall_result(const struct trap_frame *frame, unsigned n)
{
	return frame->x[n];
}

static inline bool arch_frame_is_user(const struct trap_frame *frame)
{
	return !(frame->pstate & PSTATE_MODE);
}

static inline void arch_user_access_begin(void)
{
	if (cpu_has_pan)
		__asm__ volatile("msr pan, #0" ::: "memory");
}

static inline void arch_user_access_end(void)
{
	if (cpu_has_pan)
		__asm__ volatile("msr pan, #1" ::: "memory");
}

#define ARCH_HAS_ASIDS true

/* The ASID is TTBR1's (TCR.A1), so two registers change. In between no user half is there: nothing of one space can be
 * cached under the other's ASID, whatever the CPU looks up ahead. What a thread left in TPIDR_EL0 is no other space's to read. */
static inline void user_half_change(uint64_t high)
{
	WRITE_REGISTER(ttbr0_el1, user_empty_root);
	WRITE_REGISTER(ttbr1_el1, high);
	WRITE_REGISTER(tpidr_el0, 0);
	__asm__ volatile("isb" ::: "memory");
}

static inline void arch_space_enter(const struct percpu *cpu, paddr_t root, unsigned asid)
{
	/* The number comes from ordinary memory; the gate's ASID, for one, must never be loaded here. */
	if (__builtin_expect(asid - 1 >= arch_asids, 0))
		user_asid_wrong(asid);
	user_half_change(arch_root_frame(cpu->kernel_root) | (uint64_t)(asid + ASID_LAST_OWN) << TTBR_ASID_SHIFT);
	WRITE_REGISTER(ttbr0_el1, root);
	__asm__ volatile("isb" ::: "memory");
}

static inline void arch_space_load(paddr_t root, unsigned asid)
{
	if (root)
		arch_space_enter(this_cpu(), root, asid);
	else
		user_half_change(this_cpu()->kernel_root);
}

#endif
