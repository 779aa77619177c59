/* SPDX-License-Identifier: MIT */
/*
 * fault.h: a trap in machine-neutral words. arch/ARCH/trap.c fills it from the frame and the
 * machine's registers, mm/fault.c decides what it means.
 */
#ifndef AMBER_FAULT_H
#define AMBER_FAULT_H

#include <amber/types.h>

struct trap_frame;

struct fault {
	vaddr_t addr;         /* the address used (first faulting byte), if it is a memory access */
	bool is_memory;       /* a memory access failed (else: any other exception) */
	bool is_write;
	bool is_exec;
	bool is_present;      /* a translation exists, its permissions forbid the access */
	bool is_stack;        /* the CPU could not push the frame: addr is the interrupted stack's next 8 bytes */
	const char *name;     /* the exception in words: "page fault", "undefined instruction" */
	uint64_t code;        /* the machine's own code: error code, ESR */
};

#endif
