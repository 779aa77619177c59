/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/devices.c: which device pages are mapped, and what is switched off before: bus mastering of
 * every PCI function (pci.c). Runs once while starting. Neither HPET nor any PCI window is mapped, local and I/O APIC for
 * the gate only: a store to their registers can write memory behind the page tables' back.
 */
#include "arch.h"
#include <amber/broken.h>
#include <amber/log.h>
#include <amber/string.h>

#include "acpi.h"
#include "apic.h"
#include "framebuffer.h"
#include "io.h"
#include "x86.h"

#define DEVICES_MAX 4

#define VGA_TEXT       0xb8000
#define VGA_TEXT_BYTES 0x8000
#define VGA_NAME       "vga-text"
#define FRAMEBUFFER    "framebuffer"
#define APIC_NAME      "local-apic"
#define IO_APIC_NAME   "io-apic"
#define APIC_FOR_ALL   "local-apic-for-all" /* the broken kernel's */

#define CPUID_APIC (1u << 9) /* leaf 1, edx */

#define READABLE_END (4ull << 30) /* the boot tables' identity map */

struct arch_device arch_devices[DEVICES_MAX] __ro_after_init;
unsigned arch_device_count __ro_after_init;

static __init void device_add(const char *name, paddr_t start, uint64_t bytes, bool gate_only)
{
	arch_devices[arch_device_count++] = (struct arch_device){
		.name = name, .start = start, .bytes = bytes, .gate_only = gate_only,
	};
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

static __init void io_apic_add(const struct boot_info *boot_info)
{
	paddr_t page;

	if (io_apic_find(boot_info->rsdp, &boot_info->memory, &page))
		device_add(IO_APIC_NAME, page, PAGE_SIZE, true);
	else
		log_debug("devices", "no I/O APIC has the serial line: drivers have no interrupts");
}

/* Only memory of a display device is taken for a framebuffer: whatever else the loader named (the local APIC, a PCI
 * window, flash) would be as good as a physical write. */
static __init void framebuffer_find(const struct boot_framebuffer *screen)
{
	uint64_t bytes = (uint64_t)screen->pitch * screen->height;

	if (!pci_is_display_memory(screen->start, screen->start + bytes)) {
		log_warn("screen", "framebuffer: 0x%lx to 0x%lx is no display device's memory; output on serial", screen->start,
		         screen->start + bytes);
		return;
	}
	framebuffer_learn(screen);
	device_add(FRAMEBUFFER, screen->start, bytes, false);
}

/* There is at most one screen. */
static __init void screen_find(const struct boot_info *boot_info)
{
	if (boot_info->framebuffer_refused[0])
		log_warn("screen", "%s; output on serial", boot_info->framebuffer_refused);
	else if (boot_info->framebuffer.pixel_bytes)
		framebuffer_find(&boot_info->framebuffer);
	/* PVH can't say whether there is a screen, so what the protocol says is not enough. */
	else if (boot_info->text_screen && screen_is_there())
		device_add(VGA_NAME, VGA_TEXT, VGA_TEXT_BYTES, false);
}

__init enum error arch_devices_find(const struct boot_info *boot_info)
{
	pci_bus_mastering_off();
	power_find(boot_info->rsdp);
	smp_find_trampoline(&boot_info->memory);
	screen_find(boot_info);
	io_apic_add(boot_info);
	return apic_find();
}

__init void arch_devices_mapped(void)
{
	for (unsigned i = 0; i < arch_device_count; i++) {
		if (strcmp(arch_devices[i].name, IO_APIC_NAME) == 0)
			io_apic_mapped(arch_devices[i].va);
		else if (arch_devices[i].gate_only)
			intc_mapped(arch_devices[i].va);
		else if (strcmp(arch_devices[i].name, APIC_FOR_ALL) != 0)
			screen_mapped(arch_devices[i].va, arch_devices[i].start == VGA_TEXT);
	}
}
