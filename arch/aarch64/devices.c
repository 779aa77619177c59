/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/devices.c: what is mapped, and what is switched off before. Only what a driver uses: fw_cfg,
 * PCI windows and flash stay unmapped, because one store to a DMA register is as good as any physical write.
 * A GICv3 is refused for the same reason (cpu.c): its tables are memory that it writes. Init, but for device_base.
 */
#include "devices.h"

#include <amber/broken.h>
#include <amber/layout.h>
#include <amber/log.h>

#include "cpu.h"
#include "intc.h"
#include "psci.h"

#define UART_DEFAULT_IRQ 33
#define UART_DEFAULT 0x09000000 /* QEMU virt: until the device tree was read */

/* PCI configuration space (ECAM): one page for each function. */
#define PCI_COMMAND        4
#define PCI_COMMAND_MASTER (1u << 2)
#define PCI_HEADER         12
#define PCI_HEADER_MULTI   (1u << 23)
#define PCI_FUNCTIONS      8
#define PCI_DEVICES        32
#define PCI_BUS_BYTES      (PCI_DEVICES * PCI_FUNCTIONS * PAGE_SIZE)

struct arch_device __ro_after_init arch_devices[] = {
	[DEVICE_UART] = { "uart", UART_DEFAULT, PAGE_SIZE, false, 0 },
	[DEVICE_GIC_DISTRIBUTOR] = { "gic-distributor", 0, PAGE_SIZE, false, 0 },
	[DEVICE_GIC_CPU] = { "gic-cpu", 0, PAGE_SIZE, false, 0 },
	[DEVICE_FW_CFG] = { "fw-cfg", 0, PAGE_SIZE, false, 0 }, /* the broken kernel's */
};
unsigned __ro_after_init arch_device_count = DEVICE_FW_CFG;
static unsigned __ro_after_init timer_irq;
struct arch_user_device __ro_core arch_user_devices[USER_DEVICES] = {
	[USER_DEVICE_UART] = { .page = UART_DEFAULT, .irq_line = UART_DEFAULT_IRQ },
};

vaddr_t device_base(enum device device)
{
	if (boot_tables_live)
		return arch_devices[device].start ? DIRECT_MAP_BASE + arch_devices[device].start : 0;
	return arch_devices[device].va;
}

unsigned device_timer_irq(void)
{
	return timer_irq;
}

static bool pci_is_there(vaddr_t function)
{
	return device_read(function, 0) != UINT32_MAX;
}

/* Returns whether the device there has several functions. */
static bool __init pci_stop_function(vaddr_t function)
{
	uint32_t command = device_read(function, PCI_COMMAND);

	/* The upper half is the status register, whose bits are cleared by writing 1: write only the lower. */
	if (command & PCI_COMMAND_MASTER)
		*(volatile uint16_t *)(function + PCI_COMMAND) = command & ~PCI_COMMAND_MASTER;
	return device_read(function, PCI_HEADER) & PCI_HEADER_MULTI;
}

/* Whatever the firmware started must not write memory behind the kernel's back. */
static void __init pci_stop(paddr_t ecam, uint64_t bytes)
{
	vaddr_t end = DIRECT_MAP_BASE + ecam + bytes;

	for (vaddr_t device = DIRECT_MAP_BASE + ecam; device < end; device += PCI_FUNCTIONS * PAGE_SIZE) {
		if (!pci_is_there(device) || !pci_stop_function(device))
			continue;
		for (unsigned i = 1; i < PCI_FUNCTIONS; i++)
			if (pci_is_there(device + i * PAGE_SIZE))
				(void)pci_stop_function(device + i * PAGE_SIZE);
	}
}

/* Below the end of the boot tables' map, and no RAM. */
static bool __init is_for_device(const struct boot_info *boot_info, paddr_t start, uint64_t bytes)
{
	if (start >= SLOT_SIZE || bytes > SLOT_SIZE - start)
		return false;
	for (unsigned i = 0; i < boot_info->memory.count; i++) {
		const struct memory_range *range = &boot_info->memory.ranges[i];

		if (range->kind != MEMORY_RESERVED && range->start < start + bytes && start < range->end)
			return false;
	}
	return true;
}

static enum error __init check(const struct boot_info *boot_info)
{
	const struct fdt_devices *found = &boot_info->devices;

	if (found->gic_version != 2 || !found->gic_distributor || !found->gic_cpu) {
		log_error("intc", "the device tree names no GICv2 interrupt controller");
		return ERR_NOT_FOUND;
	}
	if ((found->uart | found->gic_distributor | found->gic_cpu) & PAGE_MASK) {
		log_error("devices", "the device tree has registers that don't start on a page");
		return ERR_INVALID;
	}
	if (!is_for_device(boot_info, found->uart, PAGE_SIZE) || !is_for_device(boot_info, found->gic_distributor, PAGE_SIZE) ||
	    !is_for_device(boot_info, found->gic_cpu, PAGE_SIZE) ||
	    !is_for_device(boot_info, found->pci_ecam, found->pci_ecam_bytes)) {
		log_error("devices", "the device tree has registers in memory, or out of reach");
		return ERR_INVALID;
	}
	return OK;
}

enum error __init arch_devices_find(const struct boot_info *boot_info)
{
	const struct fdt_devices *found = &boot_info->devices;
	enum error error;

	if (found->has_psci)
		psci_use(found->psci_smc ? PSCI_SMC : PSCI_HVC);
	error = check(boot_info);
	if (error)
		return error;
	if (found->uart)
		arch_devices[DEVICE_UART].start = found->uart;
	if (found->uart_irq)
		arch_user_devices[USER_DEVICE_UART].irq_line = found->uart_irq;
	arch_user_devices[USER_DEVICE_UART].page = arch_devices[DEVICE_UART].start;
	arch_devices[DEVICE_GIC_DISTRIBUTOR].start = found->gic_distributor;
	arch_devices[DEVICE_GIC_CPU].start = found->gic_cpu;
	if (is_broken(BROKEN_FWCFG) && found->fw_cfg) {
		arch_devices[DEVICE_FW_CFG].start = ALIGN_DOWN(found->fw_cfg, PAGE_SIZE);
		arch_device_count = DEVICE_COUNT;
	}
	timer_irq = found->timer_irq ? found->timer_irq : INTC_VIRTUAL_TIMER;
	if (found->pci_ecam)
		pci_stop(found->pci_ecam, ALIGN_DOWN(found->pci_ecam_bytes, PCI_BUS_BYTES));
	return OK;
}

/* Nothing to remember: device_base() asks which tables are live. */
void __init arch_devices_mapped(void)
{
	for (unsigned i = 0; i < arch_device_count; i++)
		if (!arch_devices[i].va)
			panic("devices: %s is not mapped", arch_devices[i].name);
}

/* No device of this machine is for the gate only. */
enum error arch_gate_device(uint64_t reg, uint64_t value)
{
	(void)reg, (void)value;
	return ERR_INVALID;
}
