/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/devices.c: which device pages are mapped, and what is switched off before: bus mastering of
 * every PCI function. Runs once while starting. Neither I/O APIC, HPET nor any PCI window is mapped:
 * a store to their registers can write memory behind the page tables' back.
 */
#include "arch.h"
#include <amber/broken.h>
#include <amber/log.h>
#include <amber/string.h>

#include "acpi.h"
#include "apic.h"
#include "io.h"
#include "x86.h"

#define DEVICES_MAX 3

#define VGA_TEXT       0xb8000
#define VGA_TEXT_BYTES 0x8000
#define VGA_NAME       "vga-text"
#define APIC_NAME      "local-apic"
#define APIC_FOR_ALL   "local-apic-for-all" /* the broken kernel's */

#define CPUID_APIC (1u << 9) /* leaf 1, edx */

/* PCI Local Bus Specification 3.0, 3.2.2.3.2 and 6.2 */
#define PCI_ADDRESS        0xcf8
#define PCI_DATA           0xcfc
#define PCI_ENABLE         0x80000000u
#define PCI_COMMAND        0x04
#define PCI_BUS_MASTER     0x04u
#define PCI_HEADER         0x0c
#define PCI_MANY_FUNCTIONS 0x800000u
#define PCI_SLOTS          (256 * 32)
#define PCI_FUNCTIONS      8
#define PCI_NONE           0xffffffffu

#define READABLE_END (4ull << 30) /* the boot tables' identity map */

struct arch_device arch_devices[DEVICES_MAX] __ro_after_init;
unsigned arch_device_count __ro_after_init;

static __init void device_add(const char *name, paddr_t start, uint64_t bytes, bool gate_only)
{
	arch_devices[arch_device_count++] = (struct arch_device){
		.name = name, .start = start, .bytes = bytes, .gate_only = gate_only,
	};
}

/* Always inline: it runs for each of 8192 slots. */
static inline __attribute__((always_inline)) uint32_t pci_read(uint32_t function, uint32_t reg)
{
	io_out32(PCI_ADDRESS, PCI_ENABLE | function << 8 | reg);
	return io_in32(PCI_DATA);
}

static __init void pci_stop(uint32_t function)
{
	uint32_t command = pci_read(function, PCI_COMMAND);

	if (command == PCI_NONE || !(command & PCI_BUS_MASTER))
		return;
	/* The upper half is the status register: ones clear bits there, so write zeros. */
	io_out32(PCI_DATA, command & 0xffff & ~PCI_BUS_MASTER);
}

/* Every slot of every bus, without looking for bridges: what lies behind a wrongly set up one counts too. */
static __init void pci_bus_mastering_off(void)
{
	for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
		uint32_t first = slot * PCI_FUNCTIONS;

		if (pci_read(first, 0) == PCI_NONE)
			continue;
		pci_stop(first);
		if (!(pci_read(first, PCI_HEADER) & PCI_MANY_FUNCTIONS))
			continue;
		for (uint32_t function = 1; function < PCI_FUNCTIONS; function++)
			if (pci_read(first + function, 0) != PCI_NONE)
				pci_stop(first + function);
	}
}

__init const uint8_t *acpi_view(paddr_t start, size_t bytes)
{
	if (!start || start >= READABLE_END || bytes > READABLE_END - start)
		return NULL;
	return (const uint8_t *)(uintptr_t)start;
}

static __init void power_find(paddr_t rsdp)
{
	struct acpi_power power = { 0 };
	enum error error = acpi_find_power(acpi_view, rsdp ? rsdp : acpi_search_rsdp(acpi_view), &power);

	if (error)
		log_warn("acpi", "%s: the machine can't be switched off", error_text(error));
	else
		power_learn(&power);
}

static __init enum error apic_find(void)
{
	uint64_t base;

	if (!(cpuid_read(1).edx & CPUID_APIC)) {
		log_error("devices", "no local APIC");
		return ERR_UNSUPPORTED;
	}
	base = msr_read(MSR_APIC_BASE);
	if (!(base & APIC_BASE_ENABLED) || (base & APIC_BASE_X2APIC)) {
		log_error("devices", "local APIC is switched off or in x2APIC mode");
		return ERR_UNSUPPORTED;
	}
	device_add(APIC_NAME, base & PTE_ADDR, APIC_BYTES, true);
	if (is_broken(BROKEN_APIC))
		device_add(APIC_FOR_ALL, base & PTE_ADDR, APIC_BYTES, false);
	return OK;
}

__init enum error arch_devices_find(const struct boot_info *boot_info)
{
	pci_bus_mastering_off();
	power_find(boot_info->rsdp);
	smp_find_trampoline(&boot_info->memory);
	/* PVH can't say whether there is a screen, so what the protocol says is not enough. */
	if (boot_info->text_screen && screen_is_there())
		device_add(VGA_NAME, VGA_TEXT, VGA_TEXT_BYTES, false);
	return apic_find();
}

__init void arch_devices_mapped(void)
{
	for (unsigned i = 0; i < arch_device_count; i++) {
		if (arch_devices[i].gate_only)
			intc_mapped(arch_devices[i].va);
		else if (strcmp(arch_devices[i].name, VGA_NAME) == 0)
			screen_mapped(arch_devices[i].va);
	}
}
