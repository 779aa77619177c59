/* SPDX-License-Identifier: MIT */
/*
 * kernel/vdso.c: fills the two pages that every space sees, before they are sealed with all other data of their class. Init only.
 */
#include "vdso_pages.h"

#include <amber/abi.h>
#include <amber/initcall.h>
#include <amber/string.h>

#include <arch.h>

#define VDSO_VERSION 1

_Static_assert(VDSO_CODE_ADDRESS == VDSO_DATA_ADDRESS + PAGE_SIZE, "the code finds the data by that");
_Static_assert(offsetof(struct vdso_data, counter_base) == 8 && offsetof(struct vdso_data, scale) == 16 &&
               offsetof(struct vdso_data, shift) == 24, "arch/…/vdso.S reads them there");

/* Late: the timer's rate is known by then. */
static enum error __init vdso(void)
{
	struct vdso_data data = { .version = VDSO_VERSION };

	arch_clock_describe(&data.counter_base, &data.scale, &data.shift);
	data.counts_instructions = arch_clock_counts_instructions();
	data.entry_instructions = arch_entry_instructions() + arch_hardware_wait_instructions();
	memcpy(vdso_data, &data, sizeof(data));
	memcpy(vdso_code, arch_vdso_start, (size_t)(arch_vdso_end - arch_vdso_start));
	return OK;
}
INITCALL(INITCALL_LATE, vdso);
