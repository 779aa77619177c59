/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/psci.c: calls to the firmware's power interface. The wrong conduit would be an undefined
 * instruction, so nothing is called before the device tree named it. Any context.
 */
#include "psci.h"

#include <amber/annotate.h>

#define PSCI_SYSTEM_OFF 0x84000008

static enum psci_conduit __ro_after_init psci_conduit;

void psci_use(enum psci_conduit conduit)
{
	psci_conduit = conduit;
}

/* SMC calling convention (DEN 0028): x0 to x17 may change. */
#define PSCI_CALL(instruction, function) \
	__asm__ volatile("mov x0, %0\n\t" instruction " #0" \
	                 : \
	                 : "r"((uint64_t)(function)) \
	                 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
	                   "x15", "x16", "x17", "memory")

void psci_system_off(void)
{
	if (psci_conduit == PSCI_HVC)
		PSCI_CALL("hvc", PSCI_SYSTEM_OFF);
	else if (psci_conduit == PSCI_SMC)
		PSCI_CALL("smc", PSCI_SYSTEM_OFF);
}
