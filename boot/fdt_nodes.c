/* SPDX-License-Identifier: MIT */
/*
 * boot/fdt_nodes.c: what the nodes of a device tree mean (Devicetree Specification 0.4, chapter 3, and the bindings).
 *
 * In:      one node at a time, with its properties; untrusted.
 * Out:     boot_info: command line, memory, initial RAM disk, devices; or the reason why it can't be used.
 * Context: init code on the boot stack, boot tables live; pure, also compiled on the host.
 */
#include "fdt_reader.h"

#include <amber/string.h>
#include <libfdt.h>

#define GIC_SPI_FIRST 32
#define GIC_PPI_FIRST 16
#define INTERRUPT_SPI 0 /* first cell of a GIC interrupt; then number and flags */
#define INTERRUPT_PPI 1
#define TIMER_VIRTUAL 2 /* order in the timer's node: secure, non-secure, virtual, hypervisor */

/* One entry of a `reg` property. */
struct reg {
	paddr_t start;
	uint64_t bytes;
};

/* --- properties ----------------------------------------------------------------------------------------- */

static __init bool value_is(const struct value *value, const char *text)
{
	return value->data && (size_t)value->bytes == strlen(text) + 1 &&
	       memcmp(value->data, text, (size_t)value->bytes) == 0;
}

/* A number of one or two cells. */
static __init uint64_t cells_value(const fdt32_t *cells, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_ld(&cells[i]);
	return value;
}

/* Entry `index` of the node's reg. ERR_NOT_FOUND: there are fewer; ERR_INVALID: refused. */
static __init enum error reg_read(struct reader *reader, unsigned index, struct reg *reg)
{
	const struct node *node = &reader->node;
	const struct level *parent = &reader->levels[node->depth - 1];
	int address_cells = parent->address_cells, size_cells = parent->size_cells;
	int bytes = node->values[REG].bytes, entry_cells = address_cells + size_cells;
	const fdt32_t *cells = node->values[REG].data;

	if (!cells)
		return ERR_NOT_FOUND;
	if (address_cells < 1 || address_cells > 2 || size_cells < 0 || size_cells > 2)
		return boot_refuse(&reader->fill, "node %.40s: addresses of %d and sizes of %d cells", node->name, address_cells,
		                   size_cells);
	if (bytes % (entry_cells * 4) != 0)
		return boot_refuse(&reader->fill, "node %.40s: a reg of %d bytes is no list of %d cells", node->name, bytes,
		                   entry_cells);
	if (index >= (unsigned)bytes / ((unsigned)entry_cells * 4))
		return ERR_NOT_FOUND;
	cells += index * (unsigned)entry_cells;
	reg->start = cells_value(cells, address_cells);
	reg->bytes = cells_value(cells + address_cells, size_cells);
	return OK;
}

/* The same where it must be there. */
static __init enum error reg_need(struct reader *reader, unsigned index, struct reg *reg)
{
	enum error error = reg_read(reader, index, reg);

	if (error == ERR_NOT_FOUND)
		return boot_refuse(&reader->fill, "node %.40s: reg has no entry %u", reader->node.name, index);
	return error;
}

/* Adds all entries of the node's reg to the memory map. */
static __init enum error reg_add_memory(struct reader *reader, enum memory_kind kind)
{
	for (unsigned i = 0;; i++) {
		struct reg reg;
		enum error error = reg_read(reader, i, &reg);

		if (error == ERR_NOT_FOUND)
			return OK;
		if (error == OK)
			error = boot_fill_memory(&reader->fill, reg.start, reg.bytes, kind);
		if (error != OK)
			return error;
	}
}

/* --- nodes, one function for each kind of device --------------------------------------------------------- */

/* What a GICv2 calls the interrupt in these three cells; 0: it has no such. */
static __init uint32_t irq_number(const fdt32_t *cells)
{
	uint32_t type = fdt32_ld(&cells[0]), number = fdt32_ld(&cells[1]);

	if (type == INTERRUPT_PPI && number < 16)
		return GIC_PPI_FIRST + number;
	return type == INTERRUPT_SPI && number < 988 ? GIC_SPI_FIRST + number : 0;
}

