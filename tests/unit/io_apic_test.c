/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/io_apic_test.c: what the gate stores to the interrupt controllers, attacked with every register and with requests
 * of all kinds. intc.c and io_apic.c are compiled into this file; the local APIC is a page of memory, the I/O APIC one whose
 * select register and window show what was stored last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define AMBER_X86_IO_H /* in place of the real ports */
static void io_out8(uint16_t port, uint8_t value)
{
	(void)port, (void)value;
}

#include "../../arch/x86_64/intc.c"
#define registers io_apic_registers /* both files have one */
#include "../../arch/x86_64/io_apic.c"
#undef registers

#define ADDRESS 0xfec00000
#define BOOT_CPU 3
#define UNTOUCHED 0xa5a5a5a5u

bool cpus_are_settled;
struct arch_user_device arch_user_devices[USER_DEVICES];
static struct acpi_line found, found_keyboard;
static enum error found_error, found_keyboard_error;
static unsigned locks;

uint64_t lock_acquire(struct lock *lock_)
{
	assert_int_equal(lock_->holder++, 0);
	locks++;
	return 0;
}

void lock_release(struct lock *lock_, uint64_t irq_state)
{
	(void)irq_state;
	assert_int_equal(--lock_->holder, 0);
}

void keyboard_start(void)
{
}
static struct memory_map memory;
static uint8_t local_apic[PAGE_SIZE], io_apic[PAGE_SIZE];

const uint8_t *acpi_view(paddr_t start, size_t bytes)
{
	(void)start, (void)bytes;
	return NULL;
}

paddr_t acpi_search_rsdp(acpi_view_fn view)
{
	(void)view;
	return 0;
}

enum error acpi_find_line(acpi_view_fn view, paddr_t rsdp, uint8_t isa_line, struct acpi_line *into)
{
	(void)view, (void)rsdp;
	if (isa_line == 1) {
		*into = found_keyboard;
		return found_error ? found_error : found_keyboard_error;
	}
	assert_int_equal(isa_line, 4);
	if (!found_error)
		*into = found;
	return found_error;
}

uint32_t arch_cpu_hardware_id(unsigned id)
{
	assert_int_equal(id, 0);
	return BOOT_CPU;
}

uint64_t arch_gate_call(uint64_t op, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)c, (void)d, (void)e;
	assert_int_equal(op, GATE_DEVICE);
	return arch_gate_device(a, b);
}

static uint32_t read_word(const uint8_t *page, size_t at)
{
	uint32_t word;

	memcpy(&word, page + at, 4);
	return word;
}

static void write_word(uint8_t *page, size_t at, uint32_t word)
{
	memcpy(page + at, &word, 4);
}

/* As before: nothing was selected, nothing stored. */
static void forget(void)
{
	memset(local_apic, 0xa5, sizeof(local_apic));
	memset(io_apic, 0xa5, sizeof(io_apic));
}

static bool is_untouched(const uint8_t *page)
{
	for (size_t at = 0; at < PAGE_SIZE; at++)
		if (page[at] != 0xa5)
			return false;
	return true;
}

/* An I/O APIC whose last entry is `last`. */
static void machine(uint32_t pin, unsigned last, bool is_active_low)
{
	paddr_t page = 0;

	found = (struct acpi_line){ ADDRESS, pin, is_active_low };
	found_keyboard = (struct acpi_line){ ADDRESS, pin ? pin - 1 : 5, is_active_low };
	assert_true(io_apic_find(1, &memory, &page));
	assert_int_equal(page, ADDRESS);
	io_apic_mapped((vaddr_t)(uintptr_t)io_apic);
	write_word(io_apic, IO_APIC_WINDOW, last << 16);
	io_apic_start();
}

static int begin(void **state)
{
	(void)state;
	memset(&memory, 0, sizeof(memory));
	found_error = found_keyboard_error = OK;
	cpus_are_settled = false;
	io_apic_registers = NULL;
	memset(arch_user_devices, 0, sizeof(arch_user_devices));
	forget();
	intc_mapped((vaddr_t)(uintptr_t)local_apic);
	return 0;
}

/* The lower half of the line's entry, and nothing else, was stored with that value. */
static void expect_entry(uint32_t pin, uint32_t value)
{
	assert_int_equal(read_word(io_apic, IO_APIC_SELECT), 0x10 + 2 * pin);
	assert_int_equal(read_word(io_apic, IO_APIC_WINDOW), value);
	write_word(io_apic, IO_APIC_SELECT, UNTOUCHED);
	write_word(io_apic, IO_APIC_WINDOW, UNTOUCHED);
	assert_true(is_untouched(io_apic));
}

