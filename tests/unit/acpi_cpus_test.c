/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/acpi_cpus_test.c: the CPUs and I/O APICs that the MADT lists: in both forms, disabled, twice, too many, with IDs that nothing can
 * be sent to, and in tables that are cut or damaged at each byte.
 *
 * sources: arch/x86_64/acpi.c
 * flags: -I arch/x86_64
 */
#include "acpi_tables.h"

#define MADT    0x1600
#define ENTRIES 44

static uint32_t madt_bytes;

static void entry(const uint8_t *bytes, size_t count)
{
	memcpy(memory + MADT + madt_bytes, bytes, count);
	madt_bytes += (uint32_t)count;
}

static void local_apic(uint8_t id, uint32_t flags)
{
	entry((const uint8_t[]){ 0, 8, 0x77, id, (uint8_t)flags, (uint8_t)(flags >> 8), 0, (uint8_t)(flags >> 24) }, 8);
}

static void local_x2apic(uint32_t id, uint32_t flags)
{
	uint8_t bytes[16] = { 9, 16, 0, 0, (uint8_t)id, (uint8_t)(id >> 8), (uint8_t)(id >> 16), (uint8_t)(id >> 24), (uint8_t)flags };

	entry(bytes, sizeof(bytes));
}

/* No CPUs: an I/O APIC and an interrupt override, as in every such table. */
static void others(void)
{
	entry((const uint8_t[]){ 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0 }, 12);
	entry((const uint8_t[]){ 2, 10, 0, 0, 2, 0, 0, 0, 0, 0 }, 10);
}

static int build(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	madt_bytes = ENTRIES;
	put(FADT + 40, DSDT, 4);
	table(FADT, "FACP", FADT_BYTES);
	put(RSDT + 36, FADT, 4);
	put(RSDT + 40, MADT, 4);
	table(RSDT, "RSDT", 44);
	put(XSDT + 36, FADT, 8);
	put(XSDT + 44, MADT, 8);
	table(XSDT, "XSDT", 52);
	rsdp(2);
	return 0;
}

static enum error find(struct acpi_cpus *cpus)
{
	memset(cpus, 0xa5, sizeof(*cpus));
	table(MADT, "APIC", madt_bytes);
	return acpi_find_cpus(view, RSDP, cpus);
}

/* Exactly these. */
static void expect(unsigned listed, unsigned kept, const uint32_t *ids)
{
	struct acpi_cpus cpus;

	assert_int_equal(find(&cpus), OK);
	assert_int_equal(cpus.listed, listed);
	assert_int_equal(cpus.kept, kept);
	for (unsigned i = 0; i < kept; i++)
		assert_int_equal(cpus.ids[i], ids[i]);
}

static void test_usual(void **state)
{
	(void)state;
	expect(0, 0, NULL);
	others();
	for (uint8_t id = 0; id < 4; id++)
		local_apic(id, 1);
	others();
	expect(4, 4, (const uint32_t[]){ 0, 1, 2, 3 });
	rsdp(0); /* by the RSDT */
	expect(4, 4, (const uint32_t[]){ 0, 1, 2, 3 });
}

/* "Online capable", the other flag, is for CPUs that are not there. */
static void test_flags(void **state)
{
	(void)state;
	local_apic(7, 0);
	local_apic(6, 1);
	local_apic(5, 2);
	local_apic(4, 3);
	local_apic(3, 0xff00fffe);
	local_x2apic(20, 0);
	local_x2apic(21, 2);
	local_x2apic(22, 1);
	expect(3, 3, (const uint32_t[]){ 6, 4, 22 });
}

/* The xAPIC's 255 is everybody; what lies above no interrupt command of it can name. Such a CPU counts, but can't be started. */
static void test_ids_out_of_reach(void **state)
{
	(void)state;
	local_apic(255, 1);
	local_x2apic(255, 1);
	local_x2apic(256, 1);
	local_apic(254, 1);
	local_x2apic(0xfffffffe, 1);
	local_x2apic(1, 1);
	expect(6, 2, (const uint32_t[]){ 254, 1 });
}

static void test_listed_twice(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (uint8_t id = 0; id < 3; id++) {
			local_apic(id, 1);
			local_x2apic(id, 1);
		}
	expect(3, 3, (const uint32_t[]){ 0, 1, 2 });
}

static void test_too_many(void **state)
{
	(void)state;
	for (uint8_t id = 0; id < 20; id++) /* firmware's order is kept; the first ones count */
		local_apic((uint8_t)(100 - 2 * id), 1);
	expect(20, MAX_CPUS, (const uint32_t[]){ 100, 98, 96, 94, 92, 90, 88, 86 });
}

/* Of those for which there is no room only the number is known: it must be right all the same. */
static void test_too_many_twice(void **state)
{
	(void)state;
	for (uint8_t id = 0; id < 12; id++)
		local_apic(id, 1);
	for (uint8_t id = 0; id < 12; id++)
		local_x2apic(id, 1);
	local_x2apic(300, 1); /* in this form only */
	expect(13, MAX_CPUS, (const uint32_t[]){ 0, 1, 2, 3, 4, 5, 6, 7 });
}

