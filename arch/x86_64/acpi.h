/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/acpi.h: the little that Amber takes from ACPI: how to switch the machine off, and which CPUs there are. Everything
 * read is untrusted: lengths, checksums, addresses. acpi.c is pure and also compiled on the host.
 */
#ifndef AMBER_X86_ACPI_H
#define AMBER_X86_ACPI_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

struct acpi_power {
	uint16_t pm1a_control, pm1b_control; /* ports; 0 = not there */
	uint8_t sleep_type_a, sleep_type_b;  /* 3 bits each */
};

/* A view of `bytes` bytes of physical memory, or NULL if they can't be read. */
typedef const uint8_t *(*acpi_view_fn)(paddr_t start, size_t bytes);

/* Looks for the root pointer where a BIOS leaves it; 0 if there is none. */
paddr_t acpi_search_rsdp(acpi_view_fn view);
/* Follows rsdp to FADT and DSDT. ERR_NOT_FOUND: no such table or package; ERR_INVALID: one of
 * them is broken. */
enum error acpi_find_power(acpi_view_fn view, paddr_t rsdp, struct acpi_power *power) __must_check;

struct acpi_cpus {
	unsigned listed;       /* CPUs that can be used */
	unsigned kept;         /* of these in ids: the others have an ID that a local APIC can't send to, or no room */
	uint32_t ids[MAX_CPUS]; /* local APIC IDs */
	uint64_t seen[256 / 64]; /* bit per ID: for acpi.c */
};
/* Follows rsdp to the MADT (ACPI 6.4, 5.2.12). Errors as above. */
enum error acpi_find_cpus(acpi_view_fn view, paddr_t rsdp, struct acpi_cpus *cpus) __must_check;

/* Where a line of the ISA bus ends. */
struct acpi_line {
	paddr_t io_apic;       /* its registers */
	uint32_t pin;
	bool is_active_low;
};
/* The same table. ERR_NOT_FOUND: no I/O APIC has it. */
enum error acpi_find_line(acpi_view_fn view, paddr_t rsdp, uint8_t isa_line, struct acpi_line *line) __must_check;

/* power.c keeps it. */
void power_learn(const struct acpi_power *found);

#endif
