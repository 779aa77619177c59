/* SPDX-License-Identifier: MIT */
/*
 * boot/fdt.c: the flattened device tree that loaders hand over on aarch64 (Devicetree Specification 0.4).
 *
 * In:      a tree at a physical address; untrusted. libfdt reads it, in one pass, and checks every offset itself.
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
#define UARTS_MAX      8      /* those behind them are not looked at */
#define GIC_SPI_FIRST  32
#define GIC_PPI_FIRST  16
#define INTERRUPT_SPI  0      /* first cell of a GIC interrupt; then number and flags */
#define INTERRUPT_PPI  1
#define TIMER_VIRTUAL  2      /* order in the timer's node: secure, non-secure, virtual, hypervisor */

/* Defaults and limit of #address-cells and #size-cells: Devicetree Specification 0.4, 2.3.5. */
#define ADDRESS_CELLS_DEFAULT 2
#define SIZE_CELLS_DEFAULT    1
#define CELLS_MAX             4
#define CELLS_BAD             -1

/* The properties that matter, of any node. */
enum property {
	ADDRESS_CELLS, SIZE_CELLS, BOOTARGS, COMPATIBLE, DEVICE_TYPE, INTERRUPTS, INITRD_END, INITRD_START, METHOD, RANGES,
	REG, STATUS, STDOUT_PATH, PROPERTIES
};

static const char *const __initconst property_names[PROPERTIES] = {
	[ADDRESS_CELLS] = "#address-cells",   [SIZE_CELLS] = "#size-cells", [BOOTARGS] = "bootargs",
	[COMPATIBLE] = "compatible",          [DEVICE_TYPE] = "device_type", [INTERRUPTS] = "interrupts",
	[INITRD_END] = "linux,initrd-end",    [INITRD_START] = "linux,initrd-start",
	[METHOD] = "method",                  [RANGES] = "ranges",          [REG] = "reg",
	[STATUS] = "status",                  [STDOUT_PATH] = "stdout-path",
};

/* Nodes that count by their place in the tree. */
enum place { PLACE_OTHER, PLACE_ALIASES, PLACE_CHOSEN, PLACE_CPUS, PLACE_PSCI, PLACE_RESERVED, PLACE_CPU, PLACE_RESERVATION };

static const char *const __initconst place_names[] = {
	[PLACE_ALIASES] = "aliases", [PLACE_CHOSEN] = "chosen", [PLACE_CPUS] = "cpus", [PLACE_PSCI] = "psci",
	[PLACE_RESERVED] = "reserved-memory",
};

struct value {
	const void *data; /* NULL: the node has no such property */
	int bytes;
};

/* A node that is open: what its children have to know. */
struct level {
	enum place place;
	bool is_direct; /* addresses of this node's children are physical addresses */
	int address_cells, size_cells;
};

/* The node whose properties are being read. They come before its children, so one is enough. */
struct node {
	bool is_open;
	int offset, depth;
	const char *name;
	struct value values[PROPERTIES];
};

struct uart {
	int node;
	paddr_t start;
};

struct reader {
	struct boot_fill fill;
	const void *fdt;
	enum error error; /* of the first node that was refused: behind it only the command line is read */
	int depth;        /* open nodes */
	struct level levels[DEPTH_MAX];
	struct node node;
	uint32_t places_seen;
	unsigned cpus, uart_count;
	struct uart uarts[UARTS_MAX];
	int aliases; /* node; negative: none */
	struct value stdout_path;
};

/* One entry of a `reg` property. */
struct reg {
	paddr_t start;
	uint64_t bytes;
};

/* --- properties ----------------------------------------------------------------------------------------- */

static __init enum error refuse_damaged(struct reader *reader, int fdt_error)
{
	if (reader->error != OK)
		return reader->error;
	return boot_refuse(&reader->fill, "the tree is damaged: %s", fdt_strerror(fdt_error));
}

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