static void test_on_and_off(void **state)
{
	(void)state;
	for (unsigned low = 0; low < 2; low++)
		for (uint32_t pin = 0; pin < 24; pin++) {
			uint32_t entry = 67 | 1u << 15 | low << 13; /* fixed, physical, by level */
			uint32_t keyboard = 68 | 1u << 15 | low << 13, keyboard_pin = pin ? pin - 1 : 5;

			begin(NULL);
			machine(pin, 23, low);
			assert_int_equal(arch_user_devices[USER_DEVICE_UART].irq_line, 4);
			assert_int_equal(arch_user_devices[USER_DEVICE_KEYBOARD].irq_line, 1);
			assert_int_equal(read_word(io_apic, IO_APIC_SELECT), 0x11 + 2 * keyboard_pin); /* the start's last: for CPU 0 */
			assert_int_equal(read_word(io_apic, IO_APIC_WINDOW), BOOT_CPU << 24);
			forget();
			assert_int_equal(arch_irq_line_enable(4), OK);
			expect_entry(pin, entry);
			arch_irq_line_disable(4);
			expect_entry(pin, entry | 1u << 16);
			assert_int_equal(arch_irq_line_enable(1), OK);
			expect_entry(keyboard_pin, keyboard);
			arch_irq_line_disable(1);
			expect_entry(keyboard_pin, keyboard | 1u << 16);
		}
	assert_true(locks);
}

static void test_other_lines(void **state)
{
	(void)state;
	machine(4, 23, false);
	forget();
	for (unsigned number = 0; number < 300; number++) {
		if (number == 4 || number == 1)
			continue;
		assert_int_equal(arch_irq_line_enable(number), ERR_RANGE);
		arch_irq_line_disable(number);
	}
	assert_true(is_untouched(io_apic));
}

static void expect_none(void)
{
	forget();
	assert_int_equal(arch_user_devices[USER_DEVICE_UART].irq_line, 0);
	assert_int_equal(arch_user_devices[USER_DEVICE_KEYBOARD].irq_line, 0);
	for (unsigned number = 0; number < 32; number++) {
		assert_int_equal(arch_irq_line_enable(number), ERR_UNSUPPORTED);
		arch_irq_line_disable(number);
	}
	for (unsigned request = 0; request < 4; request++)
		assert_int_equal(arch_gate_device(IO_APIC_REQUEST, request), ERR_UNSUPPORTED);
	assert_true(is_untouched(io_apic) && is_untouched(local_apic));
}

static void test_without_one(void **state)
{
	paddr_t page;

	(void)state;
	found_error = ERR_NOT_FOUND;
	assert_false(io_apic_find(1, &memory, &page));
	io_apic_start();
	expect_none();
}

/* The table says so; the device says that it has no such entry. */
static void test_entry_that_is_not_there(void **state)
{
	(void)state;
	machine(24, 23, false);
	expect_none();
}

/* The keyboard's is elsewhere, or nowhere: the serial line has its own all the same. */
static void test_without_the_keyboards(void **state)
{
	paddr_t page = 0;

	(void)state;
	for (unsigned is_elsewhere = 0; is_elsewhere < 2; is_elsewhere++) {
		begin(NULL);
		found = (struct acpi_line){ ADDRESS, 4, false };
		found_keyboard = (struct acpi_line){ ADDRESS + 0x1000 * is_elsewhere, 1, false };
		found_keyboard_error = is_elsewhere ? OK : ERR_NOT_FOUND;
		assert_true(io_apic_find(1, &memory, &page));
		io_apic_mapped((vaddr_t)(uintptr_t)io_apic);
		write_word(io_apic, IO_APIC_WINDOW, 23 << 16);
		io_apic_start();
		forget();
		assert_int_equal(arch_user_devices[USER_DEVICE_KEYBOARD].irq_line, 0);
		assert_int_equal(arch_irq_line_enable(1), ERR_RANGE);
		arch_irq_line_disable(1);
		assert_int_equal(arch_gate_device(IO_APIC_REQUEST, 3), ERR_UNSUPPORTED);
		assert_int_equal(arch_gate_device(IO_APIC_REQUEST, 4), ERR_UNSUPPORTED);
		assert_true(is_untouched(io_apic));
		assert_int_equal(arch_irq_line_enable(4), OK);
		expect_entry(4, 67 | 1u << 15);
	}
}

