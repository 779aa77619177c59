/* SPDX-License-Identifier: MIT */
/* kernel/cpus.h: the other CPUs: started before the seal, then each runs the threads that are given to it. docs/cpus.md */
#ifndef AMBER_CPUS_H
#define AMBER_CPUS_H

#include <amber/annotate.h>
#include <amber/percpu.h>
#include <amber/types.h>

/* How many CPUs will be started, the first included: what the machine lists, `smp=` and MAX_CPUS allow. */
unsigned cpus_wanted(void);
/* Guarded stacks for traps, for handling writes to sealed memory, and to start on. False: no room. */
bool cpu_make_stacks(struct percpu *cpu);
/* Starts them, one after the other; a line for each that stays off. Main thread, before the seal. */
void cpus_start(void);
/* This CPU stops for another one's panic. */
void cpu_stop(void) __noreturn;
/* In the event of a panic: the others stop, wherever they are. */
void cpus_stop_others(void);

#endif
