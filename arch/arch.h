/* SPDX-License-Identifier: MIT */
/*
 * arch/arch.h: THE contract between generic code and a machine: every type, constant and function that
 * generic code may use of arch/ARCH/. Both machines implement exactly this list, in files of the same
 * names (they are the headings below). Nothing here allocates.
 */
#ifndef AMBER_ARCH_H
#define AMBER_ARCH_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/error.h>
#include <amber/fault.h>
#include <amber/panic.h>
#include <amber/percpu.h>
#include <amber/types.h>
#include <amber/violation.h>

/* --- pte.h: encoding of one page-table entry; pure, also compiled on the host --------------------------
 * Levels: 1 = table of 4 KiB leaves, 2 = 2 MiB leaves or tables, 3 = tables, 4 = root. */
typedef uint64_t pte_t;
#define PERM_R      1u /* always set on a leaf */
#define PERM_W      2u
#define PERM_X      4u
#define PERM_USER   8u
#define PERM_DEVICE 16u /* uncached device memory */
static inline pte_t pte_encode(paddr_t frame, unsigned perms, int level); /* a leaf; level 1 or 2; never global */
static inline pte_t pte_encode_table(paddr_t table);                      /* pointer to a table of the next lower level */
static inline pte_t pte_encode_user_table(paddr_t table);                 /* … below which user leaves may lie */
static inline bool pte_is_present(pte_t pte);
static inline bool pte_is_table(pte_t pte, int level);
static inline unsigned pte_perms(pte_t pte);                              /* of a leaf */
static inline paddr_t pte_addr(pte_t pte, int level);                     /* frame of a leaf, or the table */
/* May a live entry `old` be replaced by `new` without going through an empty entry? (both 0 or same frame, same kind) */
static inline bool pte_change_allowed(pte_t old, pte_t new, int level);
/* Exchanges an entry atomically (the hardware may set accessed bits) and returns the old one. */
static inline pte_t arch_pte_exchange(volatile pte_t *slot, pte_t value);
/* Makes stores to entries visible to the table walker (aarch64: dsb ishst). */
static inline void arch_pte_sync(void);

/* --- arch_inline.h: this CPU ---------------------------------------------------------------------------- */
static inline struct percpu *this_cpu(void);       /* x86_64: GS base; aarch64: TPIDR_EL1 */
static inline uint64_t arch_irq_save(void);        /* masks interrupts, returns the state before */
static inline void arch_irq_restore(uint64_t state);
static inline bool arch_irqs_enabled(void);
static inline void arch_irq_enable(void);
static inline void arch_cpu_relax(void);           /* pause, yield: in every spin */
static inline void arch_wait_for_interrupt(void);  /* enables interrupts and waits for one, without a gap */
static inline uint64_t arch_frame_pointer(void);   /* for backtraces: [fp] = caller's fp, [fp+8] = return address */
static inline uint64_t arch_root_current(void);    /* the loaded root value, as stored in struct percpu */
static inline paddr_t arch_root_frame(uint64_t root_value);
/* The value that loads the root table `frame`: aarch64 adds an ASID of the kind's own. */
enum root_kind { ROOT_KERNEL, ROOT_GATE, ROOT_DRY };
static inline uint64_t arch_root_value(paddr_t frame, enum root_kind kind);
/* Copies one page; both aligned to 8 bytes. Any memory that may be cached. */
static inline void arch_copy_page(void *to, const void *from);
static inline void arch_copy_words(uint64_t *to, const uint64_t *from, uint64_t words); /* at least 1 */
/* Counts for measurements: executed instructions if the clock counts them (under -icount), else false. */
static inline uint64_t arch_instructions(void);    /* raw counter: only differences mean something */
/* ARCH_COUNTER(value, before, behind): one block of assembly: `before`, the counter (its low 32 bits at least), `behind`.
 * ARCH_COUNTER_COST: how many instructions of two such blocks lie between the two readings. Only where the clock counts. */

/* --- entry.S: boot tables, boot stack, then one of the entries in upcalls.h ------------------------------- */
extern paddr_t arch_image_phys;                     /* class data: where IMAGE_BASE lies physically (2 MiB aligned) */

