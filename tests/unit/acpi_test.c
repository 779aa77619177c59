/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/acpi_test.c: the way from RSDP to _S5_ over good, truncated and absurd tables. The memory that
 * the parser may see is a buffer whose every view is checked; the sanitizer catches reads past it.
 *
 * sources: arch/x86_64/acpi.c
 * flags: -I arch/x86_64
 */
#include "acpi_tables.h"

static void s5(const uint8_t *package, size_t bytes)
{
	memset(memory + DSDT + 36, 0x5f, DSDT_BYTES - 36);
	memcpy(memory + DSDT + 40, "_S5_", 4);
	memcpy(memory + DSDT + 44, package, bytes);
	table(DSDT, "DSDT", DSDT_BYTES);
}

static int build(void **state)
{
	static const uint8_t package[] = { 0x12, 0x06, 0x04, 0x0a, 0x05, 0x0a, 0x06, 0x00, 0x00 };

	(void)state;
	memset(memory, 0, sizeof(memory));
	s5(package, sizeof(package));
	put(FADT + 40, DSDT, 4);
	put(FADT + 64, 0x604, 4);
	put(FADT + 140, DSDT, 8);
	table(FADT, "FACP", FADT_BYTES);
	put(RSDT + 36, 0, 4); /* a hole, then the FADT */
	put(RSDT + 40, FADT, 4);
	table(RSDT, "RSDT", 44);
	put(XSDT + 36, FADT, 8);
	table(XSDT, "XSDT", 44);
	rsdp(2);
	return 0;
}

static enum error find(struct acpi_power *power)
{
	return acpi_find_power(view, RSDP, power);
}

static void test_good(void **state)
{
	struct acpi_power power = { 0 };

	(void)state;
	assert_int_equal(find(&power), OK);
	assert_int_equal(power.pm1a_control, 0x604);
	assert_int_equal(power.pm1b_control, 0);
	assert_int_equal(power.sleep_type_a, 5);
	assert_int_equal(power.sleep_type_b, 6);
}

static void test_revision_0_uses_rsdt(void **state)
{
	struct acpi_power power = { 0 };

	(void)state;
	memory[XSDT] = 'Q';
	rsdp(0);
	assert_int_equal(find(&power), OK);
	rsdp(2); /* the XSDT is broken: the RSDT serves */
	assert_int_equal(find(&power), OK);
}

static void test_constants(void **state)
{
	static const uint8_t zero_one[] = { 0x12, 0x03, 0x02, 0x00, 0x01 };
	static const uint8_t only_one[] = { 0x12, 0x03, 0x01, 0x01 };
	static const uint8_t long_length[] = { 0x12, 0x46, 0x00, 0x02, 0x0a, 0x07, 0x00 };
	struct acpi_power power = { 0 };

	(void)state;
	s5(zero_one, sizeof(zero_one));
	assert_int_equal(find(&power), OK);
	assert_int_equal(power.sleep_type_a, 0);
	assert_int_equal(power.sleep_type_b, 1);
	s5(only_one, sizeof(only_one));
	assert_int_equal(find(&power), OK);
	assert_int_equal(power.sleep_type_a, 1);
	assert_int_equal(power.sleep_type_b, 1);
	s5(long_length, sizeof(long_length));
	assert_int_equal(find(&power), OK);
	assert_int_equal(power.sleep_type_a, 7);
}

static void test_bad_packages(void **state)
{
	static const uint8_t bad[][6] = {
		{ 0x08, 0x06, 0x04, 0x0a, 0x05, 0x00 }, /* no package */
		{ 0x12, 0x06, 0x00, 0x0a, 0x05, 0x00 }, /* empty */
		{ 0x12, 0x06, 0x04, 0x0b, 0x05, 0x00 }, /* a word constant */
		{ 0x12, 0x06, 0x04, 0x0a, 0x08, 0x00 }, /* does not fit into 3 bits */
		{ 0x12, 0x06, 0x04, 0xff, 0x05, 0x00 }, /* Ones */
	};
	struct acpi_power power = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		s5(bad[i], sizeof(bad[i]));
		assert_int_equal(find(&power), ERR_NOT_FOUND);
		assert_int_equal(power.pm1a_control, 0);
	}
}

/* The DSDT ends somewhere inside name or package. */
static void test_cut_dsdt(void **state)
{
	struct acpi_power power = { 0 };

	(void)state;
	for (uint32_t bytes = 36; bytes < 49; bytes++) {
		table(DSDT, "DSDT", bytes);
		assert_int_equal(find(&power), ERR_NOT_FOUND);
	}
	table(DSDT, "DSDT", 49); /* the first constant is whole, the second is missing: the first serves for both */
	assert_int_equal(find(&power), OK);
	assert_int_equal(power.sleep_type_b, 5);
}

