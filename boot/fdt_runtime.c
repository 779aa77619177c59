/* SPDX-License-Identifier: MIT */
/*
 * boot/fdt_runtime.c: what Debian's libfdt, compiled with stack protection, expects from its surroundings. Init only:
 * like libfdt itself it is gone after the seal.
 */
#include "fdt_runtime.h"

#include <amber/annotate.h>
#include <amber/panic.h>

uintptr_t __initdata __stack_chk_guard = 0x00be5afe0000ull; /* a 0 byte first stops string overruns */

void __init __stack_chk_fail(void)
{
	panic("boot: libfdt overran its stack: the device tree is hostile or damaged");
}
