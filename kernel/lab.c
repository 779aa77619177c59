/* SPDX-License-Identifier: MIT */
/*
 * kernel/lab.c: three sealed objects for experiments, filled by an initcall like real boot data. Their names and
 * contents are part of what tools rely on (docs/reference.md).
 */
#include "lab.h"

#include <amber/initcall.h>
#include <amber/string.h>

uint64_t __section(".data..ro_after_init.lab_word") lab_sealed_word; /* 64 bytes of room behind it: see the linker script */
uint8_t __section(".data..ro_after_init.lab_page") __aligned(PAGE_SIZE) lab_sealed_page[PAGE_SIZE];
uint8_t __section(".data..ro_after_init.lab_next") lab_sealed_next[PAGE_SIZE];

static enum error __init lab_fill(void)
{
	lab_sealed_word = 0x5ea1ed;
	memset(lab_sealed_page, 0x11, sizeof(lab_sealed_page));
	memset(lab_sealed_next, 0x22, sizeof(lab_sealed_next));
	return OK;
}
INITCALL(INITCALL_LATE, lab_fill);