static void test_entries_of_other_lengths(void **state)
{
	(void)state;
	entry((const uint8_t[]){ 0, 7, 0, 9, 1, 0, 0 }, 7);                        /* too short for what it is: no CPU */
	entry((const uint8_t[]){ 9, 11, 0, 0, 9, 0, 0, 0, 1, 0, 0 }, 11);
	entry((const uint8_t[]){ 9, 8, 0, 0, 9, 0, 0, 0 }, 8);
	entry((const uint8_t[]){ 0, 9, 0, 1, 1, 0, 0, 0, 0xff }, 9);               /* longer: what we know is where it was */
	entry((const uint8_t[]){ 9, 18, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 9 }, 18);
	entry((const uint8_t[]){ 200, 2 }, 2);                                     /* the shortest */
	local_apic(3, 1);
	expect(3, 3, (const uint32_t[]){ 1, 2, 3 });
}

/* An entry of length 0 or 1 would be read for ever; one that reaches out of the table is none. */
static void test_broken_lengths(void **state)
{
	static const uint8_t lengths[] = { 0, 1, 9, 16, 0x80, 0xff };
	struct acpi_cpus cpus;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths); i++)
		for (uint8_t type = 0; type < 10; type++) {
			build(NULL);
			local_apic(1, 1);
			local_apic(2, 1);
			memory[MADT + ENTRIES + 8] = type;
			memory[MADT + ENTRIES + 8 + 1] = lengths[i]; /* the last one has 8 bytes */
			assert_int_equal(find(&cpus), ERR_INVALID);
			drop_views(NULL);
		}
}

static void build_mixed(void)
{
	build(NULL);
	local_apic(3, 1);
	local_x2apic(4, 1);
	others();
	local_apic(5, 1);
}

static void test_truncated(void **state)
{
	static const uint32_t whole[] = { 3, 4, 5 };
	uint32_t all;
	struct acpi_cpus cpus;

	(void)state;
	build_mixed();
	all = madt_bytes;
	for (uint32_t bytes = 0; bytes <= all; bytes++) {
		enum error error;

		build_mixed();
		madt_bytes = bytes;
		if (bytes < 10) /* no room for a checksum */
			put(MADT + 4, bytes, 4);
		error = find(&cpus);
		if (bytes < 36)
			assert_int_equal(error, ERR_NOT_FOUND);
		assert_true(error == OK || error == ERR_NOT_FOUND || error == ERR_INVALID);
		assert_true(cpus.kept <= 3 && cpus.listed == cpus.kept);
		for (unsigned i = 0; i < cpus.kept; i++)
			assert_int_equal(cpus.ids[i], whole[i]);
		if (bytes == all)
			assert_true(error == OK && cpus.kept == 3);
		/* Cut inside the last entry, with more than the one byte that could be padding. */
		if (bytes > all - 7 && bytes < all)
			assert_int_equal(error, ERR_INVALID);
		drop_views(NULL);
	}
}

static void test_checksum_and_absence(void **state)
{
	struct acpi_cpus cpus;

	(void)state;
	for (uint32_t at = 0; at < ENTRIES + 8; at++) {
		build(NULL);
		local_apic(1, 1);
		table(MADT, "APIC", madt_bytes);
		memory[MADT + at] ^= 1;
		memset(&cpus, 0xa5, sizeof(cpus));
		assert_int_equal(acpi_find_cpus(view, RSDP, &cpus), ERR_NOT_FOUND);
		assert_true(cpus.listed == 0 && cpus.kept == 0);
		drop_views(NULL);
	}
	memset(&cpus, 0xa5, sizeof(cpus));
	assert_int_equal(acpi_find_cpus(view, 0, &cpus), ERR_NOT_FOUND);
	assert_int_equal(cpus.listed, 0);
	assert_int_equal(acpi_find_cpus(view, ~0ull, &cpus), ERR_NOT_FOUND);
}

/* Any byte anything, the checksum right again: any answer, but no bad read, and never more than there is room for. */
static void test_damage(void **state)
{
	struct acpi_cpus cpus;
	uint32_t all;

	(void)state;
	build_mixed();
	all = madt_bytes;
	for (uint32_t at = 0; at < all; at++)
		for (unsigned value = 0; value < 256; value++) {
			build_mixed();
			memory[MADT + at] = (uint8_t)value;
			sum(MADT, all, 9);
			if (acpi_find_cpus(view, RSDP, &cpus) == OK)
				assert_true(cpus.kept <= MAX_CPUS && cpus.kept <= cpus.listed && cpus.listed <= all / 8);
			drop_views(NULL);
		}
}

/* --- where an ISA line ends -------------------------------------------------------------------------------- */