/* Which of them is used is known at the end: /chosen may stand behind them. */
static __init enum error use_uart(struct reader *reader)
{
	const struct value *interrupts = &reader->node.values[INTERRUPTS];
	/* Without a good one the default is used: the kernel itself polls. */
	uint32_t irq = interrupts->data && interrupts->bytes >= 12 ? irq_number(interrupts->data) : 0;
	struct reg reg;
	enum error error = reg_need(reader, 0, &reg);

	if (error == OK && reader->uart_count < FDT_UARTS_MAX)
		reader->uarts[reader->uart_count++] = (struct uart){ reader->node.offset, reg.start, irq };
	return error;
}

static __init enum error use_gic_2(struct reader *reader)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	struct reg distributor, cpu;
	enum error error = reg_need(reader, 0, &distributor);

	if (error == OK)
		error = reg_need(reader, 1, &cpu);
	if (error != OK)
		return error;
	devices->gic_version = 2;
	devices->gic_distributor = distributor.start;
	devices->gic_cpu = cpu.start;
	return OK;
}

static __init enum error use_gic_3(struct reader *reader)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	struct reg distributor;
	enum error error = reg_need(reader, 0, &distributor);

	if (error != OK)
		return error;
	devices->gic_version = 3;
	devices->gic_distributor = distributor.start;
	return OK;
}

static __init enum error use_timer(struct reader *reader)
{
	const struct node *node = &reader->node;
	const fdt32_t *cells = node->values[INTERRUPTS].data;
	uint32_t irq;

	if (!cells || node->values[INTERRUPTS].bytes < (TIMER_VIRTUAL + 1) * 12)
		return boot_refuse(&reader->fill, "node %.40s: no interrupt of the virtual timer", node->name);
	cells += TIMER_VIRTUAL * 3;
	irq = irq_number(cells);
	if (!irq)
		return boot_refuse(&reader->fill, "node %.40s: interrupt %u of type %u", node->name, fdt32_ld(&cells[1]),
		                   fdt32_ld(&cells[0]));
	reader->fill.out->devices.timer_irq = irq;
	return OK;
}

static __init enum error use_pci(struct reader *reader)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	struct reg reg;
	enum error error = reg_need(reader, 0, &reg);

	if (error != OK || devices->pci_ecam_bytes != 0)
		return error;
	devices->pci_ecam = reg.start;
	devices->pci_ecam_bytes = reg.bytes;
	return OK;
}

static __init enum error use_fw_cfg(struct reader *reader)
{
	struct reg reg;
	enum error error = reg_need(reader, 0, &reg);

	if (error == OK)
		reader->fill.out->devices.fw_cfg = reg.start;
	return error;
}

struct device_kind {
	const char *compatible;
	enum error (*use)(struct reader *reader);
};

static const struct device_kind __initconst device_kinds[] = {
	{ "arm,pl011", use_uart },
	{ "arm,cortex-a15-gic", use_gic_2 },
	{ "arm,gic-400", use_gic_2 },
	{ "arm,gic-v3", use_gic_3 },
	{ "arm,armv8-timer", use_timer },
	{ "pci-host-ecam-generic", use_pci },
	{ "qemu,fw-cfg-mmio", use_fw_cfg },
};

static __init enum error use_device(struct reader *reader)
{
	const struct value *compatible = &reader->node.values[COMPATIBLE];

	if (!compatible->data)
		return OK;
	for (size_t i = 0; i < ARRAY_SIZE(device_kinds); i++)
		if (fdt_stringlist_contains(compatible->data, compatible->bytes, device_kinds[i].compatible))
			return device_kinds[i].use(reader);
	return OK;
}

/* --- nodes that count by their place --------------------------------------------------------------------- */

