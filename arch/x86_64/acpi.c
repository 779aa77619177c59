/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/acpi.c: reads RSDP, RSDT or XSDT, FADT, the DSDT's _S5_ package and the MADT (ACPI specification 6.4,
 * 5.2.5 to 5.2.12, 7.4.2). Runs once while starting, boot tables live. Pure: sees memory only
 * through the caller's view function, and believes no length or checksum in it.
 */
#include "acpi.h"
#include <amber/string.h>

#define RSDP_BYTES        20 /* revision 0 */
#define RSDP_BYTES_2      36
#define RSDP_REVISION     15
#define RSDP_RSDT         16
#define RSDP_XSDT         24
#define HEADER_BYTES      36 /* of every table behind it */
#define HEADER_LENGTH     4
#define TABLE_MAX         MIB(4)
#define FADT_DSDT         40
#define FADT_PM1A_CONTROL 64
#define FADT_PM1B_CONTROL 68
#define FADT_FLAGS        112
#define FADT_BYTES        116
#define FADT_X_DSDT       140
#define FADT_REDUCED      (1u << 20) /* no PM1 registers at all */

#define BIOS_START        0xe0000
#define BIOS_BYTES        0x20000
#define EBDA_POINTER      0x40e
#define EBDA_SEARCH_BYTES 1024
#define RSDP_STEP         16

#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_BYTE    0x0a
#define AML_PACKAGE 0x12
#define SLEEP_TYPES 8 /* the field has 3 bits */