static void io_apic(uint32_t address, uint32_t first)
{
	uint8_t bytes[12] = { 1, 12, 0, 0 };

	memcpy(bytes + 4, &address, 4);
	memcpy(bytes + 8, &first, 4);
	entry(bytes, sizeof(bytes));
}

static void isa_override(uint8_t bus, uint8_t isa_line, uint32_t to)
{
	uint8_t bytes[10] = { 2, 10, bus, isa_line };

	memcpy(bytes + 4, &to, 4);
	entry(bytes, sizeof(bytes));
}

static void expect_line(paddr_t address, uint32_t pin)
{
	struct acpi_line line;

	memset(&line, 0xa5, sizeof(line));
	table(MADT, "APIC", madt_bytes);
	assert_int_equal(acpi_find_line(view, RSDP, 4, &line), address ? OK : ERR_NOT_FOUND);
	if (address) {
		assert_int_equal(line.io_apic, address);
		assert_int_equal(line.pin, pin);
	}
}

static void test_line(void **state)
{
	(void)state;
	local_apic(0, 1);
	expect_line(0, 0); /* no I/O APIC at all */
	others();          /* one from line 0 on; ISA line 0 is another */
	expect_line(0xfec00000, 4);
	isa_override(1, 4, 9);
	expect_line(0xfec00000, 4); /* another bus's */
	isa_override(0, 4, 21);
	expect_line(0xfec00000, 21);
	io_apic(0xfec01000, 20);
	io_apic(0xfec02000, 22);
	expect_line(0xfec01000, 1);
}

static void test_line_out_of_reach(void **state)
{
	(void)state;
	io_apic(0xfec00000, 5);
	expect_line(0, 0);
	io_apic(0, 0);
	expect_line(0, 0);
	io_apic(0xfec00008, 0); /* not aligned */
	expect_line(0, 0);
	io_apic(0xfec00ff0, 0); /* its second register is on the next page */
	expect_line(0, 0);
}

static void test_line_far_away(void **state)
{
	(void)state;
	io_apic(0xfec00000, 0);
	isa_override(0, 4, 119); /* the last whose registers have numbers */
	expect_line(0xfec00000, 119);
	isa_override(0, 4, 120);
	expect_line(0, 0);
	isa_override(0, 4, UINT32_MAX);
	expect_line(0, 0);
}

static void test_polarity(void **state)
{
	(void)state;
	for (unsigned flags = 0; flags < 256; flags++) {
		struct acpi_line line;

		build(NULL);
		others();
		isa_override(0, 4, 4);
		memory[MADT + madt_bytes - 2] = (uint8_t)flags;
		isa_override(0, 3, 3); /* another line's */
		memory[MADT + madt_bytes - 2] = 3;
		table(MADT, "APIC", madt_bytes);
		assert_int_equal(acpi_find_line(view, RSDP, 4, &line), OK);
		assert_int_equal(line.is_active_low, (flags & 3) == 3);
		drop_views(NULL);
	}
}

/* Any byte anything: no bad read. */
static void test_line_damage(void **state)
{
	struct acpi_line line;

	(void)state;
	for (uint32_t at = 0; at < ENTRIES + 40; at++)
		for (unsigned value = 0; value < 256; value++) {
			build(NULL);
			local_apic(1, 1);
			others();
			isa_override(0, 4, 9);
			table(MADT, "APIC", madt_bytes);
			memory[MADT + at] = (uint8_t)value;
			sum(MADT, madt_bytes, 9);
			if (acpi_find_line(view, RSDP, 4, &line) == OK)
				assert_true(line.pin <= 119 && line.io_apic);
			drop_views(NULL);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usual, build, drop_views),
		cmocka_unit_test_setup_teardown(test_flags, build, drop_views),
		cmocka_unit_test_setup_teardown(test_ids_out_of_reach, build, drop_views),
		cmocka_unit_test_setup_teardown(test_listed_twice, build, drop_views),
		cmocka_unit_test_setup_teardown(test_too_many, build, drop_views),
		cmocka_unit_test_setup_teardown(test_too_many_twice, build, drop_views),
		cmocka_unit_test_setup_teardown(test_entries_of_other_lengths, build, drop_views),
		cmocka_unit_test_setup_teardown(test_broken_lengths, build, drop_views),
		cmocka_unit_test_setup_teardown(test_truncated, build, drop_views),
		cmocka_unit_test_setup_teardown(test_checksum_and_absence, build, drop_views),
		cmocka_unit_test_setup_teardown(test_damage, build, drop_views),
		cmocka_unit_test_setup_teardown(test_line, build, drop_views),
		cmocka_unit_test_setup_teardown(test_line_out_of_reach, build, drop_views),
		cmocka_unit_test_setup_teardown(test_line_far_away, build, drop_views),
		cmocka_unit_test_setup_teardown(test_polarity, build, drop_views),
		cmocka_unit_test_setup_teardown(test_line_damage, build, drop_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
