/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/devices.h: register access and the places of this machine's devices; valid from entry on
 * (UART) or from arch_devices_find on.
 */
#ifndef AMBER_AARCH64_DEVICES_H
#define AMBER_AARCH64_DEVICES_H

#include "arch.h"

enum device { DEVICE_UART, DEVICE_GIC_DISTRIBUTOR, DEVICE_GIC_CPU, DEVICE_FW_CFG, DEVICE_COUNT };

/* Where the registers are now; 0 = nowhere yet. */
vaddr_t device_base(enum device device);
unsigned device_timer_irq(void);

static inline uint32_t device_read(vaddr_t base, unsigned offset)
{
	return *(volatile uint32_t *)(base + offset);
}

static inline void device_write(vaddr_t base, unsigned offset, uint32_t value)
{
	*(volatile uint32_t *)(base + offset) = value;
}

#endif
