/* SPDX-License-Identifier: MIT */
/*
 * probes.h: what user mode may not do, or may do without harm: a few instructions each, for `traps`. x86_64/probes.S and
 * aarch64/probes.S. The first fields of struct probe and the constants are for assembly too.
 */
#ifndef AMBER_USER_PROBES_H
#define AMBER_USER_PROBES_H

#define PROBE_CODE      8    /* in struct probe */
#define PROBE_REGISTERS 32
#define PROBE_REPEATS   0x100 /* in `fault`: it comes again behind each instruction, until the probe's end */

/* enum user_fault in abi.h */
#define PROBE_NO_FAULT  0
#define PROBE_READ      1
#define PROBE_WRITE     2
#define PROBE_EXECUTE   3
#define PROBE_EXCEPTION 4
#define PROBE_ANY       0xff /* some fault */

#ifndef __ASSEMBLER__
#include <amber/types.h>

struct probe {
	const char *name;
	const void *code, *next; /* where it begins; where it goes on behind a fault */
	uint64_t fault;          /* which one is awaited */
	uint64_t addr;           /* of a fault that has one */
	uint64_t lost;           /* bit set: registers that it changes itself */
};

extern const struct probe probes[], probes_end[];
extern uint64_t probe_before[PROBE_REGISTERS], probe_after[PROBE_REGISTERS];
/* Loads all registers but the stack pointer from probe_before, runs it, stores them in probe_after. */
void probe_run(const struct probe *probe);
#endif

#endif