static __init int cells_count(const struct value *value, int normal)
{
	uint32_t count;

	if (!value->data)
		return normal;
	if (value->bytes != 4)
		return CELLS_BAD;
	count = fdt32_ld(value->data);
	return count <= CELLS_MAX ? (int)count : CELLS_BAD;
}

/* A node without status is in use. */
static __init bool node_is_enabled(const struct node *node)
{
	const struct value *status = &node->values[STATUS];

	return !status->data || value_is(status, "okay") || value_is(status, "ok");
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

/* Which of them is used is known at the end: /chosen may stand behind them. */
static __init enum error use_uart(struct reader *reader)
{
	struct reg reg;
	enum error error = reg_need(reader, 0, &reg);

	if (error == OK && reader->uart_count < UARTS_MAX)
		reader->uarts[reader->uart_count++] = (struct uart){ reader->node.offset, reg.start };
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
	uint32_t type, number;

	if (!cells || node->values[INTERRUPTS].bytes < (TIMER_VIRTUAL + 1) * 12)
		return boot_refuse(&reader->fill, "node %.40s: no interrupt of the virtual timer", node->name);
	type = fdt32_ld(&cells[TIMER_VIRTUAL * 3]);
	number = fdt32_ld(&cells[TIMER_VIRTUAL * 3 + 1]);
	if ((type == INTERRUPT_PPI && number >= 16) || (type == INTERRUPT_SPI && number >= 988) || type > INTERRUPT_PPI)
		return boot_refuse(&reader->fill, "node %.40s: interrupt %u of type %u", node->name, number, type);
	reader->fill.out->devices.timer_irq = number + (type == INTERRUPT_PPI ? GIC_PPI_FIRST : GIC_SPI_FIRST);
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
static __init enum error read_initrd_edge(struct reader *reader, enum property property, paddr_t *edge)
{
	const struct value *value = &reader->node.values[property];

	if (!value->data)
		return ERR_NOT_FOUND;
	if (value->bytes != 4 && value->bytes != 8)
		return boot_refuse(&reader->fill, "/chosen: %s of %d bytes", property_names[property], value->bytes);
	*edge = cells_value(value->data, value->bytes / 4);
	return OK;
}

static __init enum error read_initrd(struct reader *reader)
{
	paddr_t start, end;
	enum error error = read_initrd_edge(reader, INITRD_START, &start);

	if (error != OK)
		return error == ERR_NOT_FOUND ? OK : error;
	error = read_initrd_edge(reader, INITRD_END, &end);
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
	return node_is_enabled(&reader->node) ? reg_add_memory(reader, MEMORY_RESERVED) : OK;
}

static __init enum error use_node(struct reader *reader, enum place place, bool is_used)
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
		reader->cpus += node_is_enabled(node) && value_is(&node->values[DEVICE_TYPE], "cpu");
	if (place == PLACE_ALIASES)
		reader->aliases = node->offset;
	if (!is_used)
		return OK;
	return is_memory ? reg_add_memory(reader, MEMORY_USABLE) : use_device(reader);
}

/* --- the pass over the tree --------------------------------------------------------------------------------- */

/* Is this the name, with or without @ and an address? */
static __init bool name_is(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);

	return strncmp(name, wanted, length) == 0 && (name[length] == '\0' || name[length] == '@');
}

/* Of several nodes with the same name the first one counts, except for reservations: there, all do. */
static __init enum place place_find(struct reader *reader, const char *name, int depth)
{
	enum place parent = depth > 0 ? reader->levels[depth - 1].place : PLACE_OTHER;

	if (parent == PLACE_CPUS)
		return PLACE_CPU;
	if (parent == PLACE_RESERVED)
		return PLACE_RESERVATION;
	for (unsigned i = PLACE_ALIASES; depth == 1 && i < ARRAY_SIZE(place_names); i++) {
		bool is_first = !(reader->places_seen & 1u << i);

		if (!name_is(name, place_names[i]))
			continue;
		reader->places_seen |= 1u << i;
		return is_first || i == PLACE_RESERVED ? (enum place)i : PLACE_OTHER;
	}
	return PLACE_OTHER;
}

