/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/smp.c: the other CPUs: the device tree lists them, PSCI's CPU_ON starts them (DEN 0022), the GIC's software
 * interrupts reach them. No store can start a CPU here, so the gate has no part in it.
 */
#include "cpu.h"

#include <amber/layout.h>
#include <amber/string.h>

#include "intc.h"
#include "psci.h"

#define MPIDR_AFFINITY 0xffffff /* Aff0 to Aff2; Aff3 is 0 in machines with a GICv2 */

unsigned __ro_after_init arch_cpus_listed = 1;
unsigned __ro_after_init arch_cpus_startable = 1;
static uint32_t __ro_core hardware_ids[MAX_CPUS]; /* the first is this CPU's */

/* What a CPU reads with its MMU off (bringup.S): so it is cleaned to memory. */
struct bringup {
	uint64_t low_root, high_root;
	struct percpu *cpu;
};
/* One for each: a CPU that comes up late must not find another's. */
static struct bringup __ro_core __aligned(64) bringups[MAX_CPUS];
static paddr_t __ro_core bringup_root;


void __init arch_cpus_find(const struct boot_info *boot_info)
{
	uint32_t own = READ_REGISTER(mpidr_el1) & MPIDR_AFFINITY;
	unsigned count = 1;

	hardware_ids[0] = own;
	for (unsigned i = 0; i < boot_info->cpu_ids_kept; i++)
		if (boot_info->cpu_ids[i] != own && count < MAX_CPUS)
			hardware_ids[count++] = boot_info->cpu_ids[i];
	arch_cpus_listed = MAX(boot_info->cpu_count, count);
	arch_cpus_startable = boot_info->devices.has_psci ? count : 1;
}

uint32_t arch_cpu_hardware_id(unsigned id)
{
	return hardware_ids[id];
}

/* All of the kernel's text: it is there anyway, readable and executable. */
void arch_bringup_range(paddr_t *start, uint64_t *bytes)
{
	*start = arch_image_phys;
	*bytes = (uint64_t)(__text_end - __text_start);
}

void __init arch_bringup_prepare(paddr_t root)
{
	bringup_root = root;
}

/* To the point of coherency: who reads it has no cache on. */
static void clean(const void *start, uint64_t bytes)
{
	uint64_t line = 4ull << (READ_REGISTER(ctr_el0) >> 16 & 15);

	for (vaddr_t addr = (vaddr_t)start & ~(line - 1); addr < (vaddr_t)start + bytes; addr += line)
		__asm__ volatile("dc cvac, %0" : : "r"(addr) : "memory");
	__asm__ volatile("dsb sy" ::: "memory");
}

enum error arch_cpu_start(struct percpu *cpu)
{
	paddr_t entry = arch_image_phys + ((vaddr_t)secondary_start - IMAGE_BASE);
	struct bringup *bringup = &bringups[cpu->id];
	paddr_t argument = arch_image_phys + ((vaddr_t)bringup - IMAGE_BASE);

	*bringup = (struct bringup){ bringup_root, cpu->kernel_root, cpu };
	clean(bringup, sizeof(*bringup));
	return psci_cpu_on(cpu->hardware_id, entry, argument) == 0 ? OK : ERR_HARDWARE;
}

void arch_cpu_init(struct percpu *cpu)
{
	pan_leave_out();
	arch_traps_install(cpu);
	intc_start(cpu->id);
}

void arch_interrupt_cpu(struct percpu *cpu, enum cpu_interrupt what)
{
	if (cpu != this_cpu())
		intc_send(cpu->id, what);
}

bool arch_send_nmi(struct percpu *cpu)
{
	(void)cpu;
	return false;
}

void arch_stop_others(void)
{
	for (unsigned id = 0; id < MAX_CPUS; id++)
		if (percpu[id].is_online)
			arch_interrupt_cpu(&percpu[id], CPU_INTERRUPT_STOP);
}

enum error arch_gate_cpu_start(struct percpu *cpu, uint64_t step)
{
	(void)cpu, (void)step;
	return ERR_UNSUPPORTED;
}

enum error arch_gate_interrupt(struct percpu *cpu, enum cpu_interrupt what)
{
	(void)cpu, (void)what;
	return ERR_UNSUPPORTED;
}
