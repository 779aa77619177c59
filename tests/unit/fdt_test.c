/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fdt_test.c: device trees, good, bad and damaged at random. They are written by libfdt's
 * sequential functions, each laid in front of a page that can't be read.
 *
 * sources: boot/fdt.c boot/fdt_nodes.c boot/boot_fill.c mm/memory_map.c kernel/format.c
 * libraries: -lfdt
 */
#include "fdt_trees.h"

static void test_usual(void **state)
{
	(void)state;
	assert_int_equal(parse(&usual), OK);
	assert_string_equal(info.cmdline, "exit=debug ro_fault=once");
	assert_int_equal(info.protocol, BOOT_IMAGE);
	assert_int_equal(info.cpu_count, 2);
	assert_true(info.cpu_ids_kept == 2 && info.cpu_ids[0] == 0 && info.cpu_ids[1] == 1);
	assert_int_equal(info.devices.uart, 0x9000000);
	assert_int_equal(info.devices.gic_version, 2);
	assert_int_equal(info.devices.gic_distributor, 0x8000000);
	assert_int_equal(info.devices.gic_cpu, 0x8010000);
	assert_int_equal(info.devices.timer_irq, 27);
	assert_int_equal(info.devices.pci_ecam, 0x3f000000);
	assert_int_equal(info.devices.pci_ecam_bytes, 0x1000000);
	assert_int_equal(info.devices.fw_cfg, 0x9020000);
	assert_true(info.devices.has_psci);
	assert_false(info.devices.psci_smc);
	assert_false(info.text_screen);
	assert_true(memory_map_is(&info.memory, RAM_START, 0x42000000, MEMORY_USABLE));
	assert_true(memory_map_is(&info.memory, 0x42000000, 0x42002000, MEMORY_RESERVED));
	assert_true(memory_map_is(&info.memory, 0x42002000, RAM_START + RAM_BYTES, MEMORY_USABLE));
	assert_false(memory_map_is(&info.memory, 0xe000000, 0xf000000, MEMORY_USABLE));
}

static void many_cpus(void)
{
	for (uint32_t i = 0; i < MAX_CPUS + 3; i++)
		cpu(i % 2 ? 2 : 1, 0, 0x100 + i, i == 1 ? "disabled" : i == 2 ? "okay" : NULL);
}

/* Those that count and can't be started stand in front, so that the good one behind them must be found. */
static void odd_cpus(void)
{
	cpu(0, 0, 0, NULL);       /* no reg */
	cpu(3, 0, 5, NULL);       /* of three cells */
	cpu(2, 1, 5, NULL);       /* an affinity that our calls can't say */
	cpu(2, ~0u, ~0u, NULL);
	cpu(1, 0, 9, "fail");     /* not there */
	cpu(2, 0, 0xffffffff, "ok");
	node("l2-cache");         /* no CPU */
	text("device_type", "cache");
	cells("reg", 1, (const uint32_t[]){ 7 });
	close_node();
}

static void no_cpus(void)
{
}

static void test_cpus(void **state)
{
	struct shape shape = usual;

	(void)state;
	shape.cpus = many_cpus;
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.cpu_count, MAX_CPUS + 2);
	assert_int_equal(info.cpu_ids_kept, MAX_CPUS);
	for (uint32_t i = 0; i < MAX_CPUS; i++) /* one cell or two, in order, without the disabled one */
		assert_int_equal(info.cpu_ids[i], 0x100 + i + (i > 0));
	shape.cpus = odd_cpus;
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.cpu_count, 5);
	assert_true(info.cpu_ids_kept == 1 && info.cpu_ids[0] == 0xffffffff);
	shape.cpus = no_cpus;
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.cpu_count, 1); /* this one runs */
	assert_int_equal(info.cpu_ids_kept, 0);
}