/* All of the node's own properties were read. Addresses are physical addresses below the root, and below a bus
 * without a translation (an empty `ranges`). What other buses hold is not found. */
static __init void node_finish(struct reader *reader)
{
	struct node *node = &reader->node;
	const struct value *ranges = &node->values[RANGES];
	struct level *level = &reader->levels[node->depth];
	bool is_root = node->depth == 0, is_used = is_root || (level[-1].is_direct && node_is_enabled(node));
	enum error error;

	node->is_open = false;
	level->place = place_find(reader, node->name, node->depth);
	level->is_direct = is_used && (is_root || (ranges->data && ranges->bytes == 0));
	level->address_cells = cells_count(&node->values[ADDRESS_CELLS], ADDRESS_CELLS_DEFAULT);
	level->size_cells = cells_count(&node->values[SIZE_CELLS], SIZE_CELLS_DEFAULT);
	error = is_root ? OK : use_node(reader, level->place, is_used);
	if (reader->error == OK)
		reader->error = error;
}

/* Returns 0 or one of libfdt's errors, as all that follow. */
static __init int node_begin(struct reader *reader, int offset)
{
	int length, depth = reader->depth++;
	const char *name = fdt_get_name(reader->fdt, offset, &length);

	if (!name)
		return length;
	if (depth == 0 && length != 0)
		return -FDT_ERR_BADSTRUCTURE; /* the root has no name */
	if (depth < DEPTH_MAX)
		reader->node = (struct node){ .is_open = true, .offset = offset, .depth = depth, .name = name };
	else if (reader->error == OK)
		reader->error = boot_refuse(&reader->fill, "node %.40s: more than %d levels", name, DEPTH_MAX);
	return 0;
}

static __init int property_read(struct reader *reader, int offset)
{
	struct value value;
	const char *name;

	value.data = fdt_getprop_by_offset(reader->fdt, offset, &name, &value.bytes);
	if (!value.data)
		return value.bytes;
	for (unsigned i = 0; reader->node.is_open && i < PROPERTIES; i++) {
		struct value *known = &reader->node.values[i];

		if (*name == *property_names[i] && strcmp(name, property_names[i]) == 0 && !known->data)
			*known = value;
	}
	return 0;
}

static __init int tag_read(struct reader *reader, uint32_t tag, int offset)
{
	bool is_root_closed = reader->depth == 0 && offset > 0;

	if (tag == FDT_NOP)
		return 0;
	if (tag == FDT_PROP)
		return reader->depth > 0 ? property_read(reader, offset) : -FDT_ERR_BADSTRUCTURE;
	if (reader->node.is_open)
		node_finish(reader);
	if (tag == FDT_BEGIN_NODE)
		return is_root_closed ? -FDT_ERR_BADSTRUCTURE : node_begin(reader, offset);
	if (tag == FDT_END_NODE && reader->depth > 0) {
		reader->depth--;
		return 0;
	}
	return -FDT_ERR_BADSTRUCTURE;
}

/* Also checks the structure from its first tag to its last. */
static __init enum error walk(struct reader *reader)
{
	int offset = 0, next = 0, error = 0;
	uint32_t tag;

	do {
		offset = next;
		tag = fdt_next_tag(reader->fdt, offset, &next);
		if (next < 0)
			return refuse_damaged(reader, next);
		if (tag != FDT_END)
			error = tag_read(reader, tag, offset);
	} while (tag != FDT_END && error == 0);
	if (error == 0 && (reader->depth != 0 || offset == 0))
		error = -FDT_ERR_BADSTRUCTURE;
	return error != 0 ? refuse_damaged(reader, error) : reader->error;
}

/* --- before and behind it ---------------------------------------------------------------------------------------- */

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
	/* The header's size depends on its version, which lies in the part that is always there. */
	error = fdt_totalsize(fdt) < fdt_header_size(fdt) ? -FDT_ERR_TRUNCATED : fdt_check_header(fdt);
	if (error != 0)
		return refuse_damaged(reader, error);
	reader->fdt = fdt;
	return boot_fill_keep(&reader->fill, phys, phys + fdt_totalsize(fdt), "device tree", false);
}