/* The gate would store to it. */
static void test_ram_is_none(void **state)
{
	static const enum memory_kind kinds[] = { MEMORY_USABLE, MEMORY_ACPI, MEMORY_BOOT };
	paddr_t page;

	(void)state;
	memory.count = 1;
	found = (struct acpi_line){ ADDRESS + 0x40, 4, false };
	memory.ranges[0] = (struct memory_range){ ADDRESS - MIB(1), ADDRESS + MIB(1), MEMORY_RESERVED };
	assert_true(io_apic_find(1, &memory, &page));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		memory.ranges[0] = (struct memory_range){ ADDRESS + PAGE_SIZE - 1, ADDRESS + MIB(1), kinds[i] };
		assert_false(io_apic_find(1, &memory, &page));
		memory.ranges[0] = (struct memory_range){ ADDRESS - MIB(1), ADDRESS + 1, kinds[i] };
		assert_false(io_apic_find(1, &memory, &page));
		memory.ranges[0] = (struct memory_range){ ADDRESS + PAGE_SIZE, ADDRESS + MIB(1), kinds[i] };
		assert_true(io_apic_find(1, &memory, &page));
	}
	memory.count = 0;
	found = (struct acpi_line){ 0xff000, 4, false };
	assert_false(io_apic_find(1, &memory, &page));
}

/* What a redirection entry could hold (an SMI, INIT, another's vector) is no request; each bit, alone and beside a good one. */
static void test_requests(void **state)
{
	(void)state;
	machine(4, 23, false);
	cpus_are_settled = true;
	forget();
	assert_int_equal(arch_gate_device(IO_APIC_REQUEST, IO_APIC_START), ERR_DENIED);
	for (uint64_t request = 5; request < 0x20000; request++)
		assert_int_equal(arch_gate_device(IO_APIC_REQUEST, request), ERR_INVALID);
	for (unsigned bit = 3; bit < 64; bit++)
		for (uint64_t low = 0; low < 8; low++)
			assert_int_equal(arch_gate_device(IO_APIC_REQUEST, 1ull << bit | low), ERR_INVALID);
	assert_true(is_untouched(io_apic) && is_untouched(local_apic));
}

static const uint16_t all_values[] = { APIC_TPR, APIC_EOI, APIC_SPURIOUS, APIC_TIMER_INITIAL, APIC_TIMER_DIVIDE };
static const uint16_t vectors[] = { APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_COUNTERS, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR };

static bool is_among(const uint16_t *regs, size_t count, uint64_t reg)
{
	while (count--)
		if (regs[count] == reg)
			return true;
	return false;
}

/* Fixed and NMI: an SMI, INIT and ExtINT are refused, whatever else is in the word. */
static void test_every_register(void **state)
{
	(void)state;
	machine(4, 23, false);
	forget();
	for (uint64_t reg = 0; reg < 0x3000; reg++)
		for (unsigned mode = 0; mode < 8; mode++) {
			bool is_free = is_among(all_values, ARRAY_SIZE(all_values), reg);
			bool is_vector = is_among(vectors, ARRAY_SIZE(vectors), reg) && (mode == 0 || mode == 4);
			uint64_t value = mode << 8 | 0x100ff;

			if (reg == IO_APIC_REQUEST)
				continue;
			assert_int_equal(arch_gate_device(reg, value | 1ull << 32), ERR_INVALID);
			assert_int_equal(arch_gate_device(reg | 1ull << 32, value), ERR_INVALID);
			assert_int_equal(arch_gate_device(reg, value), is_free || is_vector ? OK : ERR_INVALID);
			if (is_free || is_vector) {
				assert_int_equal(read_word(local_apic, reg), value);
				write_word(local_apic, reg, UNTOUCHED);
			}
		}
	assert_true(is_untouched(local_apic) && is_untouched(io_apic));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_on_and_off, begin),
		cmocka_unit_test_setup(test_other_lines, begin),
		cmocka_unit_test_setup(test_without_one, begin),
		cmocka_unit_test_setup(test_entry_that_is_not_there, begin),
		cmocka_unit_test_setup(test_without_the_keyboards, begin),
		cmocka_unit_test_setup(test_ram_is_none, begin),
		cmocka_unit_test_setup(test_requests, begin),
		cmocka_unit_test_setup(test_every_register, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