/* linux,initrd-start or -end: one cell or two, whatever the root's #address-cells says. */
static __init enum error read_initrd_edge(struct reader *reader, enum property property, const char *name, paddr_t *edge)
{
	const struct value *value = &reader->node.values[property];

	if (!value->data)
		return ERR_NOT_FOUND;
	if (value->bytes != 4 && value->bytes != 8)
		return boot_refuse(&reader->fill, "/chosen: %s of %d bytes", name, value->bytes);
	*edge = cells_value(value->data, value->bytes / 4);
	return OK;
}

static __init enum error read_initrd(struct reader *reader)
{
	paddr_t start, end;
	enum error error = read_initrd_edge(reader, INITRD_START, "linux,initrd-start", &start);

	if (error != OK)
		return error == ERR_NOT_FOUND ? OK : error;
	error = read_initrd_edge(reader, INITRD_END, "linux,initrd-end", &end);
	if (error == ERR_NOT_FOUND)
		error = boot_refuse(&reader->fill, "/chosen: linux,initrd-start without linux,initrd-end");
	return error != OK ? error : boot_fill_initrd(&reader->fill, start, end);
}

static __init enum error use_chosen(struct reader *reader)
{
	const struct value *bootargs = &reader->node.values[BOOTARGS];
	bool has_end = !bootargs->data || bootargs->bytes == 0 ||
	               boot_fill_cmdline(&reader->fill, bootargs->data, (size_t)bootargs->bytes);

	if (reader->error != OK)
		return OK;
	if (!has_end)
		return boot_refuse(&reader->fill, "/chosen: bootargs of %d bytes have no end", bootargs->bytes);
	reader->stdout_path = reader->node.values[STDOUT_PATH];
	return read_initrd(reader);
}

static __init enum error use_psci(struct reader *reader)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	const struct value *method = &reader->node.values[METHOD];

	devices->has_psci = true;
	devices->psci_smc = value_is(method, "smc");
	if (!devices->psci_smc && !value_is(method, "hvc"))
		return boot_refuse(&reader->fill, "/psci: method is neither hvc nor smc");
	return OK;
}

/* Areas that the loader placed nowhere yet have no reg and are no reservation. */
static __init enum error use_reservation(struct reader *reader)
{
	return fdt_node_is_enabled(&reader->node) ? reg_add_memory(reader, MEMORY_RESERVED) : OK;
}

/* Its reg is the affinity in MPIDR_EL1, in one cell or two. A CPU without a good one is counted and can't be started. */
static __init void use_cpu(struct reader *reader)
{
	const struct node *node = &reader->node;
	const struct value *reg = &node->values[REG];
	struct boot_info *out = reader->fill.out;
	uint64_t id = 0;

	if (!fdt_node_is_enabled(node) || !value_is(&node->values[DEVICE_TYPE], "cpu"))
		return;
	reader->cpus++;
	if (!reg->data || (reg->bytes != 4 && reg->bytes != 8))
		return;
	for (int i = 0; i < reg->bytes; i++)
		id = id << 8 | ((const uint8_t *)reg->data)[i];
	if (id <= UINT32_MAX && out->cpu_ids_kept < MAX_CPUS)
		out->cpu_ids[out->cpu_ids_kept++] = (uint32_t)id;
}

__init enum error fdt_use_node(struct reader *reader, enum place place, bool is_used)
{
	const struct node *node = &reader->node;
	bool is_memory = value_is(&node->values[DEVICE_TYPE], "memory");

	if (place == PLACE_CHOSEN)
		return use_chosen(reader);
	if (reader->error != OK)
		return OK;
	if (place == PLACE_PSCI)
		return use_psci(reader);
	if (place == PLACE_RESERVATION)
		return use_reservation(reader);
	if (place == PLACE_CPU)
		use_cpu(reader);
	if (place == PLACE_ALIASES)
		reader->aliases = node->offset;
	if (!is_used)
		return OK;
	return is_memory ? reg_add_memory(reader, MEMORY_USABLE) : use_device(reader);
}

__init bool fdt_node_is_enabled(const struct node *node)
{
	const struct value *status = &node->values[STATUS];

	return !status->data || value_is(status, "okay") || value_is(status, "ok");
}
