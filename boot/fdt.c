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

#include "fdt_reader.h"
#include <amber/layout.h>
#include <amber/string.h>
#include <amber/upcalls.h>
#include <libfdt.h>

/* Linux's arm64 boot protocol allows 2 MiB; QEMU hands over a bit more if it was given its own tree by -dtb. */
#define FDT_BYTES_MAX MIB(4)

/* Defaults and limit of #address-cells and #size-cells: Devicetree Specification 0.4, 2.3.5. */
#define ADDRESS_CELLS_DEFAULT 2
#define SIZE_CELLS_DEFAULT    1
#define CELLS_MAX             4
#define CELLS_BAD             -1

static const char *const __initconst property_names[PROPERTIES] = {
	[ADDRESS_CELLS] = "#address-cells",
	[SIZE_CELLS] = "#size-cells",
	[BOOTARGS] = "bootargs",
	[COMPATIBLE] = "compatible",
	[DEVICE_TYPE] = "device_type",
	[INTERRUPTS] = "interrupts",
	[INITRD_END] = "linux,initrd-end",
	[INITRD_START] = "linux,initrd-start",
	[METHOD] = "method",
	[RANGES] = "ranges",
	[REG] = "reg",
	[STATUS] = "status",
	[STDOUT_PATH] = "stdout-path",
};

static const char *const __initconst place_names[] = {
	[PLACE_ALIASES] = "aliases", [PLACE_CHOSEN] = "chosen", [PLACE_CPUS] = "cpus", [PLACE_PSCI] = "psci",
	[PLACE_RESERVED] = "reserved-memory",
};

static __init enum error refuse_damaged(struct reader *reader, int fdt_error)
{
	if (reader->error != OK)
		return reader->error;
	return boot_refuse(&reader->fill, "the tree is damaged: %s", fdt_strerror(fdt_error));
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
	bool is_root = node->depth == 0, is_used = is_root || (level[-1].is_direct && fdt_node_is_enabled(node));
	enum error error;

	node->is_open = false;
	level->place = place_find(reader, node->name, node->depth);
	level->is_direct = is_used && (is_root || (ranges->data && ranges->bytes == 0));
	level->address_cells = cells_count(&node->values[ADDRESS_CELLS], ADDRESS_CELLS_DEFAULT);
	level->size_cells = cells_count(&node->values[SIZE_CELLS], SIZE_CELLS_DEFAULT);
	error = is_root ? OK : fdt_use_node(reader, level->place, is_used);
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
	reader->has_root = true;
	if (depth < FDT_DEPTH_MAX)
		reader->node = (struct node){ .is_open = true, .offset = offset, .depth = depth, .name = name };
	else if (reader->error == OK)
		reader->error = boot_refuse(&reader->fill, "node %.40s: more than %d levels", name, FDT_DEPTH_MAX);
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
	bool is_root_closed = reader->depth == 0 && reader->has_root;

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
	if (error == 0 && (reader->depth != 0 || !reader->has_root))
		error = -FDT_ERR_BADSTRUCTURE;
	return error != 0 ? refuse_damaged(reader, error) : reader->error;
}

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
		paddr_t start;
		uint64_t bytes;
		int failed = fdt_get_mem_rsv(reader->fdt, i, &start, &bytes);
		enum error error = failed ? refuse_damaged(reader, failed)
		                          : boot_fill_memory(&reader->fill, start, bytes, MEMORY_RESERVED);

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

	unsigned used = 0;

	if (reader->uart_count == 0)
		return;
	for (unsigned i = 0; i < reader->uart_count; i++)
		if (reader->uarts[i].node == chosen)
			used = i;
	reader->fill.out->devices.uart = reader->uarts[used].start;
	reader->fill.out->devices.uart_irq = reader->uarts[used].irq;
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
	static __initdata struct reader reader;
	enum error error;

	reader = (struct reader){ .aliases = -1 };
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
