/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/fake_machine.h: a machine for host tests of mm/. Its RAM is a file in memory that is mapped three
 * times: where the direct map is, where the gate's window is (open in the gate only, once the gate is live), and, of the
 * image's part, at IMAGE_BASE. There is no table walker: tests look into the tables themselves (table_walk.h).
 */
#ifndef AMBER_TESTS_FAKE_MACHINE_H
#define AMBER_TESTS_FAKE_MACHINE_H

#include <amber/memory_map.h>
#include <amber/types.h>

#include <arch.h>

#define FAKE_RAM_BYTES (6ull << 30) /* physical addresses below; costs only what is touched */

/* A fresh machine: RAM cleared, the image's sections as at program start and at image_phys, and every static variable of
 * this program as it was at the first call (so tests keep nothing in statics from one start to the next). */
void fake_machine_start(paddr_t image_phys);
/* Start, kernel_map_build, kernel_map_go_live, phys_init. */
void fake_boot(const struct memory_map *memory, paddr_t image_phys);
bool fake_boot_panics(const struct memory_map *memory, paddr_t image_phys); /* the text: fake_panic_text */
bool fake_boot_panics_cpus(const struct memory_map *memory, paddr_t image_phys, unsigned cpus);
/* The same on a small machine: 64 MiB from 1 GiB on, image 2 MiB behind the start. */
#define FAKE_SMALL_START 0x40000000ull
#define FAKE_SMALL_BYTES MIB(64)
#define FAKE_SMALL_IMAGE (FAKE_SMALL_START + MIB(2))
void fake_boot_small(void);
/* … with that many CPUs, all of them online (not settled). The first one runs. */
void fake_boot_small_cpus(unsigned cpus);

/* Leaves the window open for a test that calls the gate's inner functions itself, or that wants to spoil things. */
void fake_window_open(void);
void fake_window_close(void);

/* --- Several CPUs: one thread of the host plays them all, one after the other. */
void fake_be_cpu(unsigned id); /* from here on that CPU runs, under the kernel root */
extern bool fake_broadcasts;   /* arch_tlb_broadcast_… reach the other CPUs (aarch64); true unless a test says otherwise */
extern unsigned fake_interrupts[MAX_CPUS][CPU_INTERRUPT_COUNT], fake_starts[MAX_CPUS]; /* what the gate sent, to whom */
extern unsigned fake_polls;    /* calls of cpu_poll: how often somebody waited */
extern void (*fake_on_relax)(void); /* what the others do while this one spins */
extern paddr_t fake_user_root;  /* what arch_space_load was told last by this CPU; 0 = none */
extern unsigned fake_user_asid, fake_space_loads;
#define FAKE_UART 0x9000000ull
#define FAKE_BRINGUP_PAGE 0x380000000000ull /* in a top-level slot of its own */
extern paddr_t fake_bringup_root;

uint64_t fake_random(void);
uint64_t fake_random_below(uint64_t limit);
void fake_random_seed(uint64_t seed);

/* --- What happens, in order (fake_events.c). Stores are those through the window inside a gate call, one by one: the
 * program is stopped behind each store instruction. */
enum fake_event_kind {
	FAKE_STORE, FAKE_INVALIDATE, FAKE_INVALIDATE_ALL, FAKE_INVALIDATE_USER, FAKE_INVALIDATE_USER_ALL, FAKE_BROADCAST,
	FAKE_SYNC, FAKE_GATE_ENTER, FAKE_GATE_LEAVE,
};
struct fake_event {
	enum fake_event_kind kind;
	uint64_t addr;     /* FAKE_STORE: physical address of the 8-byte word; FAKE_INVALIDATE…: virtual (…_ALL: 0, ASID);
	                    * FAKE_BROADCAST: what comes next is one; FAKE_GATE_ENTER: op */
	uint64_t old, new;
};
#define FAKE_EVENTS_MAX 65536
extern struct fake_event *fake_events;
extern unsigned fake_event_count;
/* From here on; `behind_store` (or NULL) is called behind each store, in a signal handler: it must not assert. */
void fake_record_begin(void (*behind_store)(const struct fake_event *store));
void fake_record_end(void);

/* For fake_machine.c and fake_events.c. */
extern bool fake_is_recording;
void fake_note(enum fake_event_kind kind, uint64_t addr);
void fake_events_install(void);

#endif
