/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_user_mode.h: the inline functions of arch.h's section "user mode" that say nothing on a fake machine: there are
 * no threads and no user memory. For both fakes.
 */
#ifndef AMBER_TESTS_FAKE_USER_MODE_H
#define AMBER_TESTS_FAKE_USER_MODE_H

/* As the machine has it whose page-table entries are used. */
#ifdef AMBER_X86_PTE_H
#define ARCH_HAS_ASIDS false
#else
#define ARCH_HAS_ASIDS true
#endif

static inline uint64_t arch_syscall_number(const struct trap_frame *frame)
{
	(void)frame;
	return 0;
}

static inline uint64_t arch_syscall_argument(const struct trap_frame *frame, unsigned n)
{
	(void)frame, (void)n;
	return 0;
}

static inline void arch_syscall_set_argument(struct trap_frame *frame, unsigned n, uint64_t value)
{
	(void)frame, (void)n, (void)value;
}

static inline uint64_t arch_syscall_result(const struct trap_frame *frame, unsigned n)
{
	(void)frame, (void)n;
	return 0;
}

static inline void arch_syscall_set_result(struct trap_frame *frame, unsigned n, uint64_t value)
{
	(void)frame, (void)n, (void)value;
}

static inline bool arch_frame_is_user(const struct trap_frame *frame)
{
	(void)frame;
	return false;
}

static inline void arch_user_access_begin(void)
{
}

static inline void arch_user_access_end(void)
{
}

#endif