/* --- cpu.c ------------------------------------------------------------------------------------------------ */
extern const char arch_name[];                      /* "x86_64", "aarch64" */
extern const uint16_t arch_elf_machine;             /* e_machine of its programs (ELF) */
const char *arch_cpu_missing(const struct boot_info *boot_info); /* what the machine lacks ("NX", "GICv2"), or NULL */
const char *const *arch_cpu_features(void);         /* the optional features in use, ends with NULL */
void arch_percpu_install(struct percpu *cpu);       /* GS base / TPIDR_EL1 := cpu */
void arch_root_load(uint64_t root_value);           /* switches the translation, drops what the switch must drop */
/* Stacks for traps, by whichever CPU; before the seal. Then, on the CPU itself, after the kernel root is live: on x86_64 final
 * GDT and TSS, on aarch64 the final vectors. */
#define ARCH_TRAP_STACKS 5                          /* x86_64: #DF, NMI, #MC, #DB, user mode; aarch64: [0] = emergency stack */
extern const unsigned arch_trap_stacks;             /* how many of them are used */
void arch_traps_prepare(struct percpu *cpu, const vaddr_t stack_tops[ARCH_TRAP_STACKS]);
void arch_traps_install(struct percpu *cpu);
__noreturn void arch_halt(void);                    /* masks everything and stops for good */
bool arch_clock_counts_instructions(void);          /* found out once, by running a loop of known length */
void arch_write_protect_off(void);                  /* broken kernel, BROKEN_WP; empty in the ordinary one */

/* --- tlb.c: invalidate on this CPU what the manual asks for after a change of live entries ---------------- */
void arch_tlb_invalidate_page(vaddr_t addr);
void arch_tlb_invalidate_all(void);
/* The same on every CPU, and waits (aarch64: true). False (x86_64): done on this one only, the others have to be asked. */
bool arch_tlb_broadcast_page(vaddr_t addr);
bool arch_tlb_broadcast_all(void);

/* --- smp.c: the other CPUs ---------------------------------------------------------------------------------- */
extern unsigned arch_cpus_listed;                   /* class data: CPUs that the machine lists; more than MAX_CPUS is possible */
extern unsigned arch_cpus_startable;                /* … of which so many, the first included, can be started: at most MAX_CPUS */
void arch_cpus_find(const struct boot_info *boot_info); /* boot tables live; says nothing */
uint32_t arch_cpu_hardware_id(unsigned id);         /* of the CPU that gets that number; 0 is the one that boots */
/* What a CPU that comes up runs before it has the kernel's tables: whole pages, mapped executable at their physical address in
 * the bring-up root; bytes 0: no CPU can be started. */
void arch_bringup_range(paddr_t *start, uint64_t *bytes);
void arch_bringup_prepare(paddr_t root);            /* boot tables live */
enum error arch_cpu_start(struct percpu *cpu);      /* gives the signal; the CPU ends in cpu_main (upcalls.h) */
void arch_cpu_init(struct percpu *cpu);             /* first of all in cpu_main: traps and interrupt controller of this CPU */
void arch_interrupt_cpu(struct percpu *cpu, enum cpu_interrupt what); /* to itself: nothing */
bool arch_send_nmi(struct percpu *cpu);             /* for tests: an interrupt that nothing masks; false: there is none */
void arch_stop_others(void);                        /* panic: tells them; they set state->is_stopped */
/* Inside the gate (x86_64: what smp.c asks for); ERR_UNSUPPORTED where the gate isn't needed for it. */
enum error arch_gate_cpu_start(struct percpu *cpu, uint64_t step);
enum error arch_gate_interrupt(struct percpu *cpu, enum cpu_interrupt what);