static void test_tree_itself_is_kept(void **state)
{
	static uint8_t ram[0x10000] __attribute__((aligned(4096)));
	const uint8_t *memory = ram - RAM_START; /* physical address p is at memory + p */
	uint64_t limit = RAM_START + sizeof(ram), at = RAM_START + 0x8000;
	size_t bytes = build(&usual);

	(void)state;
	memcpy(ram + 0x8000, tree, bytes);
	assert_int_equal(fdt_parse(memory, limit, at, &info, why, sizeof(why)), OK);
	assert_true(memory_map_is(&info.memory, RAM_START, at, MEMORY_USABLE));
	assert_true(memory_map_is(&info.memory, at, at + fdt_totalsize(tree), MEMORY_BOOT));
	assert_int_equal(fdt_parse(memory, limit, at + 4, &info, why, sizeof(why)), ERR_INVALID);
	assert_string_equal(why, "fdt: tree at 0x40008004: unaligned or out of reach");
	assert_int_equal(fdt_parse(memory, limit, ~7ull, &info, why, sizeof(why)), ERR_INVALID);
	assert_int_equal(fdt_parse(memory, limit, RAM_START, &info, why, sizeof(why)), ERR_INVALID);
	assert_string_equal(why, "fdt: tree at 0x40000000: magic is 0x0, not 0xd00dfeed");
}

static void test_memory_shapes(void **state)
{
	struct shape shape = usual;

	(void)state;
	shape.memory_cells = 8;
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(memory_map_highest(&info.memory, MEMORY_USABLE), RAM_START + 3 * RAM_BYTES);
	shape.memory_cells = 3;
	assert_refused(&shape, "fdt: node memory@40000000: a reg of 12 bytes is no list of 4 cells");
	shape = usual;
	shape.root_cells = 3;
	assert_refused(&shape, "fdt: node memory@40000000: addresses of 3 and sizes of 3 cells");
	shape = usual;
	shape.root_cells = 0;
	assert_int_equal(parse(&shape), ERR_INVALID);
	shape.root_cells = 0x80000000;
	assert_int_equal(parse(&shape), ERR_INVALID);
	shape = usual;
	shape.memory_cells = 0;
	assert_refused(&shape, "fdt: no memory in the tree (firmware with ACPI hands over an empty one; "
	                       "in QEMU: -M virt,acpi=off)");
}

static void test_one_cell_per_address(void **state)
{
	struct shape shape = usual;

	(void)state;
	shape.root_cells = 1; /* the same four cells are now two entries: at 0, of RAM_START and of RAM_BYTES bytes */
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(memory_map_lowest(&info.memory, MEMORY_USABLE), ALIGN_UP(fdt_totalsize(tree), PAGE_SIZE));
	assert_int_equal(memory_map_highest(&info.memory, MEMORY_USABLE), RAM_START);
}

static void test_empty_tree(void **state)
{
	(void)state;
	memset(tree, 0, sizeof(tree));
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	node("");
	node("chosen");
	text("bootargs", "exit=debug");
	close_node();
	close_node();
	fdt_finish(tree);
	assert_int_equal(parse_bytes(ALIGN_UP(fdt_totalsize(tree), 8)), ERR_INVALID);
	assert_non_null(strstr(why, "no memory in the tree"));
	assert_string_equal(info.cmdline, "exit=debug");
}

static void test_psci(void **state)
{
	struct shape shape = usual;

	(void)state;
	shape.psci_method = "smc";
	assert_int_equal(parse(&shape), OK);
	assert_true(info.devices.psci_smc);
	shape.psci_method = "smcc";
	assert_refused(&shape, "fdt: /psci: method is neither hvc nor smc");
	shape.psci_method = NULL;
	assert_refused(&shape, "fdt: no /psci in the tree: nothing here could switch the machine off");
}

static void test_cmdline(void **state)
{
	static char line[2048];
	struct shape shape = usual;

	(void)state;
	shape.bootargs = NULL;
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.cmdline_bytes, 0);
	shape.bootargs = "exit=debug";
	shape.bootargs_bytes = 10;
	assert_refused(&shape, "fdt: /chosen: bootargs of 10 bytes have no end");
	shape.bootargs = line;
	shape.bootargs_bytes = 0;
	for (size_t length = 1020; length < 1030; length++) {
		memset(line, 'a', sizeof(line));
		line[length] = '\0';
		assert_int_equal(parse(&shape), OK);
		assert_int_equal(info.cmdline_bytes, MIN(length, (size_t)CMDLINE_MAX));
		assert_int_equal(info.cmdline_cut, length > CMDLINE_MAX);
	}
}

