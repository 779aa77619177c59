/* SPDX-License-Identifier: MIT */
/* arch/aarch64/psci.h: the firmware's power interface (PSCI, DEN 0022). Any context. */
#ifndef AMBER_AARCH64_PSCI_H
#define AMBER_AARCH64_PSCI_H

#include <amber/types.h>

enum psci_conduit { PSCI_UNKNOWN, PSCI_HVC, PSCI_SMC };

void psci_use(enum psci_conduit conduit); /* how calls go down; init only */
/* Starts a CPU at a physical address, MMU off, with `argument` in x0. 0, or one of PSCI's negative errors. */
int64_t psci_cpu_on(uint64_t target, paddr_t entry, uint64_t argument);
void psci_system_off(void);               /* returns only if there is no PSCI or it refuses */
void psci_system_reset(void);             /* the same */

#endif
