/* SPDX-License-Identifier: MIT */
/* kernel/boot_report.h: the first words of a run. Init only, but for what is kept. */
#ifndef AMBER_BOOT_REPORT_H
#define AMBER_BOOT_REPORT_H

#include <amber/boot_info.h>

extern uint64_t boot_memory_kib; /* class data: RAM, as the event `boot` says */
void boot_report(const struct boot_info *boot_info); /* in words, and as the event `boot` */

#endif
