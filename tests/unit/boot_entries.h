/* SPDX-License-Identifier: MIT */
/* tests/unit/boot_entries.h: where a boot parser's entry goes on. Linked with it on the host, never called there. */
#ifndef AMBER_TESTS_BOOT_ENTRIES_H
#define AMBER_TESTS_BOOT_ENTRIES_H

#include <amber/upcalls.h>

#include <stdlib.h>

void kernel_main(struct boot_info *boot_info)
{
	(void)boot_info;
	abort();
}

void kernel_boot_failed(struct boot_info *boot_info, const char *why)
{
	(void)boot_info;
	(void)why;
	abort();
}

#endif