static void test_stdout(void **state)
{
	static const struct { const char *path, *alias; uint64_t uart; } cases[] = {
		{ "/pl011@9000000:115200n8", NULL, 0x9000000 },
		{ "serial0", "/pl011@9000000", 0x9000000 },
		{ "serial0:115200", "/pl011@9000000", 0x9000000 },
		{ NULL, NULL, 0x9040000 }, /* the first one */
		{ "/nowhere", NULL, 0x9040000 },
		{ "/cpus", NULL, 0x9040000 },
		{ "", NULL, 0x9040000 },
		{ ":", "", 0x9040000 },
		{ "serial0", NULL, 0x9040000 },
		{ "serial1", "/pl011@9000000", 0x9040000 },
		{ "serial0", "serial0", 0x9040000 }, /* would recurse for ever */
		{ "serial0", "", 0x9040000 },
	};
	struct shape shape = usual;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		shape.stdout_path = cases[i].path;
		shape.alias = cases[i].alias;
		assert_int_equal(parse(&shape), OK);
		assert_int_equal(info.devices.uart, cases[i].uart);
	}
}

static void test_initrd(void **state)
{
	struct shape shape = usual;

	(void)state;
	for (shape.initrd_bytes = 4; shape.initrd_bytes <= 8; shape.initrd_bytes += 4) {
		assert_int_equal(parse(&shape), OK);
		assert_int_equal(info.initrd_start, 0x44000000);
		assert_int_equal(info.initrd_end, 0x44012345);
		assert_true(memory_map_is(&info.memory, 0x44000000, 0x44013000, MEMORY_BOOT));
	}
	shape.initrd_bytes = 3;
	assert_refused(&shape, "fdt: /chosen: linux,initrd-start of 3 bytes");
}

static void test_interrupts(void **state)
{
	struct shape shape = usual;

	(void)state;
	shape.gic = "arm,gic-v3";
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.devices.gic_version, 3);
	shape.gic = "arm,gic-400";
	shape.gic_regs = 1;
	assert_refused(&shape, "fdt: node intc@8000000: reg has no entry 1");
	shape.gic = "arm,gic-v5";
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.devices.gic_version, 0);
	shape = usual;
	shape.timer_cells = 8;
	assert_refused(&shape, "fdt: node timer: no interrupt of the virtual timer");
	shape.timer_cells = 12;
	shape.timer_number = 16;
	assert_refused(&shape, "fdt: node timer: interrupt 16 of type 1");
	shape.timer_type = 0;
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.devices.timer_irq, 48);
	shape.timer_type = 2;
	assert_refused(&shape, "fdt: node timer: interrupt 16 of type 2");
}

/* The one of the UART that is used; what is no good doesn't count: the kernel works without. */
static void test_uart_interrupt(void **state)
{
	static const struct { unsigned cells; uint32_t type, number, irq; } cases[] = {
		{ 3, 0, 1, 33 },  { 3, 0, 987, 1019 }, { 3, 0, 988, 0 },        { 3, 0, UINT32_MAX, 0 }, { 3, 1, 15, 31 },
		{ 3, 1, 16, 0 },  { 3, 2, 1, 0 },      { 3, UINT32_MAX, 1, 0 }, { 2, 0, 1, 0 },          { 0, 0, 0, 0 },
	};
	struct shape shape = usual;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		shape.uart_cells = cases[i].cells;
		shape.uart_irq_type = cases[i].type;
		shape.uart_irq = cases[i].number;
		assert_int_equal(parse(&shape), OK);
		assert_int_equal(info.devices.uart_irq, cases[i].irq);
	}
	shape = usual;
	shape.stdout_path = NULL;
	assert_int_equal(parse(&shape), OK);
	assert_int_equal(info.devices.uart_irq, 40);
}

