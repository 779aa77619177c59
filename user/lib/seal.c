/* SPDX-License-Identifier: MIT */
/* user/lib/seal.c: a program's own post-init read-only data: the kernel's annotation, the kernel's section name. */
#include "memory.h"

enum error seal_ro_after_init(void)
{
	uint64_t pages = (uint64_t)(__ro_after_init_end - __ro_after_init_start) / PAGE_SIZE;

	return pages ? sys_map_seal(HANDLE_SPACE, (uintptr_t)__ro_after_init_start, pages) : OK;
}