static __init uint64_t read_le(const uint8_t *p, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static __init bool sums_to_zero(const uint8_t *p, size_t bytes)
{
	uint8_t sum = 0;

	while (bytes--)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

static __init bool is_rsdp(const uint8_t *p)
{
	return memcmp(p, "RSD PTR ", 8) == 0 && sums_to_zero(p, RSDP_BYTES);
}

static __init paddr_t search(acpi_view_fn view, paddr_t start, size_t bytes)
{
	const uint8_t *area = view(start, bytes);

	for (size_t at = 0; area && at + RSDP_BYTES <= bytes; at += RSDP_STEP)
		if (is_rsdp(area + at))
			return start + at;
	return 0;
}

__init paddr_t acpi_search_rsdp(acpi_view_fn view)
{
	const uint8_t *pointer = view(EBDA_POINTER, 2);
	paddr_t ebda = pointer ? read_le(pointer, 2) << 4 : 0;
	paddr_t found = ebda ? search(view, ebda, EBDA_SEARCH_BYTES) : 0;

	return found ? found : search(view, BIOS_START, BIOS_BYTES);
}

/* A whole table with a good length and checksum, or NULL. */
static __init const uint8_t *table_at(acpi_view_fn view, paddr_t start, size_t *bytes)
{
	const uint8_t *header = view(start, HEADER_BYTES);
	const uint8_t *table;

	if (!header)
		return NULL;
	*bytes = read_le(header + HEADER_LENGTH, 4);
	if (*bytes < HEADER_BYTES || *bytes > TABLE_MAX)
		return NULL;
	table = view(start, *bytes);
	return table && sums_to_zero(table, *bytes) ? table : NULL;
}

/* The root table lists the others by pointers of 4 (RSDT) or 8 bytes (XSDT). */
static __init const uint8_t *find_table(acpi_view_fn view, const uint8_t *root, size_t root_bytes,
                                        unsigned pointer_bytes, const char *signature, size_t *bytes)
{
	for (size_t at = HEADER_BYTES; at + pointer_bytes <= root_bytes; at += pointer_bytes) {
		paddr_t start = read_le(root + at, pointer_bytes);
		const uint8_t *header = view(start, HEADER_BYTES);

		if (header && memcmp(header, signature, 4) == 0)
			return table_at(view, start, bytes);
	}
	return NULL;
}

static __init const uint8_t *find_by_signature(acpi_view_fn view, paddr_t rsdp, const char *signature, size_t *bytes)
{
	const uint8_t *pointer = view(rsdp, RSDP_BYTES), *extended, *root = NULL;
	unsigned pointer_bytes = 8;
	size_t root_bytes = 0;

	if (!pointer || !is_rsdp(pointer))
		return NULL;
	extended = pointer[RSDP_REVISION] >= 2 ? view(rsdp, RSDP_BYTES_2) : NULL;
	if (extended && sums_to_zero(extended, RSDP_BYTES_2))
		root = table_at(view, read_le(extended + RSDP_XSDT, 8), &root_bytes);
	if (!root || memcmp(root, "XSDT", 4) != 0) {
		pointer_bytes = 4;
		root = table_at(view, read_le(pointer + RSDP_RSDT, 4), &root_bytes);
		if (!root || memcmp(root, "RSDT", 4) != 0)
			return NULL;
	}
	return find_table(view, root, root_bytes, pointer_bytes, signature, bytes);
}

/* One constant of a package; false if it is none or too big for a sleep type. */
static __init bool aml_constant(const uint8_t *aml, size_t bytes, size_t *at, uint8_t *value)
{
	if (*at >= bytes)
		return false;
	*value = aml[(*at)++];
	if (*value == AML_BYTE) {
		if (*at >= bytes)
			return false;
		*value = aml[(*at)++];
	} else if (*value != AML_ZERO && *value != AML_ONE) {
		return false;
	}
	return *value < SLEEP_TYPES;
}

/* Name(_S5_, Package(){a, b, …}) at aml[at] behind the name. */
static __init bool read_package(const uint8_t *aml, size_t bytes, size_t at, struct acpi_power *power)
{
	uint8_t count;

	if (at + 2 > bytes || aml[at] != AML_PACKAGE)
		return false;
	at += 2 + (aml[at + 1] >> 6); /* the package's length is 1 to 4 bytes long; ours is found without it */
	if (at >= bytes)
		return false;
	count = aml[at++];
	if (count < 1 || !aml_constant(aml, bytes, &at, &power->sleep_type_a))
		return false;
	if (count < 2 || !aml_constant(aml, bytes, &at, &power->sleep_type_b))
		power->sleep_type_b = power->sleep_type_a;
	return true;
}

static __init bool find_s5(const uint8_t *aml, size_t bytes, struct acpi_power *power)
{
	for (size_t at = HEADER_BYTES; at + 4 <= bytes; at++)
		if (aml[at] == '_' && memcmp(aml + at, "_S5_", 4) == 0 && read_package(aml, bytes, at + 4, power))
			return true;
	return false;
}

__init enum error acpi_find_power(acpi_view_fn view, paddr_t rsdp, struct acpi_power *power)
{
	size_t fadt_bytes = 0, dsdt_bytes = 0;
	const uint8_t *fadt = rsdp ? find_by_signature(view, rsdp, "FACP", &fadt_bytes) : NULL, *dsdt = NULL;
	struct acpi_power found = { 0 };
	uint64_t pm1a, pm1b;

	if (!fadt)
		return ERR_NOT_FOUND;
	if (fadt_bytes < FADT_BYTES || (read_le(fadt + FADT_FLAGS, 4) & FADT_REDUCED))
		return ERR_INVALID;
	pm1a = read_le(fadt + FADT_PM1A_CONTROL, 4);
	pm1b = read_le(fadt + FADT_PM1B_CONTROL, 4);
	if (!pm1a || pm1a > UINT16_MAX || pm1b > UINT16_MAX)
		return ERR_INVALID;
	if (fadt_bytes >= FADT_X_DSDT + 8 && read_le(fadt + FADT_X_DSDT, 8))
		dsdt = table_at(view, read_le(fadt + FADT_X_DSDT, 8), &dsdt_bytes);
	if (!dsdt)
		dsdt = table_at(view, read_le(fadt + FADT_DSDT, 4), &dsdt_bytes);
	if (!dsdt || memcmp(dsdt, "DSDT", 4) != 0)
		return ERR_INVALID;
	if (!find_s5(dsdt, dsdt_bytes, &found))
		return ERR_NOT_FOUND;
	found.pm1a_control = (uint16_t)pm1a;
	found.pm1b_control = (uint16_t)pm1b;
	*power = found;
	return OK;
}

/* --- Multiple APIC Description Table ------------------------------------------------------------------- */

#define MADT_ENTRIES        44
#define MADT_LOCAL_APIC     0 /* type; 8 bytes: type, length, -, APIC ID, flags */
#define MADT_LOCAL_X2APIC   9 /* 16 bytes: type, length, -, -, APIC ID (4), flags, - */
#define MADT_ENABLED        1u
#define MADT_IO_APIC        1 /* 12 bytes: type, length, ID, -, address (4), its first line (4) */
#define MADT_OVERRIDE       2 /* 10 bytes: type, length, bus, ISA line, the line that it is (4), flags (2) */
#define OVERRIDE_POLARITY   3u /* in the flags; 0: as the bus has it, for ISA active high */
#define OVERRIDE_LOW        3u
#define PINS_MAX            120 /* an I/O APIC's register numbers have 8 bits: entries are 0x10 to 0xff, two for each */
#define APIC_ID_BROADCAST   255 /* xAPIC: not a CPU of its own */

/* Calls visit for each entry; its second byte is its length, at least 2. */
static __init enum error each_entry(const uint8_t *madt, size_t bytes, void (*visit)(const uint8_t *entry, void *context),
                                    void *context)
{
	size_t length;

	for (size_t at = MADT_ENTRIES; at + 2 <= bytes; at += length) {
		length = madt[at + 1];
		if (length < 2 || length > bytes - at)
			return ERR_INVALID;
		visit(madt + at, context);
	}
	return OK;
}

static __init void note_cpu(struct acpi_cpus *cpus, uint64_t id, uint64_t flags)
{
	if (!(flags & MADT_ENABLED))
		return;
	if (id < APIC_ID_BROADCAST) {
		if (cpus->seen[id / 64] & 1ull << id % 64)
			return; /* listed twice, once in each form */
		cpus->seen[id / 64] |= 1ull << id % 64;
	}
	cpus->listed++;
	if (id < APIC_ID_BROADCAST && cpus->kept < MAX_CPUS)
		cpus->ids[cpus->kept++] = (uint32_t)id;
}

static __init void visit_for_cpus(const uint8_t *entry, void *context)
{
	if (entry[0] == MADT_LOCAL_APIC && entry[1] >= 8)
		note_cpu(context, entry[3], read_le(entry + 4, 4));
	else if (entry[0] == MADT_LOCAL_X2APIC && entry[1] >= 12)
		note_cpu(context, read_le(entry + 4, 4), read_le(entry + 8, 4));
}

__init enum error acpi_find_cpus(acpi_view_fn view, paddr_t rsdp, struct acpi_cpus *cpus)
{
	size_t bytes = 0;
	const uint8_t *madt = rsdp ? find_by_signature(view, rsdp, "APIC", &bytes) : NULL;

	*cpus = (struct acpi_cpus){ 0 };
	return madt ? each_entry(madt, bytes, visit_for_cpus, cpus) : (enum error)ERR_NOT_FOUND;
}

struct line_search {
	uint8_t isa_line;
	uint64_t line;       /* as the I/O APICs count, all together */
	uint64_t first;      /* of the I/O APIC found */
	paddr_t io_apic;     /* 0: none yet */
	bool is_active_low;
};

static __init void visit_for_overrides(const uint8_t *entry, void *context)
{
	struct line_search *search = context;

	if (entry[0] != MADT_OVERRIDE || entry[1] < 10 || entry[2] != 0 || entry[3] != search->isa_line)
		return;
	search->line = read_le(entry + 4, 4);
	search->is_active_low = (read_le(entry + 8, 2) & OVERRIDE_POLARITY) == OVERRIDE_LOW;
}

/* The last one that begins before the line. */
static __init void visit_for_io_apics(const uint8_t *entry, void *context)
{
	struct line_search *search = context;
	uint64_t address, first;

	if (entry[0] != MADT_IO_APIC || entry[1] < 12)
		return;
	address = read_le(entry + 4, 4);
	first = read_le(entry + 8, 4);
	if (!address || (address & 15) || first > search->line || (search->io_apic && first < search->first))
		return;
	search->io_apic = address;
	search->first = first;
}

__init enum error acpi_find_line(acpi_view_fn view, paddr_t rsdp, uint8_t isa_line, struct acpi_line *line)
{
	size_t bytes = 0;
	const uint8_t *madt = rsdp ? find_by_signature(view, rsdp, "APIC", &bytes) : NULL;
	struct line_search search = { .isa_line = isa_line, .line = isa_line };
	enum error error;

	if (!madt)
		return ERR_NOT_FOUND;
	error = each_entry(madt, bytes, visit_for_overrides, &search);
	if (!error)
		error = each_entry(madt, bytes, visit_for_io_apics, &search);
	if (error)
		return error;
	if (!search.io_apic || (search.io_apic & PAGE_MASK) > PAGE_SIZE - 32 || search.line - search.first >= PINS_MAX)
		return ERR_NOT_FOUND;
	*line = (struct acpi_line){ search.io_apic, (uint32_t)(search.line - search.first), search.is_active_low };
	return OK;
}
