/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/pci.c: the two things that Amber wants of PCI: bus mastering off for every function, and whether a
 * range is memory of a display device. By ports; no PCI window is mapped. Runs once while starting.
 * Numbers: PCI Local Bus Specification 3.0, 3.2.2.3.2, 6.1, 6.2.5 and appendix D.
 */
#include "x86.h"

#include "io.h"

#define PCI_ADDRESS        0xcf8
#define PCI_DATA           0xcfc
#define PCI_ENABLE         0x80000000u
#define PCI_COMMAND        0x04
#define PCI_DECODE         0x03u /* I/O and memory */
#define PCI_BUS_MASTER     0x04u
#define PCI_CLASS          0x08
#define PCI_CLASS_DISPLAY  0x03u
#define PCI_HEADER         0x0c
#define PCI_HEADER_TYPE    0x7f0000u /* 0: an ordinary function, with six base address registers */
#define PCI_MANY_FUNCTIONS 0x800000u
#define PCI_BASE           0x10
#define PCI_BASE_COUNT     6
#define PCI_BASE_IS_IO     0x1u
#define PCI_BASE_IS_64_BIT 0x4u
#define PCI_SLOTS          (256 * 32)
#define PCI_FUNCTIONS      8
#define PCI_NONE           0xffffffffu

struct range {
	paddr_t start, end;
	bool is_found;
};

/* Always inline: it runs for each of 8192 slots. */
static inline __attribute__((always_inline)) uint32_t pci_read(uint32_t function, uint32_t reg)
{
	io_out32(PCI_ADDRESS, PCI_ENABLE | function << 8 | reg);
	return io_in32(PCI_DATA);
}

static __init void pci_write(uint32_t function, uint32_t reg, uint32_t value)
{
	io_out32(PCI_ADDRESS, PCI_ENABLE | function << 8 | reg);
	io_out32(PCI_DATA, value);
}

/* Every slot of every bus, without looking for bridges: what lies behind a wrongly set up one counts too. */
static __init void pci_each(void (*visit)(uint32_t function, struct range *range), struct range *range)
{
	for (uint32_t slot = 0; slot < PCI_SLOTS; slot++) {
		uint32_t first = slot * PCI_FUNCTIONS;

		if (pci_read(first, 0) == PCI_NONE)
			continue;
		visit(first, range);
		if (!(pci_read(first, PCI_HEADER) & PCI_MANY_FUNCTIONS))
			continue;
		for (uint32_t function = 1; function < PCI_FUNCTIONS; function++)
			if (pci_read(first + function, 0) != PCI_NONE)
				visit(first + function, range);
	}
}

static __init void stop(uint32_t function, struct range *range)
{
	uint32_t command = pci_read(function, PCI_COMMAND);

	(void)range;
	if (command == PCI_NONE || !(command & PCI_BUS_MASTER))
		return;
	/* The upper half is the status register: ones clear bits there, so write zeros. */
	pci_write(function, PCI_COMMAND, command & 0xffff & ~PCI_BUS_MASTER);
}

__init void pci_bus_mastering_off(void)
{
	pci_each(stop, NULL);
}

/* A register's writable bits say how large its memory is. Returns 0 for I/O and for one that isn't used. */
static __init uint64_t base_bytes(uint32_t function, uint32_t reg, uint32_t low)
{
	bool is_64_bit = low & PCI_BASE_IS_64_BIT;
	uint32_t high = is_64_bit ? pci_read(function, reg + 4) : 0;
	uint64_t mask;

	pci_write(function, reg, ~0u);
	mask = pci_read(function, reg) & ~0xfu;
	pci_write(function, reg, low);
	if (!is_64_bit)
		return mask ? (uint32_t)-mask : 0;
	pci_write(function, reg + 4, ~0u);
	mask |= (uint64_t)pci_read(function, reg + 4) << 32;
	pci_write(function, reg + 4, high);
	return -mask;
}

static __init void look(uint32_t function, struct range *range)
{
	uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;

	if (pci_read(function, PCI_CLASS) >> 24 != PCI_CLASS_DISPLAY || (pci_read(function, PCI_HEADER) & PCI_HEADER_TYPE))
		return;
	/* Not decoding meanwhile: the sizes are found by moving the memory to nowhere. */
	pci_write(function, PCI_COMMAND, command & ~PCI_DECODE);
	for (unsigned i = 0; i < PCI_BASE_COUNT; i++) {
		uint32_t reg = PCI_BASE + 4 * i, low = pci_read(function, reg);
		uint64_t start = low & ~0xfu, bytes;

		if (low & PCI_BASE_IS_IO)
			continue;
		bytes = base_bytes(function, reg, low);
		if (low & PCI_BASE_IS_64_BIT) {
			start |= (uint64_t)pci_read(function, reg + 4) << 32;
			i++; /* the next register is its upper half */
		}
		if (start && range->start >= start && range->end - start <= bytes)
			range->is_found = true;
	}
	pci_write(function, PCI_COMMAND, command);
}

__init bool pci_is_display_memory(paddr_t start, paddr_t end)
{
	struct range range = { .start = start, .end = end };

	pci_each(look, &range);
	return range.is_found;
}
