/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/psci.c: calls to the firmware's power interface. The wrong conduit would be an undefined
 * instruction, so nothing is called before the device tree named it. Any context.
 */
#include "psci.h"

#include <amber/annotate.h>

#define PSCI_SYSTEM_OFF    0x84000008
#define PSCI_SYSTEM_RESET  0x84000009
#define PSCI_CPU_ON        0xc4000003
#define PSCI_NOT_SUPPORTED (-1)

static enum psci_conduit __ro_after_init psci_conduit;

void psci_use(enum psci_conduit conduit)
{
	psci_conduit = conduit;
}

/* SMC calling convention (DEN 0028): x0 to x17 may change. */
#define CLOBBERED \
	"x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "memory"

static int64_t call(uint64_t function, uint64_t a, uint64_t b, uint64_t c)
{
	register uint64_t x0 __asm__("x0") = function, x1 __asm__("x1") = a, x2 __asm__("x2") = b, x3 __asm__("x3") = c;

	if (psci_conduit == PSCI_HVC)
		__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERED);
	else if (psci_conduit == PSCI_SMC)
		__asm__ volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : CLOBBERED);
	else
		return PSCI_NOT_SUPPORTED;
	return (int32_t)x0;
}

void psci_system_off(void)
{
	call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void psci_system_reset(void)
{
	call(PSCI_SYSTEM_RESET, 0, 0, 0);
}

int64_t psci_cpu_on(uint64_t target, paddr_t entry, uint64_t argument)
{
	return call(PSCI_CPU_ON, target, entry, argument);
}
