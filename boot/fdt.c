/* SPDX-License-Identifier: MIT */
/*
 * boot/fdt.c: the flattened device tree that loaders hand over on aarch64 (Devicetree Specification 0.4).
 *
 * In:      a tree at a physical address; untrusted. libfdt reads it and checks every offset itself.
 * Out:     boot_info: command line, memory, initial RAM disk, the devices that Amber knows.
 * Context: init code on the boot stack, boot tables live: the first 512 GiB at DIRECT_MAP_BASE. libfdt lies
 *          in init memory too; only its reading functions are used. Nothing here recurses.
 */
#include "fdt_parse.h"

#include "boot_fill.h"
#include <amber/layout.h>
#include <amber/string.h>
#include <amber/upcalls.h>
#include <libfdt.h>

#define FDT_BYTES_MAX  MIB(2) /* Linux's arm64 boot protocol allows no more */
#define DEPTH_MAX      16     /* real trees have 4 to 6 levels */
#define GIC_SPI_FIRST  32
#define GIC_PPI_FIRST  16
#define INTERRUPT_SPI  0      /* first cell of a GIC interrupt; then number and flags */
#define INTERRUPT_PPI  1
#define TIMER_VIRTUAL  2      /* order in the timer's node: secure, non-secure, virtual, hypervisor */

struct reader {
	struct boot_fill fill;
	const void *fdt;
	int stdout_node; /* negative: none */
	int parents[DEPTH_MAX];
	bool is_direct[DEPTH_MAX]; /* addresses of this node's children are physical addresses */
};

/* One entry of a `reg` property. */
struct reg {
	paddr_t start;
	uint64_t bytes;
};

/* --- properties ----------------------------------------------------------------------------------------- */

static __init const char *node_name(struct reader *reader, int node)
{
	const char *name = fdt_get_name(reader->fdt, node, NULL);

	return name ? name : "?";
}

static __init enum error refuse_damaged(struct reader *reader, int fdt_error)
{
	return boot_refuse(&reader->fill, "the tree is damaged: %s", fdt_strerror(fdt_error));
}

static __init bool prop_is(struct reader *reader, int node, const char *name, const char *text)
{
	int bytes;
	const char *value = fdt_getprop(reader->fdt, node, name, &bytes);

	return value && (size_t)bytes == strlen(text) + 1 && memcmp(value, text, (size_t)bytes) == 0;
}

/* A number of one or two cells. */
static __init uint64_t cells_value(const fdt32_t *cells, int count)
{
	uint64_t value = 0;

	for (int i = 0; i < count; i++)
		value = value << 32 | fdt32_ld(&cells[i]);
	return value;
}

/* A node without status is in use. */
static __init bool node_is_enabled(struct reader *reader, int node)
{
	int bytes;

	if (!fdt_getprop(reader->fdt, node, "status", &bytes))
		return true;
	return prop_is(reader, node, "status", "okay") || prop_is(reader, node, "status", "ok");
}

/* Entry `index` of a node's reg. ERR_NOT_FOUND: there are fewer; ERR_INVALID: refused. */
static __init enum error reg_read(struct reader *reader, int node, int parent, unsigned index, struct reg *reg)
{
	int address_cells = fdt_address_cells(reader->fdt, parent), size_cells = fdt_size_cells(reader->fdt, parent);
	int bytes, entry_cells = address_cells + size_cells;
	const fdt32_t *cells = fdt_getprop(reader->fdt, node, "reg", &bytes);

	if (!cells)
		return ERR_NOT_FOUND;
	if (address_cells < 1 || address_cells > 2 || size_cells < 0 || size_cells > 2)
		return boot_refuse(&reader->fill, "node %.40s: addresses of %d and sizes of %d cells",
		                   node_name(reader, node), address_cells, size_cells);
	if (bytes % (entry_cells * 4) != 0)
		return boot_refuse(&reader->fill, "node %.40s: a reg of %d bytes is no list of %d cells",
		                   node_name(reader, node), bytes, entry_cells);
	if (index >= (unsigned)bytes / ((unsigned)entry_cells * 4))
		return ERR_NOT_FOUND;
	cells += index * (unsigned)entry_cells;
	reg->start = cells_value(cells, address_cells);
	reg->bytes = cells_value(cells + address_cells, size_cells);
	return OK;
}

