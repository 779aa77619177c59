/* SPDX-License-Identifier: MIT */
/* time.h: the time without a system call: code and data that the kernel wrote once and sealed (kernel/vdso.c). */
#ifndef AMBER_USER_TIME_H
#define AMBER_USER_TIME_H

#include <amber/abi.h>

/* Microseconds since kernel entry. */
static inline uint64_t time_us(void)
{
	return ((uint64_t(*)(void))VDSO_CODE_ADDRESS)();
}

static inline const struct vdso_data *vdso_data(void)
{
	return (const struct vdso_data *)VDSO_DATA_ADDRESS;
}

#endif
