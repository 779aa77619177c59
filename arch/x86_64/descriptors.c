/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/descriptors.c: IDT, TSS and the TSS descriptors in the GDT (entry.S has the rest). All of
 * them are class core: written while starting, sealed with everything else, and never written by the CPU
 * behind the seal (accessed bits are preset, ltr has set the busy bit).
 */
#include "arch.h"

#include "trap_frame.h"
#include "x86.h"

#define GATE_INTERRUPT 0x8eu /* present, ring 0, 64-bit interrupt gate: masks interrupts */
#define TSS_AVAILABLE  0x89u
#define STACK_COUNT    4 /* on an IST stack; the last of ARCH_TRAP_STACKS is for traps from user mode */

/* Intel SDM vol. 3, 6.14.1 */
struct idt_gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

/* Intel SDM vol. 3, 7.7 */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, io_map;
} __packed;

struct descriptor_pointer {
	uint16_t limit;
	uint64_t base;
} __packed;

_Static_assert(sizeof(struct idt_gate) == 16 && sizeof(struct tss) == 104, "the CPU reads them");

static struct idt_gate idt[VECTOR_COUNT] __ro_core __aligned(16);
static struct tss tss[MAX_CPUS] __ro_core __aligned(16);

/* In the order of arch_traps_install's stacks: IST 1, 2, … */
static const uint8_t stack_vectors[STACK_COUNT] = {
	VECTOR_DOUBLE_FAULT, VECTOR_NMI, VECTOR_MACHINE_CHECK, VECTOR_DEBUG,
};

void descriptors_load(void)
{
	struct descriptor_pointer pointer = { sizeof(idt) - 1, (uintptr_t)idt };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

__init void descriptors_early(void)
{
	for (unsigned vector = 0; vector < VECTOR_COUNT; vector++) {
		uint64_t entry = (uintptr_t)trap_vectors + vector * TRAP_VECTOR_BYTES;

		idt[vector] = (struct idt_gate){
			.offset_low = (uint16_t)entry,
			.selector = SELECTOR_CODE,
			.type = GATE_INTERRUPT,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
	descriptors_load();
}

const unsigned arch_trap_stacks = ARCH_TRAP_STACKS;

static uint16_t tss_selector(const struct percpu *cpu)
{
	return (uint16_t)(SELECTOR_TSS + cpu->id * 16);
}

/* Not init code: a CPU is started after the boot tables have gone. Writes the core section, so before the seal. */
void arch_traps_prepare(struct percpu *cpu, const vaddr_t stack_tops[ARCH_TRAP_STACKS])
{
	struct tss *own = &tss[cpu->id];
	uint64_t base = (uintptr_t)own, limit = sizeof(*own) - 1;
	uint16_t selector = tss_selector(cpu);

	for (unsigned i = 0; i < STACK_COUNT; i++) {
		own->ist[i] = stack_tops[i];
		idt[stack_vectors[i]].ist = (uint8_t)(i + 1);
	}
	own->rsp[0] = stack_tops[STACK_COUNT]; /* fixed for good: from there trap.S moves on to the thread's own stack */
	own->io_map = sizeof(*own);  /* no I/O bitmap */
	/* SDM vol. 3, figure 7-4 */
	x86_gdt[selector / 8] = limit | (base & 0xffffff) << 16 | (uint64_t)TSS_AVAILABLE << 40 | (base >> 24 & 0xff) << 56;
	x86_gdt[selector / 8 + 1] = base >> 32;
}

/* ltr sets the descriptor's busy bit: before the seal. */
void arch_traps_install(struct percpu *cpu)
{
	__asm__ volatile("ltr %0" : : "r"(tss_selector(cpu)) : "memory");
	user_mode_init();
}