/* The same where it must be there. */
static __init enum error reg_need(struct reader *reader, int node, int parent, unsigned index, struct reg *reg)
{
	enum error error = reg_read(reader, node, parent, index, reg);

	if (error == ERR_NOT_FOUND)
		return boot_refuse(&reader->fill, "node %.40s: reg has no entry %u", node_name(reader, node), index);
	return error;
}

/* Adds all entries of a node's reg to the memory map. */
static __init enum error reg_add_memory(struct reader *reader, int node, int parent, enum memory_kind kind)
{
	for (unsigned i = 0;; i++) {
		struct reg reg;
		enum error error = reg_read(reader, node, parent, i, &reg);

		if (error == ERR_NOT_FOUND)
			return OK;
		if (error == OK)
			error = boot_fill_memory(&reader->fill, reg.start, reg.bytes, kind);
		if (error != OK)
			return error;
	}
}

/* --- nodes, one function for each kind of device --------------------------------------------------------- */

static __init enum error use_uart(struct reader *reader, int node, int parent)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	struct reg reg;
	enum error error = reg_need(reader, node, parent, 0, &reg);

	if (error == OK && (devices->uart == 0 || node == reader->stdout_node))
		devices->uart = reg.start;
	return error;
}

static __init enum error use_gic_2(struct reader *reader, int node, int parent)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	struct reg distributor, cpu;
	enum error error = reg_need(reader, node, parent, 0, &distributor);

	if (error == OK)
		error = reg_need(reader, node, parent, 1, &cpu);
	if (error != OK)
		return error;
	devices->gic_version = 2;
	devices->gic_distributor = distributor.start;
	devices->gic_cpu = cpu.start;
	return OK;
}

static __init enum error use_gic_3(struct reader *reader, int node, int parent)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	struct reg distributor;
	enum error error = reg_need(reader, node, parent, 0, &distributor);

	if (error != OK)
		return error;
	devices->gic_version = 3;
	devices->gic_distributor = distributor.start;
	return OK;
}

static __init enum error use_timer(struct reader *reader, int node, int parent)
{
	int bytes;
	const fdt32_t *cells = fdt_getprop(reader->fdt, node, "interrupts", &bytes);
	uint32_t type, number;

	(void)parent;
	if (!cells || bytes < (TIMER_VIRTUAL + 1) * 12)
		return boot_refuse(&reader->fill, "node %.40s: no interrupt of the virtual timer", node_name(reader, node));
	type = fdt32_ld(&cells[TIMER_VIRTUAL * 3]);
	number = fdt32_ld(&cells[TIMER_VIRTUAL * 3 + 1]);
	if ((type == INTERRUPT_PPI && number >= 16) || (type == INTERRUPT_SPI && number >= 988) || type > INTERRUPT_PPI)
		return boot_refuse(&reader->fill, "node %.40s: interrupt %u of type %u", node_name(reader, node), number, type);
	reader->fill.out->devices.timer_irq = number + (type == INTERRUPT_PPI ? GIC_PPI_FIRST : GIC_SPI_FIRST);
	return OK;
}

static __init enum error use_pci(struct reader *reader, int node, int parent)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	struct reg reg;
	enum error error = reg_need(reader, node, parent, 0, &reg);

	if (error != OK || devices->pci_ecam_bytes != 0)
		return error;
	devices->pci_ecam = reg.start;
	devices->pci_ecam_bytes = reg.bytes;
	return OK;
}

static __init enum error use_fw_cfg(struct reader *reader, int node, int parent)
{
	struct reg reg;
	enum error error = reg_need(reader, node, parent, 0, &reg);

	if (error == OK)
		reader->fill.out->devices.fw_cfg = reg.start;
	return error;
}

