/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/smp.c: finding and starting the other CPUs (ACPI's MADT; INIT and start-up interrupts), and interrupts between
 * CPUs. Everything that writes the local APIC runs inside the gate. Intel SDM vol. 3, 8.4.4 and 10.6.
 */
#include "arch.h"
#include <amber/gate_ops.h>
#include <amber/log.h>
#include <amber/string.h>

#include "acpi.h"
#include "apic.h"
#include "io.h"
#include "trap_frame.h"
#include "x86.h"

#define LOW_PAGES_END   0x9f000 /* above: the BIOS's own data */
#define INIT_WAIT_US    10000
#define SIPI_WAIT_US    200

enum start_step { START_INIT, START_UP };

unsigned arch_cpus_listed __ro_after_init = 1;
unsigned arch_cpus_startable __ro_after_init = 1;
static uint32_t hardware_ids[MAX_CPUS] __ro_core; /* the first is this CPU's */
static paddr_t trampoline_page __ro_core;
uint64_t x86_cr4 __ro_core;
/* Asked by the NMI handler. */
uint32_t x86_stop_requested;

__init void arch_cpus_find(const struct boot_info *boot_info)
{
	struct acpi_cpus found = { 0 };
	uint32_t own = cpuid_read(1).ebx >> 24;
	unsigned count = 1;
	enum error error = acpi_find_cpus(acpi_view, boot_info->rsdp ? boot_info->rsdp : acpi_search_rsdp(acpi_view), &found);

	hardware_ids[0] = own;
	x86_cr4 = cr4_read();
	for (unsigned i = 0; !error && i < found.kept; i++)
		if (found.ids[i] != own && count < MAX_CPUS)
			hardware_ids[count++] = found.ids[i];
	arch_cpus_startable = count;
	arch_cpus_listed = error ? 1 : MAX(found.listed, count);
}

uint32_t arch_cpu_hardware_id(unsigned id)
{
	return hardware_ids[id];
}

/* A page below 1 MiB that is RAM and that nobody else uses: the highest one. 0: there is none. */
static __init paddr_t find_low_page(const struct memory_map *memory)
{
	paddr_t found = 0;

	for (unsigned i = 0; i < memory->count; i++) {
		const struct memory_range *range = &memory->ranges[i];
		paddr_t end = ALIGN_DOWN(MIN(range->end, (paddr_t)LOW_PAGES_END), PAGE_SIZE);

		if (range->kind == MEMORY_USABLE && end >= range->start + PAGE_SIZE)
			found = MAX(found, end - PAGE_SIZE);
	}
	return found;
}

__init void smp_find_trampoline(const struct memory_map *memory)
{
	trampoline_page = arch_cpus_listed > 1 ? find_low_page(memory) : 0;
}

void arch_bringup_range(paddr_t *start, uint64_t *bytes)
{
	*start = trampoline_page;
	*bytes = trampoline_page ? PAGE_SIZE : 0;
}

/* Boot tables live: the page is never mapped writable again. */
__init void arch_bringup_prepare(paddr_t root)
{
	uint8_t *page = (uint8_t *)(uintptr_t)trampoline_page;
	uint32_t words[2], root_value = (uint32_t)root;
	size_t base = (size_t)(trampoline_base - trampoline_start);

	if (!trampoline_page)
		return;
	ASSERT(root <= UINT32_MAX);
	memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	memcpy(words, page + base, sizeof(words));
	words[0] += (uint32_t)trampoline_page;
	words[1] += (uint32_t)trampoline_page;
	memcpy(page + base, words, sizeof(words));
	memcpy(page + (trampoline_root - trampoline_start), &root_value, sizeof(root_value));
}

static void wait_us(uint64_t microseconds)
{
	uint64_t begin = arch_time_us();

	while (arch_time_us() - begin < microseconds)
		arch_cpu_relax();
}

enum error arch_cpu_start(struct percpu *cpu)
{
	static const struct {
		enum start_step step;
		uint64_t wait_us;
	} steps[] = { { START_INIT, INIT_WAIT_US }, { START_UP, SIPI_WAIT_US }, { START_UP, SIPI_WAIT_US } };

	if (!trampoline_page)
		return ERR_NO_MEMORY;
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		enum error error = (enum error)arch_gate_call(GATE_CPU_START, cpu->id, steps[i].step, 0, 0, 0);

		if (error)
			return error;
		wait_us(steps[i].wait_us);
		if (__atomic_load_n(&cpu->state->has_arrived, __ATOMIC_ACQUIRE))
			break; /* a second start-up interrupt would find it running */
	}
	return OK;
}

enum error arch_gate_cpu_start(struct percpu *cpu, uint64_t step)
{
	if (step == START_INIT)
		return intc_gate_send(cpu->hardware_id, APIC_INIT | APIC_ASSERT);
	if (step == START_UP && trampoline_page)
		return intc_gate_send(cpu->hardware_id, APIC_START_UP | APIC_ASSERT | (uint32_t)(trampoline_page >> PAGE_SHIFT));
	return ERR_INVALID;
}

enum error arch_gate_interrupt(struct percpu *cpu, enum cpu_interrupt what)
{
	return intc_gate_send(cpu->hardware_id, what == CPU_INTERRUPT_STOP ? APIC_NMI | APIC_ASSERT : APIC_ASSERT | VECTOR_CPU);
}

void arch_interrupt_cpu(struct percpu *cpu, enum cpu_interrupt what)
{
	if (cpu == this_cpu())
		return;
	if (arch_root_current() == this_cpu()->gate_root) /* a panic inside the gate: its stack has one user */
		(void)arch_gate_interrupt(cpu, what);
	else
		(void)arch_gate_call(GATE_INTERRUPT, cpu->id, what, 0, 0, 0);
}

/* As long as nobody asked for a stop, it is only counted. */
bool arch_send_nmi(struct percpu *cpu)
{
	arch_interrupt_cpu(cpu, CPU_INTERRUPT_STOP);
	return true;
}

/* By NMI: whatever they do, masked interrupts or not. */
void arch_stop_others(void)
{
	x86_stop_requested = 1;
	for (unsigned id = 0; id < MAX_CPUS; id++)
		if (percpu[id].is_online)
			arch_interrupt_cpu(&percpu[id], CPU_INTERRUPT_STOP);
}

/* On a CPU that has just come up: what the boot CPU did in entry.S, descriptors.c and intc.c. */
void arch_cpu_init(struct percpu *cpu)
{
	descriptors_load();
	arch_traps_install(cpu);
	intc_start();
}
