/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/io_apic.c: interrupt lines of the I/O APIC for drivers in user mode: the serial line's and the keyboard's (Intel
 * 82093AA). Its page is mapped in the gate root only: whoever writes its entries chooses what other CPUs are interrupted with.
 * The gate takes a few requests and no numbers; everything else that is written is fixed here.
 */
#include "arch.h"
#include <amber/gate_ops.h>
#include <amber/lock.h>

#include "acpi.h"
#include "apic.h"
#include "trap_frame.h"
#include "x86.h"

#define IO_APIC_SELECT   0x00 /* which register the window shows */
#define IO_APIC_WINDOW   0x10
#define REGISTER_VERSION 1
#define REGISTER_ENTRY   0x10 /* two for each entry: the lower half, the upper half */
#define ENTRY_MASKED     0x10000u
/* By level, whatever the override says: an edge that comes while the entry is masked would be lost (82093AA, 3.2.4), and a UART
 * holds its line for as long as it has something to say. */
#define ENTRY_LEVEL      0x8000u
#define ENTRY_ACTIVE_LOW 0x2000u

/* Class core: the gate stores through it. */
static volatile uint8_t *registers __ro_core;
static struct acpi_line lines[USER_DEVICES] __ro_core;
static bool has_line[USER_DEVICES] __ro_core; /* on that I/O APIC */
static const uint8_t numbers[USER_DEVICES] = { [USER_DEVICE_UART] = COM1_LINE, [USER_DEVICE_KEYBOARD] = KEYBOARD_LINE };

/* Two CPUs that select registers at once would get into each other's way. Whoever breaks it exchanges our entries at worst. */
static struct lock lock = LOCK_INIT("I/O APIC");

/* The gate stores to that page: a table that names RAM is not believed. */
static __init bool is_ram(const struct memory_map *memory, paddr_t page)
{
	for (unsigned i = 0; i < memory->count; i++) {
		const struct memory_range *range = &memory->ranges[i];

		if (range->kind != MEMORY_RESERVED && range->start < page + PAGE_SIZE && range->end > page)
			return true;
	}
	return page < MIB(1); /* and what lies there, whoever it belongs to */
}

/* The one that has the serial line; other lines of its only. */
__init bool io_apic_find(paddr_t rsdp, const struct memory_map *memory, paddr_t *page)
{
	if (!rsdp)
		rsdp = acpi_search_rsdp(acpi_view);
	for (unsigned i = 0; i < USER_DEVICES; i++)
		has_line[i] = !acpi_find_line(acpi_view, rsdp, numbers[i], &lines[i]) && lines[i].io_apic == lines[0].io_apic;
	if (!has_line[USER_DEVICE_UART])
		return false;
	*page = ALIGN_DOWN(lines[0].io_apic, PAGE_SIZE);
	return !is_ram(memory, *page);
}

__init void io_apic_mapped(vaddr_t page)
{
	registers = (volatile uint8_t *)(page + (lines[0].io_apic & PAGE_MASK));
}

static volatile uint32_t *select_register(uint32_t number)
{
	*(volatile uint32_t *)(registers + IO_APIC_SELECT) = number;
	return (volatile uint32_t *)(registers + IO_APIC_WINDOW);
}

/* Whatever firmware left on is masked. Only while this CPU is alone: it selects other registers than those below. */
static enum error gate_start(void)
{
	unsigned last;

	if (__atomic_load_n(&cpus_are_settled, __ATOMIC_ACQUIRE))
		return ERR_DENIED;
	last = *select_register(REGISTER_VERSION) >> 16 & 0xff;
	for (unsigned i = 0; i < USER_DEVICES; i++)
		if (has_line[i] && lines[i].pin > last)
			return ERR_RANGE;
	for (unsigned pin = 0; pin <= last; pin++)
		*select_register(REGISTER_ENTRY + 2 * pin) = ENTRY_MASKED;
	for (unsigned i = 0; i < USER_DEVICES; i++)
		if (has_line[i])
			*select_register(REGISTER_ENTRY + 2 * lines[i].pin + 1) = arch_cpu_hardware_id(0) << 24;
	return OK;
}

enum error io_apic_gate(uint64_t request)
{
	uint64_t device = (request - IO_APIC_MASK) / 2;
	bool is_masked = request % 2 == IO_APIC_MASK % 2;
	uint32_t entry;

	if (!registers)
		return ERR_UNSUPPORTED;
	if (request == IO_APIC_START)
		return gate_start();
	if (device >= USER_DEVICES)
		return ERR_INVALID;
	if (!has_line[device])
		return ERR_UNSUPPORTED;
	entry = (VECTOR_UART + (uint32_t)device) | ENTRY_LEVEL | (lines[device].is_active_low ? ENTRY_ACTIVE_LOW : 0);
	*select_register(REGISTER_ENTRY + 2 * lines[device].pin) = entry | (is_masked ? ENTRY_MASKED : 0);
	return OK;
}

__init void io_apic_start(void)
{
	if (!registers)
		return;
	if (intc_write(IO_APIC_REQUEST, IO_APIC_START)) {
		registers = NULL; /* no such entry: nothing may be stored there */
		return;
	}
	for (unsigned i = 0; i < USER_DEVICES; i++)
		arch_user_devices[i].irq_line = has_line[i] ? numbers[i] : 0;
}

static enum error request(unsigned device, uint32_t what)
{
	uint64_t state = lock_acquire(&lock);
	enum error error = intc_write(IO_APIC_REQUEST, what + 2 * device);

	lock_release(&lock, state);
	return error;
}

/* USER_DEVICES: that line isn't used. */
static unsigned device_of(unsigned number)
{
	unsigned i = 0;

	while (i < USER_DEVICES && (!number || arch_user_devices[i].irq_line != number))
		i++;
	return i;
}

enum error arch_irq_line_enable(unsigned number)
{
	unsigned device = device_of(number);

	if (!arch_user_devices[USER_DEVICE_UART].irq_line)
		return ERR_UNSUPPORTED;
	return device < USER_DEVICES ? request(device, IO_APIC_UNMASK) : (enum error)ERR_RANGE;
}

void arch_irq_line_disable(unsigned number)
{
	unsigned device = device_of(number);

	if (device < USER_DEVICES)
		(void)request(device, IO_APIC_MASK);
}
