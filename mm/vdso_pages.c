/* SPDX-License-Identifier: MIT */
/* mm/vdso_pages.c: whole pages, so that user mode sees nothing else of the section. Written by the kernel before the seal. */
#include "vdso_pages.h"

#include <amber/annotate.h>

uint8_t __ro_after_init vdso_data[PAGE_SIZE] __aligned(PAGE_SIZE);
uint8_t __ro_after_init vdso_code[PAGE_SIZE] __aligned(PAGE_SIZE);
