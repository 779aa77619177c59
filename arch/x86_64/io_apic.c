/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/io_apic.c: one interrupt line of the I/O APIC, the serial line's, for a driver in user mode (Intel 82093AA). Its
 * page is mapped in the gate root only: whoever writes its entries chooses what other CPUs are interrupted with. The gate takes
 * two requests and no numbers; everything else that is written is fixed here.
 */
#include "arch.h"
#include <amber/gate_ops.h>

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
static struct acpi_line line __ro_core;
unsigned arch_uart_irq_line __ro_after_init;

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

__init bool io_apic_find(paddr_t rsdp, const struct memory_map *memory, paddr_t *page)
{
	if (acpi_find_line(acpi_view, rsdp ? rsdp : acpi_search_rsdp(acpi_view), COM1_LINE, &line))
		return false;
	*page = ALIGN_DOWN(line.io_apic, PAGE_SIZE);
	return !is_ram(memory, *page);
}

__init void io_apic_mapped(vaddr_t page)
{
	registers = (volatile uint8_t *)(page + (line.io_apic & PAGE_MASK));
}

static volatile uint32_t *select_register(uint32_t number)
{
	*(volatile uint32_t *)(registers + IO_APIC_SELECT) = number;
	return (volatile uint32_t *)(registers + IO_APIC_WINDOW);
}

/* Whatever firmware left on is masked. Only while this CPU is alone: it selects other registers than the one below. */
static enum error gate_start(void)
{
	unsigned last;

	if (__atomic_load_n(&cpus_are_settled, __ATOMIC_ACQUIRE))
		return ERR_DENIED;
	last = *select_register(REGISTER_VERSION) >> 16 & 0xff;
	if (line.pin > last)
		return ERR_RANGE;
	for (unsigned pin = 0; pin <= last; pin++)
		*select_register(REGISTER_ENTRY + 2 * pin) = ENTRY_MASKED;
	*select_register(REGISTER_ENTRY + 2 * line.pin + 1) = arch_cpu_hardware_id(0) << 24;
	return OK;
}

/* After the start every CPU selects the same register, so two at once don't get into each other's way. */
enum error io_apic_gate(uint64_t request)
{
	uint32_t entry = VECTOR_UART | ENTRY_LEVEL | (line.is_active_low ? ENTRY_ACTIVE_LOW : 0);

	if (!registers)
		return ERR_UNSUPPORTED;
	if (request == IO_APIC_START)
		return gate_start();
	if (request != IO_APIC_MASK && request != IO_APIC_UNMASK)
		return ERR_INVALID;
	*select_register(REGISTER_ENTRY + 2 * line.pin) = entry | (request == IO_APIC_MASK ? ENTRY_MASKED : 0);
	return OK;
}

__init void io_apic_start(void)
{
	if (!registers)
		return;
	if (!intc_write(IO_APIC_REQUEST, IO_APIC_START))
		arch_uart_irq_line = COM1_LINE;
	else
		registers = NULL; /* no such entry: nothing may be stored there */
}

enum error arch_irq_line_enable(unsigned number)
{
	if (!arch_uart_irq_line)
		return ERR_UNSUPPORTED;
	return number == arch_uart_irq_line ? intc_write(IO_APIC_REQUEST, IO_APIC_UNMASK) : (enum error)ERR_RANGE;
}

void arch_irq_line_disable(unsigned number)
{
	if (arch_uart_irq_line && number == arch_uart_irq_line)
		(void)intc_write(IO_APIC_REQUEST, IO_APIC_MASK);
}
