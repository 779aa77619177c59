/* SPDX-License-Identifier: MIT */
/*
 * kernel/device_access.c: reading and writing the serial line's registers on behalf of a driver in user mode: by ports where the
 * machine has them, else through the kernel's own mapping of the device. Big lock held.
 */
#include "device_access.h"

#include <arch.h>

enum error device_check(uint32_t offset, uint32_t bytes)
{
	uint32_t limit = arch_user_uart.page ? PAGE_SIZE : arch_user_uart.port_count;

	if (offset & (bytes - 1) || (bytes > 4 && !arch_user_uart.page))
		return ERR_INVALID;
	return offset + bytes > limit ? ERR_RANGE : OK;
}

static volatile void *register_at(uint32_t offset)
{
	for (unsigned i = 0; i < arch_device_count; i++)
		if (arch_devices[i].start == arch_user_uart.page && !arch_devices[i].gate_only)
			return (volatile void *)(arch_devices[i].va + offset);
	panic("the serial line's registers are not mapped");
}

uint64_t device_load(uint32_t offset, uint32_t bytes)
{
	volatile void *address;

	if (!arch_user_uart.page)
		return arch_port_read((uint16_t)(arch_user_uart.port + offset), bytes);
	address = register_at(offset);
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

void device_store(uint32_t offset, uint32_t bytes, uint64_t value)
{
	volatile void *address;

	if (!arch_user_uart.page) {
		arch_port_write((uint16_t)(arch_user_uart.port + offset), bytes, (uint32_t)value);
		return;
	}
	address = register_at(offset);
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