struct device_kind {
	const char *compatible;
	enum error (*use)(struct reader *reader, int node, int parent);
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

static __init enum error use_device(struct reader *reader, int node, int parent)
{
	int bytes;
	const char *compatible = fdt_getprop(reader->fdt, node, "compatible", &bytes);

	if (!compatible)
		return OK;
	for (size_t i = 0; i < ARRAY_SIZE(device_kinds); i++)
		if (fdt_stringlist_contains(compatible, bytes, device_kinds[i].compatible))
			return device_kinds[i].use(reader, node, parent);
	return OK;
}

/* --- the tree ---------------------------------------------------------------------------------------------- */

/* A node whose addresses are physical addresses. The children of a bus with a translation, or without any
 * (no `ranges`), are not: what they hold is not found. */
static __init enum error walk_node(struct reader *reader, int node, int depth)
{
	int bytes, parent = depth > 0 ? reader->parents[depth - 1] : -1;
	bool is_used = depth == 0 || (reader->is_direct[depth - 1] && node_is_enabled(reader, node));
	const void *ranges = fdt_getprop(reader->fdt, node, "ranges", &bytes);

	reader->parents[depth] = node;
	reader->is_direct[depth] = is_used && (depth == 0 || (ranges && bytes == 0));
	if (!is_used || depth == 0)
		return OK;
	if (prop_is(reader, node, "device_type", "memory"))
		return reg_add_memory(reader, node, parent, MEMORY_USABLE);
	return use_device(reader, node, parent);
}

static __init enum error read_nodes(struct reader *reader)
{
	int depth = 0, node = 0;

	while (node >= 0 && depth >= 0) {
		enum error error;

		if (depth >= DEPTH_MAX)
			return boot_refuse(&reader->fill, "node %.40s: more than %d levels", node_name(reader, node), DEPTH_MAX);
		error = walk_node(reader, node, depth);
		if (error != OK)
			return error;
		node = fdt_next_node(reader->fdt, node, &depth);
	}
	if (node < 0 && node != -FDT_ERR_NOTFOUND)
		return refuse_damaged(reader, node);
	if (reader->fill.out->memory.count == 0)
		return boot_refuse(&reader->fill, "no memory in the tree (firmware with ACPI hands over an empty one; "
		                                  "in QEMU: -M virt,acpi=off)");
	return OK;
}

/* Children of /reserved-memory and the entries of the header's own list. Areas that the loader placed
 * nowhere yet have no reg and are no reservation. */
static __init enum error read_reservations(struct reader *reader)
{
	int parent = fdt_subnode_offset(reader->fdt, 0, "reserved-memory"), node, count = fdt_num_mem_rsv(reader->fdt);

	for (int i = 0; i < count; i++) {
		struct reg reg;
		int failed = fdt_get_mem_rsv(reader->fdt, i, &reg.start, &reg.bytes);
		enum error error = failed ? refuse_damaged(reader, failed)
		                          : boot_fill_memory(&reader->fill, reg.start, reg.bytes, MEMORY_RESERVED);

		if (error != OK)
			return error;
	}
	if (parent < 0)
		return OK;
	fdt_for_each_subnode(node, reader->fdt, parent) {
		enum error error = node_is_enabled(reader, node) ? reg_add_memory(reader, node, parent, MEMORY_RESERVED) : OK;

		if (error != OK)
			return error;
	}
	return OK;
}

/* linux,initrd-start or -end: one cell or two, whatever the root's #address-cells says. */
static __init enum error read_initrd_edge(struct reader *reader, int chosen, const char *name, paddr_t *edge)
{
	int bytes;
	const fdt32_t *cells = fdt_getprop(reader->fdt, chosen, name, &bytes);

	if (!cells)
		return ERR_NOT_FOUND;
	if (bytes != 4 && bytes != 8)
		return boot_refuse(&reader->fill, "/chosen: %s of %d bytes", name, bytes);
	*edge = cells_value(cells, bytes / 4);
	return OK;
}

static __init enum error read_initrd(struct reader *reader, int chosen)
{
	paddr_t start, end;
	enum error error = read_initrd_edge(reader, chosen, "linux,initrd-start", &start);

	if (error != OK)
		return error == ERR_NOT_FOUND ? OK : error;
	error = read_initrd_edge(reader, chosen, "linux,initrd-end", &end);
	if (error == ERR_NOT_FOUND)
		error = boot_refuse(&reader->fill, "/chosen: linux,initrd-start without linux,initrd-end");
	return error != OK ? error : boot_fill_initrd(&reader->fill, start, end);
}

/* A path, or an alias for one; ":options" may follow. libfdt's own alias look-up recurses without a limit
 * when an alias names itself, so the alias is taken apart here. */
static __init int stdout_find(struct reader *reader, int chosen)
{
	int bytes, aliases = fdt_subnode_offset(reader->fdt, 0, "aliases");
	const char *path = fdt_getprop(reader->fdt, chosen, "stdout-path", &bytes);
	const char *end;

	if (!path || !memchr(path, 0, (size_t)bytes))
		return -1;
	end = strchr(path, ':');
	bytes = end ? (int)(end - path) : (int)strlen(path);
	if (path[0] != '/') {
		path = aliases >= 0 ? fdt_getprop_namelen(reader->fdt, aliases, path, bytes, &bytes) : NULL;
		if (!path || bytes == 0 || path[0] != '/' || path[bytes - 1] != '\0')
			return -1;
		bytes = (int)strlen(path);
	}
	return fdt_path_offset_namelen(reader->fdt, path, bytes);
}

static __init enum error read_chosen(struct reader *reader)
{
	int bytes, chosen = fdt_subnode_offset(reader->fdt, 0, "chosen");
	const char *bootargs = chosen >= 0 ? fdt_getprop(reader->fdt, chosen, "bootargs", &bytes) : NULL;

	reader->stdout_node = -1;
	if (chosen < 0)
		return OK;
	if (bootargs && bytes > 0 && !boot_fill_cmdline(&reader->fill, bootargs, (size_t)bytes))
		return boot_refuse(&reader->fill, "/chosen: bootargs of %d bytes have no end", bytes);
	reader->stdout_node = stdout_find(reader, chosen);
	return read_initrd(reader, chosen);
}

static __init enum error read_psci(struct reader *reader)
{
	struct fdt_devices *devices = &reader->fill.out->devices;
	int psci = fdt_subnode_offset(reader->fdt, 0, "psci");

	if (psci < 0)
		return boot_refuse(&reader->fill, "no /psci in the tree: nothing here could switch the machine off");
	devices->has_psci = true;
	devices->psci_smc = prop_is(reader, psci, "method", "smc");
	if (!devices->psci_smc && !prop_is(reader, psci, "method", "hvc"))
		return boot_refuse(&reader->fill, "/psci: method is neither hvc nor smc");
	return OK;
}

static __init void read_cpus(struct reader *reader)
{
	int cpus = fdt_subnode_offset(reader->fdt, 0, "cpus"), node;
	unsigned count = 0;

	if (cpus >= 0)
		fdt_for_each_subnode(node, reader->fdt, cpus)
			if (prop_is(reader, node, "device_type", "cpu") && node_is_enabled(reader, node))
				count++;
	reader->fill.out->cpu_count = MAX(count, 1u);
}

/* Checks header and structure, so that from here on libfdt's offsets stay inside. */
static __init enum error tree_open(struct reader *reader, const uint8_t *memory, uint64_t memory_bytes, paddr_t phys)
{
	const void *fdt = memory + phys;
	uint64_t limit;
	int error;

	if (phys % 8 != 0 || memory_bytes < FDT_V1_SIZE || phys > memory_bytes - FDT_V1_SIZE)
		return boot_refuse(&reader->fill, "tree at 0x%lx: unaligned or out of reach", phys);
	limit = MIN(memory_bytes - phys, (uint64_t)FDT_BYTES_MAX);
	if (fdt_magic(fdt) != FDT_MAGIC)
		return boot_refuse(&reader->fill, "tree at 0x%lx: magic is 0x%x, not 0x%x", phys, fdt_magic(fdt), FDT_MAGIC);
	if (fdt_totalsize(fdt) < FDT_V1_SIZE || fdt_totalsize(fdt) > limit)
		return boot_refuse(&reader->fill, "tree at 0x%lx: a size of %u bytes is absurd", phys,
		                   fdt_totalsize(fdt));
	error = fdt_check_full(fdt, fdt_totalsize(fdt));
	if (error != 0)
		return refuse_damaged(reader, error);
	reader->fdt = fdt;
	return boot_fill_keep(&reader->fill, phys, phys + fdt_totalsize(fdt), "device tree", false);
}

__init enum error fdt_parse(const void *memory, uint64_t memory_bytes, paddr_t fdt, struct boot_info *out, char *why,
                            size_t why_bytes)
{
	struct reader reader = { .fdt = NULL };
	enum error error;

	boot_fill_begin(&reader.fill, out, BOOT_IMAGE, "fdt", why, why_bytes);
	error = tree_open(&reader, memory, memory_bytes, fdt);
	/* The command line first: it says how a run ends, also one that stops right behind it. */
	if (error == OK)
		error = read_chosen(&reader);
	if (error == OK)
		error = read_nodes(&reader);
	if (error == OK)
		error = read_reservations(&reader);
	if (error == OK)
		error = read_psci(&reader);
	if (error != OK)
		return error;
	read_cpus(&reader);
	return boot_fill_finish(&reader.fill);
}

__init void fdt_entry(uint64_t fdt)
{
	if (fdt_parse((const void *)DIRECT_MAP_BASE, SLOT_SIZE, fdt, &boot_handover, boot_handover_why,
	              sizeof(boot_handover_why)) != OK)
		kernel_boot_failed(&boot_handover, boot_handover_why);
	kernel_main(&boot_handover);
}
