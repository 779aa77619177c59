/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/trap_frame.h: the registers of interrupted code as trap.S stores them, and what the files of
 * the trap path share. The offsets FRAME_… and STATE_… are for assembly: trap.c asserts that they agree.
 */
#ifndef AMBER_AARCH64_TRAP_FRAME_H
#define AMBER_AARCH64_TRAP_FRAME_H

#define FRAME_X(n)    ((n) * 8)
#define FRAME_SP      248
#define FRAME_PC      256
#define FRAME_PSTATE  264
#define FRAME_ESR     272
#define FRAME_FAR     280
#define FRAME_BYTES   288

/* In struct cpu_state (percpu.h). */
#define STATE_STEP_FRAME 8
#define STATE_STEP_SP    16

/* Numbers of the vectors: four kinds for each of four origins. */
#define VECTOR_SYNC      4 /* this level, own stack pointer: the kernel */
#define VECTOR_IRQ       5
#define VECTOR_USER_SYNC 8 /* user mode */
#define VECTOR_COUNT     16

#ifndef __ASSEMBLER__
#include <amber/types.h>

/* Before arch.h: its inline half looks into it. */
struct trap_frame {
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	uint64_t esr, far; /* valid for synchronous exceptions that are no system call (esr also for SError) */
};

#include "arch.h"

extern const char trap_vectors[];  /* trap.S */
/* Puts the exception into machine-neutral words. */
void trap_describe(const struct trap_frame *frame, unsigned vector, struct fault *fault);
/* Called by trap.S; is_stack_bad: the interrupted stack pointer can't take a frame. */
void trap_handle(struct trap_frame *frame, unsigned vector, bool is_stack_bad);
/* The same before arch_traps_install: always the end. */
__noreturn void trap_early(struct trap_frame *frame, unsigned vector);
/* Called by user_entry.S: exceptions and interrupts in user mode; they return the frame to resume. */
struct trap_frame *trap_from_user(struct trap_frame *frame, unsigned vector);
struct trap_frame *interrupt_from_user(struct trap_frame *frame);
__noreturn void trap_fatal_from_user(struct trap_frame *frame, unsigned vector);
/* step.S: one instruction of *frame under `root`; returns the number of the vector that ended it. */
unsigned step_run(struct trap_frame *frame, uint64_t root, struct cpu_state *state, struct trap_frame *after);
#endif

#endif