/* The header's own list of reservations. */
static __init enum error read_reservations(struct reader *reader)
{
	int count = fdt_num_mem_rsv(reader->fdt);

	if (count < 0)
		return refuse_damaged(reader, count);
	for (int i = 0; i < count; i++) {
		struct reg reg;
		int failed = fdt_get_mem_rsv(reader->fdt, i, &reg.start, &reg.bytes);
		enum error error = failed ? refuse_damaged(reader, failed)
		                          : boot_fill_memory(&reader->fill, reg.start, reg.bytes, MEMORY_RESERVED);

		if (error != OK)
			return error;
	}
	return OK;
}

/* A path, or an alias for one; ":options" may follow. libfdt's own alias look-up recurses without a limit
 * when an alias names itself, so the alias is taken apart here. */
static __init int stdout_find(struct reader *reader)
{
	const char *path = reader->stdout_path.data, *end;
	int bytes = reader->stdout_path.bytes;

	if (!path || !memchr(path, 0, (size_t)bytes))
		return -1;
	end = strchr(path, ':');
	bytes = end ? (int)(end - path) : (int)strlen(path);
	if (path[0] != '/') {
		path = reader->aliases >= 0 ? fdt_getprop_namelen(reader->fdt, reader->aliases, path, bytes, &bytes) : NULL;
		if (!path || bytes == 0 || path[0] != '/' || path[bytes - 1] != '\0')
			return -1;
		bytes = (int)strlen(path);
	}
	return fdt_path_offset_namelen(reader->fdt, path, bytes);
}

/* The one that /chosen names, else the first. Following a path is slow, and mostly there is one UART. */
static __init void choose_uart(struct reader *reader)
{
	int chosen = reader->uart_count > 1 ? stdout_find(reader) : -1;

	if (reader->uart_count > 0)
		reader->fill.out->devices.uart = reader->uarts[0].start;
	for (unsigned i = 0; i < reader->uart_count; i++)
		if (reader->uarts[i].node == chosen)
			reader->fill.out->devices.uart = reader->uarts[i].start;
}

static __init enum error check_complete(struct reader *reader)
{
	if (memory_map_bytes(&reader->fill.out->memory, MEMORY_USABLE) == 0)
		return boot_refuse(&reader->fill, "no memory in the tree (firmware with ACPI hands over an empty one; "
		                                  "in QEMU: -M virt,acpi=off)");
	if (!reader->fill.out->devices.has_psci)
		return boot_refuse(&reader->fill, "no /psci in the tree: nothing here could switch the machine off");
	return OK;
}

__init enum error fdt_parse(const void *memory, uint64_t memory_bytes, paddr_t fdt, struct boot_info *out, char *why,
                            size_t why_bytes)
{
	struct reader reader = { .aliases = -1 };
	enum error error;

	boot_fill_begin(&reader.fill, out, BOOT_IMAGE, "fdt", why, why_bytes);
	error = tree_open(&reader, memory, memory_bytes, fdt);
	/* The command line says how a run ends, also one that stops right behind it: so the tree comes first. */
	if (error == OK)
		error = walk(&reader);
	if (error == OK)
		error = read_reservations(&reader);
	if (error == OK)
		error = check_complete(&reader);
	if (error != OK)
		return error;
	choose_uart(&reader);
	out->cpu_count = MAX(reader.cpus, 1u);
	return boot_fill_finish(&reader.fill);
}

__init void fdt_entry(uint64_t fdt)
{
	if (fdt_parse((const void *)DIRECT_MAP_BASE, SLOT_SIZE, fdt, &boot_handover, boot_handover_why,
	              sizeof(boot_handover_why)) != OK)
		kernel_boot_failed(&boot_handover, boot_handover_why);
	kernel_main(&boot_handover);
}
