/* SPDX-License-Identifier: MIT */
/* kernel/device_init.h: what the device initcalls must know of boot_info, and what became of them. */
#ifndef AMBER_DEVICE_INIT_H
#define AMBER_DEVICE_INIT_H

#include <amber/boot_info.h>

void device_init_remember(const struct boot_info *boot_info);
bool device_init_has_timer(void); /* did it start ticking? any time */

#endif
