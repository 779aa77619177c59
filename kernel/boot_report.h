/* SPDX-License-Identifier: MIT */
/* kernel/boot_report.h: the first words of a run. Init only. */
#ifndef AMBER_BOOT_REPORT_H
#define AMBER_BOOT_REPORT_H

#include <amber/boot_info.h>

void boot_report(const struct boot_info *boot_info); /* in words, and as the event `boot` */

#endif
