/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/acpi_tables.h: builds ACPI tables in a small memory for acpi_test.c and acpi_cpus_test.c. Each view of it is a copy
 * of its own, so that the sanitizer knows its end.
 */
#ifndef AMBER_TESTS_ACPI_TABLES_H
#define AMBER_TESTS_ACPI_TABLES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acpi.h"

#define RSDP      0x1000
#define RSDT      0x1100
#define XSDT      0x1200
#define FADT      0x1300
#define DSDT      0x1500
#define MEMORY    0x2000
#define DSDT_BYTES 64
#define FADT_BYTES 244

static uint8_t memory[MEMORY];
static uint8_t *views[4096]; /* each view is a copy of its own, so that the sanitizer knows its end */
static unsigned view_count;

static const uint8_t *view(paddr_t start, size_t bytes)
{
	uint8_t *copy;

	if (!start || start >= MEMORY || bytes > MEMORY - start || view_count == 4096)
		return NULL;
	copy = malloc(bytes);
	memcpy(copy, memory + start, bytes);
	views[view_count++] = copy;
	return copy;
}

static void put(paddr_t at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		memory[at + i] = (uint8_t)(value >> (8 * i));
}

static void sum(paddr_t at, size_t bytes, size_t where)
{
	uint8_t total = 0;

	memory[at + where] = 0;
	for (size_t i = 0; i < bytes; i++)
		total = (uint8_t)(total + memory[at + i]);
	memory[at + where] = (uint8_t)-total;
}

static void table(paddr_t at, const char *signature, uint32_t bytes)
{
	memcpy(memory + at, signature, 4);
	put(at + 4, bytes, 4);
	sum(at, bytes, 9);
}

static void rsdp(uint8_t revision)
{
	memcpy(memory + RSDP, "RSD PTR ", 8);
	memory[RSDP + 15] = revision;
	put(RSDP + 16, RSDT, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, XSDT, 8);
	sum(RSDP, 20, 8);
	sum(RSDP, 36, 32);
}

static int drop_views(void **state)
{
	(void)state;
	while (view_count)
		free(views[--view_count]);
	return 0;
}

#endif
