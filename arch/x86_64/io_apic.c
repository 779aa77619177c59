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
/* Active high, and by level: an edge that comes while the entry is masked would be lost (82093AA, 3.2.4). */
#define ENTRY_LEVEL      0x8000u

/* Class core: the gate stores through it. */
static volatile uint8_t *registers __ro_core;
static struct acpi_line line __ro_core;
unsigned arch_uart_irq_line __ro_after_init;

__init bool io_apic_find(paddr_t rsdp, paddr_t *page)
{
	if (acpi_find_line(acpi_view, rsdp ? rsdp : acpi_search_rsdp(acpi_view), COM1_LINE, &line))
		return false;
	*page = ALIGN_DOWN(line.io_apic, PAGE_SIZE);
	return true;
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

/* Whatever firmware left on is masked. */
static enum error gate_start(void)
{
	unsigned last = *select_register(REGISTER_VERSION) >> 16 & 0xff;

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
	uint32_t entry = VECTOR_UART | ENTRY_LEVEL;

	if (!registers)
		return ERR_HARDWARE;
	if (request == IO_APIC_START)
		return gate_start();
	if (request != IO_APIC_MASK && request != IO_APIC_UNMASK)
		return ERR_INVALID;
	*select_register(REGISTER_ENTRY + 2 * line.pin) = entry | (request == IO_APIC_MASK ? ENTRY_MASKED : 0);
	return OK;
}

__init void io_apic_start(void)
{
	if (registers && !intc_write(IO_APIC_REQUEST, IO_APIC_START))
		arch_uart_irq_line = COM1_LINE;
}

enum error arch_irq_line_enable(unsigned number)
{
	return number == arch_uart_irq_line ? intc_write(IO_APIC_REQUEST, IO_APIC_UNMASK) : (enum error)ERR_RANGE;
}

void arch_irq_line_disable(unsigned number)
{
	if (number == arch_uart_irq_line)
		(void)intc_write(IO_APIC_REQUEST, IO_APIC_MASK);
}
