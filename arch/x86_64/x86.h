/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/x86.h: what the files of this folder use of each other and nobody else sees. Names without
 * the arch_ prefix are not part of the contract arch.h.
 */
#ifndef AMBER_X86_X86_H
#define AMBER_X86_X86_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/fault.h>
#include <amber/memory_map.h>
#include <amber/types.h>

struct percpu;
struct trap_frame;

/* entry.S: the time-stamp counter when the kernel was entered; class data. */
extern uint64_t entry_instructions;
/* cpu.c: the first C code, called by entry.S: UART, IDT, masked interrupt controllers. */
void x86_early(void);

/* entry.S: class core; its TSS descriptors are descriptors.c's. */
extern uint64_t x86_gdt[];
/* descriptors.c */
void descriptors_early(void); /* IDT without IST stacks */
void descriptors_load(void);  /* on another CPU */

/* user_mode.c: on each CPU: the registers that user mode needs. */
void user_mode_init(void);
/* syscall.S */
void syscall_entry(void);
/* trap.c: from user mode; returns the frame to go on with. */
struct trap_frame *trap_handle_user(struct trap_frame *frame);

/* trap.S: vector n starts at trap_vectors + n * TRAP_VECTOR_BYTES. */
extern const uint8_t trap_vectors[];
extern uint64_t trap_nmi_count;
void trap_restore(void) __noreturn; /* not callable from C: RSP = frame */
/* trap.c */
void trap_handle(struct trap_frame *frame);
/* Says in neutral words what vector, error code, CR2 and the interrupted stack pointer mean. */
void trap_describe(struct fault *fault, unsigned vector, uint64_t error, uint64_t cr2, vaddr_t rsp);

/* step.S: see step.c. */
struct step_exit {
	uint64_t code; /* 0 = stepped; else error code << 32 | (vector + 1) */
	uint64_t cr2;
};
struct step_exit step_run(struct trap_frame *frame, uint64_t root, vaddr_t lo, vaddr_t last, struct trap_frame *after);

/* intc.c */
void intc_mask_pic(void);
void intc_mapped(vaddr_t local_apic); /* where the gate root maps the local APIC */
void intc_end_of_interrupt(void);
enum error intc_write(uint32_t reg, uint32_t value); /* through the gate */
enum error intc_start(void);                         /* this CPU's local APIC */
enum error intc_gate_send(uint32_t hardware_id, uint32_t command); /* inside the gate: an interrupt to another CPU */
/* trampoline.S: copied to a low page, with two words to complete. */
extern const uint8_t trampoline_start[], trampoline_end[], trampoline_root[], trampoline_base[];
/* smp.c */
extern uint64_t x86_cr4;            /* class core: of every CPU */
extern uint32_t x86_stop_requested; /* the next NMI stops */
void smp_find_trampoline(const struct memory_map *memory);
/* devices.c: boot tables live. */
const uint8_t *acpi_view(paddr_t start, size_t bytes);
/* io_apic.c. io_apic_gate runs inside the gate. */
#define COM1_LINE     4 /* as the ISA bus counts */
#define KEYBOARD_LINE 1
bool io_apic_find(paddr_t rsdp, const struct memory_map *memory, paddr_t *page); /* boot tables live; false: there is none */
void io_apic_mapped(vaddr_t page);
void io_apic_start(void);
enum error io_apic_gate(uint64_t request);

void keyboard_start(void); /* keyboard.c */
/* timer.c */
void timer_calibration_tick(void);

/* uart.c, screen.c */
void uart_early(void);
bool screen_is_there(void); /* boot tables live: does video memory keep what is stored in it? */
void screen_mapped(vaddr_t va, bool is_text); /* else it is a framebuffer */
/* pci.c */
void pci_bus_mastering_off(void);
bool pci_is_display_memory(paddr_t start, paddr_t end); /* does one register of a display device hold all of it? */

#endif
