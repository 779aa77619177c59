/* SPDX-License-Identifier: MIT */
/*
 * percpu.h: what belongs to one CPU. Constants that end in control registers lie in the core section
 * (struct percpu, reached through this_cpu()); what changes lies in ordinary memory behind ->state.
 * The first fields are read by assembly at the offsets PERCPU_…: keep both in step.
 */
#ifndef AMBER_PERCPU_H
#define AMBER_PERCPU_H

#define PERCPU_GATE_ROOT      0
#define PERCPU_GATE_SP        8
#define PERCPU_KERNEL_ROOT    16
#define PERCPU_DRY_ROOT       24
#define PERCPU_SELF           32
#define PERCPU_EMERGENCY_SP   40
#define PERCPU_STATE          48
#define PERCPU_IDLE_SP        56
#define PERCPU_HARDWARE_ID    64
#define PERCPU_BYTES          256 /* the array's step */
#define CPUS_MAX              8   /* for assembly: MAX_CPUS */

#ifndef __ASSEMBLER__
#include <amber/annotate.h>
#include <amber/types.h>

/* What one CPU sends to another. */
enum cpu_interrupt { CPU_INTERRUPT_WAKE, CPU_INTERRUPT_SHOOTDOWN, CPU_INTERRUPT_STOP, CPU_INTERRUPT_COUNT };

struct thread;
struct trap_frame;

#define DRY_TABLES_MAX  7 /* a root and two chains of three tables */
#define DRY_SHADOWS_MAX 6 /* A and B of two pages, and copies of what others may write */

/* Changes at run time; only its own CPU touches it. */
struct cpu_state {
	struct thread *current;
	struct trap_frame *step_frame; /* arch step.S: where the stepped registers go */
	uint64_t step_sp;              /* arch step.S: the stack to come back to */
	uint64_t irq_depth;            /* > 0 inside an interrupt handler */
	bool in_story;                 /* handling a write to sealed memory (mm/fault.c) */
	bool in_panic;
	bool has_arrived;              /* kernel/cpus.c: it runs C code */
	bool is_ready;                 /* … and takes part */
	bool is_stopped;               /* by a panic of another CPU */
	struct thread *finished;       /* kernel/thread.c: what ended here and is not off its stack yet */
	int finished_state;
	uint64_t ticks;
	uint64_t kernel_sp;            /* top of the current thread's kernel stack: where an entry from user mode begins */
	struct address_space *space;   /* mm/address_space.c: whose user half is loaded here, NULL = none */
};

/* Constant after boot, class core. Root values are ready to load (with ASID on aarch64). */
struct percpu {
	uint64_t gate_root;
	uint64_t gate_sp;     /* window address of the top of this CPU's gate stack */
	uint64_t kernel_root;
	uint64_t dry_root;
	struct percpu *self;
	uint64_t emergency_sp; /* aarch64: stack for exceptions on a bad stack */
	struct cpu_state *state;
	uint64_t idle_sp;      /* the stack that it starts on: top */
	uint32_t hardware_id;  /* x86_64: local APIC ID; aarch64: MPIDR affinity */
	uint32_t id;
	uint64_t story_sp;     /* the dry-run stack: top */
	bool is_online;        /* it came up; fixed from the seal on */
	paddr_t gate_stack;    /* frame; the frame below it holds a pattern */
	const uint64_t *gate_guard; /* the last word of that pattern */
	paddr_t dry_root_frame;
	paddr_t dry_state;     /* frame with struct dry_state (mm/dry_run.h) */
	paddr_t dry_tables[DRY_TABLES_MAX - 1];
	paddr_t dry_shadows[DRY_SHADOWS_MAX];
} __aligned(256);

extern struct percpu percpu[MAX_CPUS];          /* mm/percpu_map.c, class core */
extern struct cpu_state cpu_states[MAX_CPUS];   /* mm/percpu_map.c, ordinary */
/* mm/percpu_map.c, class core. Before the seal: the set of CPUs that came up is fixed from here on. */
extern bool cpus_are_settled;
void cpus_settle(void);
extern uint32_t cpus_online_mask;               /* bit set: that one; class core */
unsigned cpus_online(void); /* how many, the first included; 0 before */

_Static_assert(offsetof(struct percpu, gate_root) == PERCPU_GATE_ROOT, "assembly reads it there");
_Static_assert(offsetof(struct percpu, gate_sp) == PERCPU_GATE_SP, "assembly reads it there");
_Static_assert(offsetof(struct percpu, kernel_root) == PERCPU_KERNEL_ROOT, "assembly reads it there");
_Static_assert(offsetof(struct percpu, dry_root) == PERCPU_DRY_ROOT, "assembly reads it there");
_Static_assert(offsetof(struct percpu, self) == PERCPU_SELF, "assembly reads it there");
_Static_assert(offsetof(struct percpu, emergency_sp) == PERCPU_EMERGENCY_SP, "assembly reads it there");
_Static_assert(offsetof(struct percpu, state) == PERCPU_STATE, "assembly reads it there");
_Static_assert(offsetof(struct percpu, idle_sp) == PERCPU_IDLE_SP, "assembly reads it there");
_Static_assert(offsetof(struct percpu, hardware_id) == PERCPU_HARDWARE_ID, "assembly reads it there");
_Static_assert(sizeof(struct percpu) == PERCPU_BYTES && MAX_CPUS == CPUS_MAX, "assembly steps through it");
#endif

#endif
