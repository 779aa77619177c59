/* SPDX-License-Identifier: MIT */
/* arch/aarch64/psci.h: the firmware's power interface (PSCI, DEN 0022). Any context. */
#ifndef AMBER_AARCH64_PSCI_H
#define AMBER_AARCH64_PSCI_H

#include <amber/types.h>

enum psci_conduit { PSCI_UNKNOWN, PSCI_HVC, PSCI_SMC };

void psci_use(enum psci_conduit conduit); /* how calls go down; init only */
void psci_system_off(void);               /* returns only if there is no PSCI or it refuses */

#endif
