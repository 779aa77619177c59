/* SPDX-License-Identifier: MIT */
/* tests/unit/fdt_trees.h: device trees for fdt_test.c, written by libfdt's sequential functions. */
#ifndef AMBER_UNIT_FDT_TREES_H
#define AMBER_UNIT_FDT_TREES_H

#include "untrusted_input.h"

#include "fdt_parse.h"
#include <libfdt.h>

#define TREE_BYTES 32768
#define RAM_START  0x40000000ull
#define RAM_BYTES  0x8000000ull

static struct boot_info info;
static char why[WHY_BYTES];
static uint8_t tree[TREE_BYTES]; /* being written */

/* What a tree shall hold; the rest is as QEMU's virt machine has it. */
struct shape {
	const char *bootargs;
	unsigned bootargs_bytes; /* 0: with its final 0 */
	const char *stdout_path, *alias;
	const char *psci_method; /* NULL: no /psci */
	const char *gic;
	unsigned gic_regs;       /* entries in the controller's reg */
	unsigned memory_cells;   /* in the memory node's reg; 0: no such node */
	unsigned initrd_bytes;   /* of each of the two properties; 0: none */
	unsigned timer_cells;
	uint32_t timer_type, timer_number;
	unsigned uart_cells;     /* in the interrupts of each UART; 0: none */
	uint32_t uart_irq_type, uart_irq;
	unsigned root_cells;     /* #address-cells and #size-cells of the root */
	unsigned depth;          /* of a chain of nodes */
	unsigned reservations;   /* in the header's list */
	void (*cpus)(void);      /* writes what is in /cpus; NULL: three, the last one disabled */
};

static const struct shape usual = {
	.bootargs = "exit=debug ro_fault=once",
	.stdout_path = "/pl011@9000000",
	.psci_method = "hvc",
	.gic = "arm,cortex-a15-gic",
	.gic_regs = 2,
	.memory_cells = 4,
	.timer_cells = 12,
	.timer_type = 1,
	.timer_number = 11,
	.uart_cells = 3,
	.uart_irq = 1,
	.root_cells = 2,
};

static void node(const char *name)
{
	assert_int_equal(fdt_begin_node(tree, name), 0);
}

static void close_node(void)
{
	assert_int_equal(fdt_end_node(tree), 0);
}

static void prop(const char *name, const void *value, int bytes)
{
	assert_int_equal(fdt_property(tree, name, value, bytes), 0);
}

static void text(const char *name, const char *value)
{
	prop(name, value, (int)strlen(value) + 1);
}

static void cells(const char *name, unsigned count, const uint32_t *values)
{
	fdt32_t out[16];

	for (unsigned i = 0; i < count; i++)
		out[i] = cpu_to_fdt32(values[i]);
	prop(name, out, (int)count * 4);
}

static void device(const char *name, const char *compatible, uint32_t addr, uint32_t bytes)
{
	node(name);
	prop("compatible", compatible, (int)strlen(compatible) + 1);
	cells("reg", 4, (const uint32_t[]){ 0, addr, 0, bytes });
	close_node();
}

static void uart(const char *name, uint32_t addr, uint32_t irq, const struct shape *shape)
{
	node(name);
	text("compatible", "arm,pl011");
	cells("reg", 4, (const uint32_t[]){ 0, addr, 0, 0x1000 });
	if (shape->uart_cells)
		cells("interrupts", shape->uart_cells, (const uint32_t[]){ shape->uart_irq_type, irq, 4 });
	close_node();
}

static void write_chosen(const struct shape *shape)
{
	node("chosen");
	if (shape->bootargs)
		prop("bootargs", shape->bootargs,
		     (int)(shape->bootargs_bytes ? shape->bootargs_bytes : strlen(shape->bootargs) + 1));
	if (shape->stdout_path)
		text("stdout-path", shape->stdout_path);
	if (shape->initrd_bytes) {
		uint64_t edges[2] = { 0x44000000, 0x44012345 };

		for (int i = 0; i < 2; i++) {
			const char *name = i ? "linux,initrd-end" : "linux,initrd-start";
			fdt32_t cell = cpu_to_fdt32((uint32_t)edges[i]);
			fdt64_t cells_2 = cpu_to_fdt64(edges[i]);

			if (shape->initrd_bytes == 8)
				prop(name, &cells_2, 8);
			else
				prop(name, &cell, (int)shape->initrd_bytes);
		}
	}
	close_node();
	if (shape->alias) {
		node("aliases");
		text("serial0", shape->alias);
		close_node();
	}
}

static void cpu(unsigned reg_cells, uint32_t high, uint32_t low, const char *status)
{
	static unsigned number;
	char name[24];

	snprintf(name, sizeof(name), "cpu@%u", number++);
	node(name);
	text("device_type", "cpu");
	if (reg_cells)
		cells("reg", reg_cells, reg_cells == 1 ? &low : (const uint32_t[]){ high, low, 0 });
	if (status)
		text("status", status);
	close_node();
}

