/* SPDX-License-Identifier: MIT */
/*
 * kernel/device_access.c: reading and writing a device's registers on behalf of a driver in user mode: by ports where the
 * machine has them, else through the kernel's own mapping of the device. Big lock held.
 */
#include "device_access.h"

#include <arch.h>

#define PORTS_MAX 32

enum error device_check(enum user_device device, uint32_t offset, uint32_t bytes)
{
	const struct arch_user_device *there = &arch_user_devices[device];
	uint64_t wanted = (1ull << bytes) - 1;

	if (offset & (bytes - 1) || (bytes > 4 && !there->page))
		return ERR_INVALID;
	if (there->page)
		return offset + bytes > PAGE_SIZE ? ERR_RANGE : OK;
	return offset >= PORTS_MAX || (wanted << offset & ~(uint64_t)there->ports) ? ERR_RANGE : OK;
}

static volatile void *register_at(paddr_t page, uint32_t offset)
{
	for (unsigned i = 0; i < arch_device_count; i++)
		if (arch_devices[i].start == page && !arch_devices[i].gate_only)
			return (volatile void *)(arch_devices[i].va + offset);
	panic("a user device's registers are not mapped");
}

uint64_t device_load(enum user_device device, uint32_t offset, uint32_t bytes)
{
	const struct arch_user_device *there = &arch_user_devices[device];
	volatile void *address;

	if (!there->page)
		return arch_port_read((uint16_t)(there->port + offset), bytes);
	address = register_at(there->page, offset);
	switch (bytes) {
	case 1:
		return *(volatile uint8_t *)address;
	case 2:
		return *(volatile uint16_t *)address;
	case 4:
		return *(volatile uint32_t *)address;
	default:
		return *(volatile uint64_t *)address;
	}
}

void device_store(enum user_device device, uint32_t offset, uint32_t bytes, uint64_t value)
{
	const struct arch_user_device *there = &arch_user_devices[device];
	volatile void *address;

	if (!there->page) {
		arch_port_write((uint16_t)(there->port + offset), bytes, (uint32_t)value);
		return;
	}
	address = register_at(there->page, offset);
	switch (bytes) {
	case 1:
		*(volatile uint8_t *)address = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)address = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)address = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)address = value;
	}
}
