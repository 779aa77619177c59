/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/pci_test.c: arch/x86_64/pci.c against a configuration space of this test's own: bus mastering goes off
 * everywhere and nothing else changes; only a range inside one memory register of a display device is its memory.
 * pci.c is compiled into this file, with ports that lead here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define AMBER_X86_IO_H /* in place of the real ports */
static void io_out32(uint16_t port, uint32_t value);
static uint32_t io_in32(uint16_t port);

#include "../../arch/x86_64/pci.c"

#define REGISTERS 16

/* One function: its registers, and which bits of each can be written. */
struct function {
	uint32_t number;
	uint32_t now[REGISTERS], writable[REGISTERS];
	bool was_moved_while_on; /* an address register was written while it decoded */
};

static struct function functions[8];
static unsigned function_count;
static uint32_t address;

static struct function *find(void)
{
	for (unsigned i = 0; i < function_count; i++)
		if (functions[i].number == (address & 0x7fffff00) >> 8)
			return &functions[i];
	return NULL;
}

static void io_out32(uint16_t port, uint32_t value)
{
	struct function *function;
	unsigned reg = (address & 0xff) / 4;

	if (port == 0xcf8) {
		assert_true(value & 0x80000000u);
		assert_int_equal(value & 3, 0);
		address = value;
		return;
	}
	assert_int_equal(port, 0xcfc);
	function = find();
	assert_non_null(function);
	if (reg == 1)
		assert_int_equal(value >> 16, 0); /* ones would clear bits of the status register */
	else
		assert_true(reg >= 4 && reg < 10);
	if (reg >= 4 && (function->now[1] & 3))
		function->was_moved_while_on = true;
	function->now[reg] = (function->now[reg] & ~function->writable[reg]) | (value & function->writable[reg]);
}

static uint32_t io_in32(uint16_t port)
{
	struct function *function = find();

	assert_int_equal(port, 0xcfc);
	return function ? function->now[(address & 0xff) / 4] : ~0u;
}

static struct function *add(uint32_t bus, uint32_t slot, uint32_t number, uint32_t class, uint32_t header, uint32_t command)
{
	struct function *function = &functions[function_count++];

	*function = (struct function){ .number = bus << 8 | slot << 3 | number };
	function->now[0] = 0x11111234;
	function->now[1] = 0xffff0000 | command;
	function->writable[1] = 0xffff;
	function->now[2] = class << 24;
	function->now[3] = header << 16;
	return function;
}

static void memory(struct function *function, unsigned reg, uint64_t start, uint64_t bytes, bool is_64_bit)
{
	uint64_t mask = -bytes;

	function->now[4 + reg] = (uint32_t)start | (is_64_bit ? 0xc : 0x8);
	function->writable[4 + reg] = (uint32_t)mask & ~0xfu;
	if (is_64_bit) {
		function->now[5 + reg] = start >> 32;
		function->writable[5 + reg] = mask >> 32;
	}
}

static int setup(void **state)
{
	(void)state;
	function_count = 0;
	return 0;
}

static void test_bus_mastering_goes_off_everywhere(void **state)
{
	static const uint32_t places[][3] = { { 0, 0, 0 }, { 0, 3, 0 }, { 0, 3, 7 }, { 7, 31, 0 }, { 255, 31, 0 }, { 255, 31, 5 } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		add(places[i][0], places[i][1], places[i][2], 2, places[i][2] ? 0 : 0x80, i == 1 ? 0x403 : 0x407);
	pci_bus_mastering_off();
	for (unsigned i = 0; i < function_count; i++)
		assert_int_equal(functions[i].now[1] & 0xffff, 0x403);
}

static void test_memory_of_a_display(void **state)
{
	struct function *display = add(0, 2, 0, 3, 0, 0x103);
	struct function before;

	(void)state;
	memory(display, 0, 0x80000000, 0x1000000, false);
	display->now[5] = 0xc001; /* ports */
	display->writable[5] = 0xfffc;
	memory(display, 2, 0x80fc000000, 0x4000000, true);
	before = *display;
	assert_true(pci_is_display_memory(0x80000000, 0x80000001));
	assert_true(pci_is_display_memory(0x80000000, 0x81000000));
	assert_true(pci_is_display_memory(0x80fff000, 0x81000000));
	assert_false(pci_is_display_memory(0x80000000, 0x81000001));
	assert_false(pci_is_display_memory(0x7ffff000, 0x80001000));
	assert_false(pci_is_display_memory(0x81000000, 0x81001000));
	assert_true(pci_is_display_memory(0x80fc000000, 0x8100000000));
	assert_false(pci_is_display_memory(0x80fc000000, 0x8100000001));
	assert_false(pci_is_display_memory(0xfc000000, 0xfc001000)); /* the lower half of an upper one */
	assert_false(pci_is_display_memory(0xc000, 0xc010));
	assert_false(pci_is_display_memory(0x80, 0x84)); /* an upper half is no register */
	assert_false(pci_is_display_memory(0, 0x1000));
	assert_false(pci_is_display_memory(0xfee00000, 0xfee01000));
	/* Everything is as before, and it decoded nothing while it was moved. */
	assert_memory_equal(display, &before, sizeof(before));
	assert_false(display->was_moved_while_on);
}

static void test_others_have_no_display_memory(void **state)
{
	(void)state;
	memory(add(0, 1, 0, 2, 0, 3), 0, 0x80000000, 0x1000000, false);   /* a network card */
	memory(add(0, 2, 0, 3, 1, 3), 0, 0x90000000, 0x1000000, false);   /* a bridge, by its header */
	memory(add(0, 3, 0, 3, 0, 3), 0, 0xa0000000, 0x1000, false);
	assert_false(pci_is_display_memory(0x80000000, 0x80001000));
	assert_false(pci_is_display_memory(0x90000000, 0x90001000));
	assert_true(pci_is_display_memory(0xa0000000, 0xa0001000));
	assert_false(pci_is_display_memory(0xa0000000, 0xa0002000));
}

/* A range that reaches over the end of one register into the next belongs to neither. */
static void test_two_neighbours_are_not_one(void **state)
{
	struct function *display = add(0, 2, 0, 3, 0, 3);

	(void)state;
	memory(display, 0, 0x80000000, 0x100000, false);
	memory(display, 1, 0x80100000, 0x100000, false);
	assert_true(pci_is_display_memory(0x80100000, 0x80200000));
	assert_false(pci_is_display_memory(0x80080000, 0x80180000));
}

static void test_registers_that_are_not_used(void **state)
{
	struct function *display = add(0, 2, 0, 3, 0, 3);

	(void)state;
	display->now[4] = 0; /* nothing can be written: there is none */
	memory(display, 1, 0, 0x100000, false); /* never set up */
	assert_false(pci_is_display_memory(0x80, 0x84)); /* an upper half is no register */
	assert_false(pci_is_display_memory(0, 0x1000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bus_mastering_goes_off_everywhere, setup),
		cmocka_unit_test_setup(test_memory_of_a_display, setup),
		cmocka_unit_test_setup(test_others_have_no_display_memory, setup),
		cmocka_unit_test_setup(test_two_neighbours_are_not_one, setup),
		cmocka_unit_test_setup(test_registers_that_are_not_used, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