static void test_depth(void **state)
{
	struct shape shape = usual;

	(void)state;
	shape.depth = 15;
	assert_int_equal(parse(&shape), OK);
	shape.depth = 16;
	assert_refused(&shape, "fdt: node deeper: more than 16 levels");
	shape.depth = 500;
	assert_refused(&shape, "fdt: node deeper: more than 16 levels");
}

static void test_reservations(void **state)
{
	struct shape shape = usual;

	(void)state;
	shape.reservations = 20;
	assert_int_equal(parse(&shape), OK);
	assert_true(memory_map_is(&info.memory, RAM_START + 0x104000, RAM_START + 0x105000, MEMORY_RESERVED));
	shape.reservations = 64;
	assert_refused(&shape, "fdt: more than 64 memory ranges");
	shape.reservations = 40; /* fits unsorted, not when they split the RAM */
	assert_refused(&shape, "fdt: more than 64 memory ranges");
}

/* A tree of these tags, with one string "x" at 0; parsed. */
static enum error parse_tags(unsigned count, const uint32_t *tags)
{
	uint32_t header[10] = { FDT_MAGIC, 0, 56, 0, 40, 17, 16, 0, 4, count * 4 };
	size_t bytes = ALIGN_UP(56 + count * 4 + 4, 8);

	memset(tree, 0, sizeof(tree));
	header[1] = (uint32_t)bytes;
	header[3] = 56 + count * 4;
	for (unsigned i = 0; i < 10 + 4 + count; i++) {
		fdt32_t cell = cpu_to_fdt32(i < 10 ? header[i] : i < 14 ? 0 : tags[i - 14]);

		memcpy(tree + i * 4, &cell, 4);
	}
	tree[header[3]] = 'x';
	return parse_bytes(bytes);
}

/* The order of tags: Devicetree Specification 0.4, 5.4.2. */
static void test_structure(void **state)
{
	enum { NODE = FDT_BEGIN_NODE, CLOSE = FDT_END_NODE, PROP = FDT_PROP, NOP = FDT_NOP, END = FDT_END };
	static const struct { unsigned count; uint32_t tags[10]; bool is_good; } cases[] = {
		{ 4, { NODE, 0, CLOSE, END }, true },
		{ 7, { NOP, NODE, 0, NOP, CLOSE, NOP, END }, true },
		{ 7, { NODE, 0, PROP, 0, 0, CLOSE, END }, true },
		{ 7, { NODE, 0, PROP, 0, 64, CLOSE, END }, false },          /* a name beyond the strings */
		{ 7, { NODE, 0, PROP, 0xfffffff0, 0, CLOSE, END }, false }, /* a value beyond the structure */
		{ 1, { END }, false },
		{ 3, { NODE, 0, END }, false },
		{ 3, { NODE, 0, CLOSE }, false },
		{ 2, { CLOSE, END }, false },
		{ 5, { NODE, 0, CLOSE, CLOSE, END }, false },
		{ 7, { NODE, 0, CLOSE, NODE, 0, CLOSE, END }, false },
		{ 7, { PROP, 0, 0, NODE, 0, CLOSE, END }, false },
		{ 7, { NODE, 0, CLOSE, PROP, 0, 0, END }, false },
		{ 4, { NODE, 0x61000000, CLOSE, END }, false },             /* a root with a name */
		{ 5, { NODE, 0, 7, CLOSE, END }, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_tags(cases[i].count, cases[i].tags), ERR_INVALID);
		if (!strstr(why, cases[i].is_good ? "no memory in the tree" : "the tree is damaged"))
			fail_msg("case %zu: %s", i, why);
	}
}