/* --- gate.S: root, stack and function of the gate, all from registers and sealed memory ------------------- */
uint64_t arch_gate_call(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
/* Runs inside the gate: writes one of the registers that only the gate can reach (x86_64: local APIC).
 * ERR_INVALID for any other register. */
enum error arch_gate_device(uint64_t reg, uint64_t value);

/* --- trap_frame.h, trap.S, trap.c ----------------------------------------------------------------------------- */
struct trap_frame;                                  /* all registers; trap_frame.h; size a multiple of 16 */
extern const size_t arch_frame_bytes;
vaddr_t arch_frame_pc(const struct trap_frame *frame);
vaddr_t arch_frame_sp(const struct trap_frame *frame);
vaddr_t arch_frame_fp(const struct trap_frame *frame);
void arch_frame_set_pc(struct trap_frame *frame, vaddr_t pc);
bool arch_frame_irqs_enabled(const struct trap_frame *frame);
/* Prints the registers, one log line each, serial only. */
void arch_frame_print(const struct trap_frame *frame);
__noreturn void arch_frame_resume(struct trap_frame *frame); /* continues where the frame says */

/* --- context.S -------------------------------------------------------------------------------------------------- */
/* Calls fn(arg) on the stack whose top is `sp`; the old stack is forgotten. */
__noreturn void arch_call_on_stack(vaddr_t sp, void (*fn)(void *), void *arg);
/* Saves callee-saved registers on the stack and its pointer to *save_sp, then continues at load_sp. */
void arch_context_switch(vaddr_t *save_sp, vaddr_t load_sp);
/* Prepares a new stack so that a switch to the returned pointer calls fn(arg), interrupts masked as they are. */
vaddr_t arch_context_prepare(vaddr_t stack_top, void (*fn)(void *), void *arg);

/* --- probe.S: accesses that may fail; each has a row in the section .fixup_table ------------------------------- */
struct fixup {
	vaddr_t pc, target; /* a fault at pc continues at target */
};
bool arch_try_read(vaddr_t addr, void *dst, unsigned bytes); /* 1, 2, 4, 8, 16 */
bool arch_try_write8(vaddr_t addr, uint8_t value);           /* stores one byte */

/* --- step.S, step.c: one instruction under another root ------------------------------------------------------------ */
enum step_result { STEP_DONE, STEP_FAULT };
/* Looks at the instruction: its kind for the record, whether and how it may be stepped. */
struct step_traits {
	enum store_kind kind;
	bool can_step;          /* false: store-exclusive */
	bool single_pass;       /* reads a port: must not run twice */
	bool stores_flags;      /* x86_64 pushf: stores what the step changed; see arch_step_fix_stored */
	uint8_t element_bytes;  /* what one turn of a repeated store writes; 0 = it does not repeat */
	uint8_t rmw_bytes;      /* a read-modify-write: what it accesses, of which not every byte need show; else 0 */
};
struct step_traits arch_step_traits(const struct trap_frame *frame);
/* Runs exactly one instruction of *before with `root` loaded and interrupts masked; a `rep` goes on while its
 * destination stays in [first, last]. *after then holds the registers behind it (its interrupt and trace bits as
 * before the step). STEP_FAULT: it raised another exception: *fault says which, *after is undefined. *before is the
 * same again in both cases. Relies on: running on the story stack; this_cpu()->state->step_… */
enum step_result arch_step(struct trap_frame *before, struct trap_frame *after, uint64_t root, vaddr_t first, vaddr_t last,
                           struct fault *fault);
/* Puts right what the step itself changed in the stored bytes (pushf: TF and IF). `page` is a shadow, mapped
 * at `addr_page` during the step; writes through `page`. Inside the gate. */
void arch_step_fix_stored(const struct trap_frame *before, uint8_t *page, vaddr_t addr_page);
extern const uint64_t arch_zero_block_bytes;        /* aarch64: dc zva's block; x86_64: 0 */

/* --- inject.S: the stores of inject=, really executed ----------------------------------------------------------------- */
void arch_inject_store1(vaddr_t addr, uint64_t value);
void arch_inject_store2(vaddr_t addr, uint64_t value);
void arch_inject_store4(vaddr_t addr, uint64_t value);
void arch_inject_store8(vaddr_t addr, uint64_t value);
void arch_inject_or(vaddr_t addr, uint64_t value);
void arch_inject_swap(vaddr_t addr, uint64_t value);
void arch_inject_cmpxchg(vaddr_t addr, uint64_t value, uint64_t expected);
extern const bool arch_atomics_need_alignment;      /* or, swap, cmpxchg fault on a misaligned address */
void arch_inject_fill(vaddr_t addr, uint64_t value); /* 64 bytes of the low byte; rep stosb, or one 8-byte store in a loop */

/* --- probes.S: the instructions that dry_run_* self-tests run on a sealed and on an ordinary page -------------------- */
#define PROBE_REGISTERS 34                          /* general registers, stack pointer, flags; unused ones stay 0 */
struct probe_registers {
	uint64_t r[PROBE_REGISTERS];
};
struct dry_run_probe {
	const char *name;                           /* "store8", "push", "rep_stosb": the test is dry_run_NAME */
	const void *code;                           /* one instruction (plus what it needs before), then return */
	int32_t offset;                             /* where in the page it aims; negative: before its end, across the edge */
	uint32_t bytes;                             /* how much it may touch behind that */
	bool uses_stack;                            /* it pushes with the stack pointer at the target */
};
extern const struct dry_run_probe arch_dry_run_probes[];
extern const unsigned arch_dry_run_probe_count;
/* Loads every register from a fixed pattern with `target` in the machine's pointer register(s), runs the probe, stores every
 * register, the stack pointer and the flags behind it. Interrupts are masked meanwhile. */
void arch_probe_run(const struct dry_run_probe *probe, vaddr_t target, struct probe_registers *after);

/* --- user mode: trap_frame.h (inline), trap.S, user_access.S, context.S, cpu.c, tlb.c ---------------------------------
 * The frame of a thread in user mode lies at the very top of its kernel stack (thread->stack_top - arch_frame_bytes).
 * System call, see abi.h and docs/syscalls.md: x86_64 `syscall`: number rax, arguments rdi rsi rdx r10 r8 r9 r12; results:
 * error rax, then rsi rdx r10 r8 r9, number 6 rdi; rcx r11 r14 are lost. aarch64 `svc #0`: number x8, arguments x0 … x6;
 * results: error x0, then x1 … x6; nothing is lost. Argument 2+i and result 2+i are the same register. */
static inline uint64_t arch_syscall_number(const struct trap_frame *frame);
static inline uint64_t arch_syscall_argument(const struct trap_frame *frame, unsigned n); /* 0 … 6 */
static inline void arch_syscall_set_result(struct trap_frame *frame, unsigned n, uint64_t value); /* 0 = error; 1 … 6 */
/* For tests that put themselves into user mode's place. */
static inline void arch_syscall_set_argument(struct trap_frame *frame, unsigned n, uint64_t value);
static inline uint64_t arch_syscall_result(const struct trap_frame *frame, unsigned n); /* 0 = error; 1 … 6 */
static inline bool arch_frame_is_user(const struct trap_frame *frame);
/* A new thread's first frame: user mode, interrupts enabled, first argument register = argument, all others 0. */
void arch_user_frame_init(struct trap_frame *frame, vaddr_t pc, vaddr_t sp, uint64_t argument);
/* Saves the kernel context like arch_context_switch, then goes to user mode with *frame. */
void arch_switch_to_user(vaddr_t *save_sp, struct trap_frame *frame);
/* User memory may be touched only in between (SMAP, PAN): nothing where the CPU lacks it. */
static inline void arch_user_access_begin(void);
static inline void arch_user_access_end(void);
/* In between only, with fix-up addresses. The caller has checked that [user, user + bytes) lies in USER_START … USER_END.
 * False: some byte was not accessible; what was copied before stays. */
bool arch_copy_from_user(void *to, vaddr_t user, size_t bytes);
bool arch_copy_to_user(vaddr_t user, const void *from, size_t bytes);
/* Loads a space's root table (checked by mm/address_space.c) and its ASID; 0 = no user half, the kernel's root alone. */
static inline void arch_space_load(paddr_t root, unsigned asid);
/* The same for a root, where another space's or none is loaded; cpu = this_cpu(). ARCH_HAS_ASIDS: the space before keeps its
 * translations. */
static inline void arch_space_enter(const struct percpu *cpu, paddr_t root, unsigned asid);
extern unsigned arch_asids; /* class data: ASIDs for spaces: 1 … arch_asids; 0: the machine has none (x86_64) */
extern const bool arch_root_has_kernel_half;        /* a space's root has the kernel's slots too (x86_64) */
void arch_tlb_invalidate_user_page(unsigned asid, vaddr_t addr);   /* on this CPU */
bool arch_tlb_broadcast_user_page(unsigned asid, vaddr_t addr);    /* on all (aarch64: true); false: on this one only */
void arch_tlb_invalidate_user_all(unsigned asid);
bool arch_tlb_broadcast_user_all(unsigned asid);
/* What was stored there is about to be executed at whatever address: caches of instructions must see it. */
void arch_code_written(const void *start, size_t bytes);
/* Interrupt lines for drivers in user mode. A line that fires is masked until it is enabled again. */
enum error arch_irq_line_enable(unsigned line);
void arch_irq_line_disable(unsigned line);
/* Devices that user mode may have: ports (x86_64), or a page of device memory; both 0 = not there. bytes: 1, 2, 4. */
enum user_device { USER_DEVICE_UART, USER_DEVICE_KEYBOARD, USER_DEVICES };
struct arch_user_device {
	paddr_t page;                                   /* device memory: may be mapped with PERM_USER | PERM_DEVICE */
	uint16_t port;                                  /* the first; which of those behind it belong to the device: */
	uint32_t ports;                                 /* … bit n: port + n */
	unsigned irq_line;                              /* 0: none */
};
extern struct arch_user_device arch_user_devices[USER_DEVICES]; /* class core: the gate asks it */
uint32_t arch_port_read(uint16_t port, unsigned bytes);
void arch_port_write(uint16_t port, unsigned bytes, uint32_t value);

/* --- timer.c, intc.c ------------------------------------------------------------------------------------------------------ */
#define TIMER_HZ 100
enum error arch_intc_init(void);                    /* interrupt controller: all masked but the timer */
enum error arch_timer_init(void);                   /* calibrates if needed, starts TIMER_HZ ticks on this CPU */
enum error arch_timer_start(void);                  /* the same on another CPU, afterwards */
uint64_t arch_time_us(void);                        /* since kernel entry; works from the first line on (0 until calibrated) */
/* How user mode computes the same: (counter - base) * scale >> shift, in 128 bits (struct vdso_data). Timer running. */
void arch_clock_describe(uint64_t *base, uint64_t *scale, uint64_t *shift);
extern const uint8_t arch_vdso_start[], arch_vdso_end[]; /* vdso.S: uint64_t vdso_time_us(void), position independent */
uint64_t arch_entry_instructions(void);             /* arch_instructions() at kernel entry */
uint64_t arch_hardware_wait_instructions(void);     /* instructions spent waiting for hardware until now */

/* --- devices.c: what is mapped, and what is switched off before ------------------------------------------ */
struct arch_device {
	const char *name;
	paddr_t start;      /* page aligned */
	uint64_t bytes;
	bool gate_only;     /* mapped in the gate root only */
	vaddr_t va;         /* written by mm/kernel_map.c: where it was mapped */
};
extern struct arch_device arch_devices[];           /* class data; filled by arch_devices_find */
extern unsigned arch_device_count;
/* Boot tables live: reads ACPI tables / takes addresses from boot_info, switches PCI bus mastering off, fills
 * arch_devices; prints one line for what it refuses and returns an error (no interrupt controller). */
enum error arch_devices_find(const struct boot_info *boot_info);
void arch_devices_mapped(void);                     /* own tables live: use arch_devices[].va from now on */

/* --- uart.c, screen.c, power.c --------------------------------------------------------------------------- */
void arch_uart_write(const char *text, size_t bytes); /* LF becomes CR LF; waits until it is out; any time */
bool arch_screen_size(unsigned *columns, unsigned *rows); /* false: there is no text screen */
enum screen_style { SCREEN_ORDINARY, SCREEN_HIGHLIGHT, SCREEN_REVERSED }; /* reversed: the cursor is there */
void arch_screen_put(unsigned column, unsigned row, char c, enum screen_style style);
void arch_screen_enable(bool text_screen);          /* after arch_devices_mapped */
void arch_power_off(void);                          /* returns only if the machine can't */
void arch_reset(void);                              /* the same */
void arch_exit_debug(enum exit_status status);      /* exit=debug: ends QEMU with that status; returns if it isn't there */

#include <arch_inline.h> /* the machine's inline half; a missing function stops the build */

#endif