static void write_cpus(const struct shape *shape)
{
	node("cpus");
	cells("#address-cells", 1, (const uint32_t[]){ 1 });
	cells("#size-cells", 1, (const uint32_t[]){ 0 });
	if (shape->cpus)
		shape->cpus();
	for (uint32_t i = 0; i < 3 && !shape->cpus; i++)
		cpu(1, 0, i, i == 2 ? "disabled" : NULL);
	node("cpu-map");
	close_node();
	close_node();
}

static void write_devices(const struct shape *shape)
{
	node("intc@8000000");
	text("compatible", shape->gic);
	cells("reg", shape->gic_regs * 4, (const uint32_t[]){ 0, 0x8000000, 0, 0x10000, 0, 0x8010000, 0, 0x10000 });
	close_node();
	node("timer");
	prop("compatible", "arm,armv8-timer\0arm,armv7-timer", 32);
	cells("interrupts", shape->timer_cells,
	      (const uint32_t[]){ 1, 13, 4, 1, 14, 4, shape->timer_type, shape->timer_number, 4, 1, 10, 4 });
	close_node();
	uart("pl011@9040000", 0x9040000, 8, shape);
	uart("pl011@9000000", 0x9000000, shape->uart_irq, shape);
	device("pcie@10000000", "pci-host-ecam-generic", 0x3f000000, 0x1000000);
	device("fw-cfg@9020000", "qemu,fw-cfg-mmio", 0x9020000, 0x18);
	/* Nothing behind a bus that translates addresses may be taken for a physical address. */
	node("soc");
	cells("#address-cells", 1, (const uint32_t[]){ 2 });
	cells("#size-cells", 1, (const uint32_t[]){ 2 });
	cells("ranges", 6, (const uint32_t[]){ 0, 0, 0, 0x80000000, 0, 0x10000000 });
	device("fw-cfg@1000", "qemu,fw-cfg-mmio", 0x1000, 0x18);
	close_node();
}

static void write_memory(const struct shape *shape)
{
	if (shape->memory_cells) {
		node("memory@40000000");
		text("device_type", "memory");
		cells("reg", shape->memory_cells,
		      (const uint32_t[]){ 0, RAM_START, 0, RAM_BYTES, 0, RAM_START + 2 * RAM_BYTES, 0, RAM_BYTES });
		close_node();
	}
	node("secmem@e000000"); /* for the other world */
	text("device_type", "memory");
	text("status", "disabled");
	cells("reg", 4, (const uint32_t[]){ 0, 0xe000000, 0, 0x1000000 });
	close_node();
	node("reserved-memory");
	cells("#address-cells", 1, (const uint32_t[]){ 1 });
	cells("#size-cells", 1, (const uint32_t[]){ 1 });
	prop("ranges", NULL, 0);
	node("firmware@42000000");
	cells("reg", 2, (const uint32_t[]){ 0x42000000, 0x1001 });
	close_node();
	node("pool");
	cells("size", 1, (const uint32_t[]){ 0x100000 });
	close_node();
	close_node();
}

/* Writes a tree into `tree`; returns its size, rounded up to 8. */
static size_t build(const struct shape *shape)
{
	memset(tree, 0, sizeof(tree));
	assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
	for (unsigned i = 0; i < shape->reservations; i++)
		assert_int_equal(fdt_add_reservemap_entry(tree, RAM_START + 0x100000 + i * 0x4000, 0x1000), 0);
	assert_int_equal(fdt_finish_reservemap(tree), 0);
	node("");
	cells("#address-cells", 1, &shape->root_cells);
	cells("#size-cells", 1, &shape->root_cells);
	if (shape->psci_method) {
		node("psci");
		text("compatible", "arm,psci-1.0");
		text("method", shape->psci_method);
		close_node();
	}
	write_memory(shape);
	write_devices(shape);
	write_cpus(shape);
	for (unsigned i = 0; i < shape->depth; i++)
		node("deeper");
	for (unsigned i = 0; i < shape->depth; i++)
		close_node();
	write_chosen(shape);
	close_node();
	assert_int_equal(fdt_finish(tree), 0);
	return ALIGN_UP(fdt_totalsize(tree), 8);
}

/* Parses `bytes` bytes of the tree from memory that ends there. */
static enum error parse_bytes(size_t bytes)
{
	uint8_t *memory = guarded_new(bytes);
	enum error error;

	memcpy(memory, tree, bytes);
	error = fdt_parse(memory, bytes, 0, &info, why, sizeof(why));
	guarded_free(memory, bytes);
	assert_parsed(error, &info, why);
	return error;
}

static enum error parse(const struct shape *shape)
{
	return parse_bytes(build(shape));
}

static void assert_refused(const struct shape *shape, const char *reason)
{
	assert_int_equal(parse(shape), ERR_INVALID);
	assert_string_equal(why, reason);
	if (shape->bootargs)
		assert_string_equal(info.cmdline, shape->bootargs); /* so exit=debug counts */
}

#endif