/* Of two nodes with one name the first counts; properties behind a child are nobody's. */
static void test_twins(void **state)
{
	(void)state;
	memset(tree, 0, sizeof(tree));
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	node("");
	for (unsigned i = 0; i < 2; i++) {
		node("chosen");
		text("bootargs", i ? "second" : "first");
		node("child");
		close_node();
		close_node();
	}
	for (unsigned i = 0; i < 2; i++) {
		node("psci");
		text("method", i ? "nonsense" : "smc");
		close_node();
	}
	for (uint32_t i = 0; i < 20; i++) {
		char name[24];

		snprintf(name, sizeof(name), "serial@%x", 0x9000000 + i * 0x1000);
		node(name);
		text("compatible", "arm,pl011");
		cells("reg", 3, (const uint32_t[]){ 0, 0x9000000 + i * 0x1000, 0x1000 });
		close_node();
	}
	node("memory");
	text("device_type", "memory");
	cells("reg", 3, (const uint32_t[]){ 0, RAM_START, RAM_BYTES });
	close_node();
	close_node();
	fdt_finish(tree);
	assert_int_equal(parse_bytes(ALIGN_UP(fdt_totalsize(tree), 8)), OK);
	assert_string_equal(info.cmdline, "first");
	assert_true(info.devices.psci_smc);
	assert_int_equal(info.devices.uart, 0x9000000);
	assert_true(memory_map_is(&info.memory, RAM_START, RAM_START + RAM_BYTES, MEMORY_USABLE));
}

static void set_header(unsigned index, uint32_t value)
{
	fdt32_t cell = cpu_to_fdt32(value);

	build(&usual);
	memcpy(tree + 4 * index, &cell, sizeof(cell));
}

static void test_bad_headers(void **state)
{
	static const uint32_t values[] = { 0, 1, 39, 0x1fff, 0x2001, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff };
	size_t bytes = build(&usual);

	(void)state;
	set_header(0, 0xedfe0dd0);
	assert_int_equal(parse_bytes(bytes), ERR_INVALID);
	assert_string_equal(why, "fdt: tree at 0x0: magic is 0xedfe0dd0, not 0xd00dfeed");
	for (unsigned field = 1; field < 10; field++) {
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			enum error error;

			set_header(field, values[i]);
			error = parse_bytes(bytes);
			if (field == 7) /* the boot CPU's number: nobody reads it */
				assert_int_equal(error, OK);
			else if (field != 5 && field != 6) /* a newer version, compatible with an old one: fine */
				assert_int_equal(error, ERR_INVALID);
		}
	}
	set_header(1, (uint32_t)MIB(3));
	assert_int_equal(parse_bytes(bytes), ERR_INVALID);
	assert_string_equal(why, "fdt: tree at 0x0: a size of 3145728 bytes is absurd");
}

static void test_truncated(void **state)
{
	size_t bytes = build(&usual);

	(void)state;
	for (size_t cut = 8; cut < bytes; cut += 8) {
		fdt32_t total;

		/* As handed over, and with a header that agrees with the lie. */
		build(&usual);
		assert_int_equal(parse_bytes(cut), ERR_INVALID);
		total = cpu_to_fdt32((uint32_t)cut);
		memcpy(tree + 4, &total, sizeof(total));
		assert_int_equal(parse_bytes(cut), ERR_INVALID);
	}
}

static void test_random_damage(void **state)
{
	struct shape shape = usual;
	unsigned good = 0;
	size_t bytes;

	(void)state;
	shape.initrd_bytes = 8;
	shape.alias = "/pl011@9000000";
	shape.stdout_path = "serial0";
	shape.reservations = 2;
	for (unsigned run = 0; run < 20000; run++) {
		bytes = build(&shape);
		if (run % 4 == 0)
			damage(tree, sizeof(struct fdt_header));
		else
			damage(tree + sizeof(struct fdt_header), bytes - sizeof(struct fdt_header));
		good += parse_bytes(bytes) == OK;
	}
	assert_in_range(good, 100, 19900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual),        cmocka_unit_test(test_tree_itself_is_kept),
		cmocka_unit_test(test_memory_shapes), cmocka_unit_test(test_one_cell_per_address),
		cmocka_unit_test(test_empty_tree),   cmocka_unit_test(test_psci),
		cmocka_unit_test(test_cmdline),      cmocka_unit_test(test_stdout),
		cmocka_unit_test(test_initrd),       cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_uart_interrupt),
		cmocka_unit_test(test_depth),        cmocka_unit_test(test_reservations),
		cmocka_unit_test(test_bad_headers),  cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_random_damage), cmocka_unit_test(test_structure),
		cmocka_unit_test(test_twins),        cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