static void test_absurd_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 35, 0x2001, 0x7fffffff, 0xffffffff };
	static const paddr_t tables[] = { RSDT, FADT, DSDT };
	struct acpi_power power = { 0 };

	(void)state;
	for (size_t t = 0; t < 3; t++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			build(NULL);
			rsdp(0);
			put(tables[t] + 4, lengths[i], 4);
			assert_int_not_equal(find(&power), OK);
		}
	build(NULL);
	table(FADT, "FACP", 115); /* too short for what is read of it */
	assert_int_equal(find(&power), ERR_INVALID);
}

static void test_checksums(void **state)
{
	static const paddr_t tables[] = { RSDP + 1, RSDT + 20, FADT + 70, DSDT + 37 };
	struct acpi_power power = { 0 };

	(void)state;
	for (size_t t = 0; t < 4; t++) {
		build(NULL);
		rsdp(0);
		memory[tables[t]] ^= 1;
		assert_int_not_equal(find(&power), OK);
	}
}

static void test_absurd_fields(void **state)
{
	struct acpi_power power = { 0 };

	(void)state;
	put(FADT + 64, 0x12345678, 4); /* no port */
	table(FADT, "FACP", FADT_BYTES);
	assert_int_equal(find(&power), ERR_INVALID);
	build(NULL);
	put(FADT + 64, 0, 4);
	table(FADT, "FACP", FADT_BYTES);
	assert_int_equal(find(&power), ERR_INVALID);
	build(NULL);
	put(FADT + 112, 1u << 20, 4); /* hardware-reduced */
	table(FADT, "FACP", FADT_BYTES);
	assert_int_equal(find(&power), ERR_INVALID);
	build(NULL);
	put(FADT + 40, 0xfffffff0, 4);
	put(FADT + 140, 0xfffffffffffffff0, 8);
	table(FADT, "FACP", FADT_BYTES);
	assert_int_equal(find(&power), ERR_INVALID);
	assert_int_equal(acpi_find_power(view, 0, &power), ERR_NOT_FOUND);
	assert_int_equal(acpi_find_power(view, ~0ull, &power), ERR_NOT_FOUND);
}

/* One damaged byte anywhere, checksums put right again: any answer, but no bad read. */
static void test_damage(void **state)
{
	struct acpi_power power = { 0 };

	(void)state;
	for (paddr_t at = RSDP; at < DSDT + DSDT_BYTES; at++)
		for (unsigned value = 0; value < 256; value += 51) {
			build(NULL);
			memory[at] = (uint8_t)value;
			sum(RSDT, 44, 9);
			sum(XSDT, 44, 9);
			sum(FADT, FADT_BYTES, 9);
			sum(DSDT, DSDT_BYTES, 9);
			sum(RSDP, 20, 8);
			sum(RSDP, 36, 32);
			(void)(find(&power) == OK);
			drop_views(NULL);
		}
}

static uint8_t low[0x100000];

static const uint8_t *low_view(paddr_t start, size_t bytes)
{
	return start < sizeof(low) && bytes <= sizeof(low) - start ? low + start : NULL;
}

static const uint8_t *no_view(paddr_t start, size_t bytes)
{
	(void)start;
	(void)bytes;
	return NULL;
}

static void test_search(void **state)
{
	(void)state;
	build(NULL);
	assert_int_equal(acpi_search_rsdp(no_view), 0);
	assert_int_equal(acpi_search_rsdp(low_view), 0);
	memcpy(low + 0xf59e0, memory + RSDP, 36);
	assert_int_equal(acpi_search_rsdp(low_view), 0xf59e0);
	low[0x40e] = 0xc0; /* the EBDA at 0x9fc00 comes first */
	low[0x40f] = 0x9f;
	memcpy(low + 0x9fc20, memory + RSDP, 36);
	assert_int_equal(acpi_search_rsdp(low_view), 0x9fc20);
	low[0x9fc21] ^= 1;
	assert_int_equal(acpi_search_rsdp(low_view), 0xf59e0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, build, drop_views),
		cmocka_unit_test_setup_teardown(test_revision_0_uses_rsdt, build, drop_views),
		cmocka_unit_test_setup_teardown(test_constants, build, drop_views),
		cmocka_unit_test_setup_teardown(test_bad_packages, build, drop_views),
		cmocka_unit_test_setup_teardown(test_cut_dsdt, build, drop_views),
		cmocka_unit_test_setup_teardown(test_absurd_lengths, build, drop_views),
		cmocka_unit_test_setup_teardown(test_checksums, build, drop_views),
		cmocka_unit_test_setup_teardown(test_absurd_fields, build, drop_views),
		cmocka_unit_test_setup_teardown(test_damage, build, drop_views),
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
