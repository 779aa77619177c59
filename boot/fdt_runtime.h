/* SPDX-License-Identifier: MIT */
/* boot/fdt_runtime.h: symbols that libfdt links against. */
#ifndef AMBER_BOOT_FDT_RUNTIME_H
#define AMBER_BOOT_FDT_RUNTIME_H

#include <amber/annotate.h>
#include <amber/types.h>

extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __noreturn;

#endif
