/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/power.c: switching the machine off, resetting it, and QEMU's exit status by semihosting. Any context.
 * Without a debugger's or QEMU's semihosting the HLT is an undefined instruction; trap.c then goes on behind it.
 */
#include "psci.h"

#include "arch.h"

/* Semihosting for AArch64, version 3: operation and reason. */
#define SYS_EXIT_EXTENDED            0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

void arch_power_off(void)
{
	psci_system_off();
}

void arch_reset(void)
{
	psci_system_reset();
}

void arch_exit_debug(enum exit_status status)
{
	static const uint64_t codes[] = { [EXIT_OK] = 0, [EXIT_FAILED] = 1, [EXIT_PANIC] = 2, [EXIT_SEALED] = 3 };
	uint64_t block[2] = { ADP_STOPPED_APPLICATION_EXIT, codes[status] };

	__asm__ volatile("mov x0, %0\n\tmov x1, %1\n\thlt #0xf000"
	                 :
	                 : "r"((uint64_t)SYS_EXIT_EXTENDED), "r"(block)
	                 : "x0", "x1", "memory");
}
