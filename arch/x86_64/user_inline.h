/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/user_inline.h: the inline half of arch.h's section "user mode": a system call's registers, the door to user memory,
 * and the load of a space. Included by arch_inline.h only; interrupts masked.
 */
#ifndef AMBER_X86_USER_INLINE_H
#define AMBER_X86_USER_INLINE_H

#include "trap_frame.h"

extern bool x86_has_smap; /* user_mode.c, class data */

static inline uint64_t arch_syscall_number(const struct trap_frame *frame)
{
	return frame->rax;
}

static inline uint64_t *x86_argument(struct trap_frame *frame, unsigned n)
{
	return n == 0 ? &frame->rdi : n == 1 ? &frame->rsi : n == 2 ? &frame->rdx : n == 3 ? &frame->r10 : n == 4 ? &frame->r8 :
	       n == 5 ? &frame->r9 : &frame->r12;
}

static inline uint64_t arch_syscall_argument(const struct trap_frame *frame, unsigned n)
{
	return *x86_argument((struct trap_frame *)frame, n);
}

static inline void arch_syscall_set_argument(struct trap_frame *frame, unsigned n, uint64_t value)
{
	*x86_argument(frame, n) = value;
}

static inline uint64_t arch_syscall_result(const struct trap_frame *frame, unsigned n)
{
	return n == 0 ? frame->rax : arch_syscall_argument(frame, n == 6 ? 0 : n);
}

static inline void arch_syscall_set_result(struct trap_frame *frame, unsigned n, uint64_t value)
{
	if (n == 0)
		frame->rax = value;
	else if (n == 6)
		frame->rdi = value;
	else
		*x86_argument(frame, n) = value;
}

static inline bool arch_frame_is_user(const struct trap_frame *frame)
{
	return frame->cs & 3;
}

static inline void arch_user_access_begin(void)
{
	if (x86_has_smap)
		__asm__ volatile("stac" ::: "memory");
}

static inline void arch_user_access_end(void)
{
	if (x86_has_smap)
		__asm__ volatile("clac" ::: "memory");
}

#define ARCH_HAS_ASIDS false

static inline void arch_space_enter(const struct percpu *cpu, paddr_t root, unsigned asid)
{
	(void)cpu, (void)asid;
	__asm__ volatile("movq %0, %%cr3" : : "r"(root) : "memory");
}

/* The root has the kernel's half too; no ASIDs, so the load drops what belongs to the space before (SDM vol. 3, 4.10.4.1). */
static inline void arch_space_load(paddr_t root, unsigned asid)
{
	(void)asid;
	__asm__ volatile("movq %0, %%cr3" : : "r"(root ? root : this_cpu()->kernel_root) : "memory");
}

#endif
