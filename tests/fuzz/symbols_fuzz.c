/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/symbols_fuzz.c: symbol look-up over random tables, compared with a linear search. Input: names, source files
 * and symbols, then questions. What lies behind the table and the names is poisoned.
 *
 * sources: kernel/symbols.c kernel/format.c
 */
#include "fuzz.h"

#include <amber/string.h>
#include <amber/symbols.h>
#include <sanitizer/asan_interface.h>

#define SYMBOLS_MAX  48
#define NAMES        12
#define FILES        4
#define NAME_ROOM    16
#define NAMES_BYTES  ((NAMES + FILES) * NAME_ROOM)

/* symbols.h says they are constant, because in the kernel they are; here each run writes new ones. */
struct symbol fuzz_table[SYMBOLS_MAX] __asm__("symbol_table") __aligned(32);
uint32_t fuzz_count __asm__("symbol_count");
char fuzz_names[NAMES_BYTES] __asm__("symbol_names") __aligned(32);

static uint32_t name_at[NAMES + FILES];

/* A C name of 1 to 6 letters, of which many have the same hash: a * 31 + b is b * 31 + C. */
static void write_name(struct input *input, uint32_t *used, unsigned index, bool is_file)
{
	static const char letters[] = "abCcDd_0";
	unsigned length = (unsigned)take(input, 1) % (is_file ? 6 : 5) + !is_file;

	name_at[index] = *used;
	for (unsigned i = 0; i < length; i++)
		fuzz_names[(*used)++] = letters[take(input, 1) % 8];
	if (is_file && length > 0) {
		memcpy(&fuzz_names[*used], ".c", 2);
		*used += 2;
	}
	fuzz_names[(*used)++] = '\0';
}

static void write_symbol(struct input *input, uint32_t index)
{
	struct symbol *symbol = &fuzz_table[index], *before = index > 0 ? symbol - 1 : NULL;
	uint64_t gap = take(input, 1), choice = take(input, 1);
	const char *name;

	gap = gap == 0xff ? take(input, 8) : gap & 0x3f;
	symbol->start = before ? before->start + gap : gap;
	if (before && symbol->start < before->start)
		symbol->start = before->start; /* sorted, also behind the last address */
	symbol->bytes = (uint32_t)(choice & 0x80 ? take(input, 4) : take(input, 1) & 0x1f);
	symbol->name_offset = name_at[choice % NAMES];
	symbol->file_offset = name_at[NAMES + (choice >> 4) % FILES];
	name = fuzz_names + symbol->name_offset;
	symbol->flags = SYMBOL_OBJECT | symbol_hash(name, strlen(name)) << SYMBOL_HASH_SHIFT;
}

static void write_table(struct input *input)
{
	uint32_t used = 0, count = (uint32_t)take(input, 1) % (SYMBOLS_MAX + 1);

	ASAN_UNPOISON_MEMORY_REGION(fuzz_table, sizeof(fuzz_table));
	ASAN_UNPOISON_MEMORY_REGION(fuzz_names, sizeof(fuzz_names));
	for (unsigned i = 0; i < NAMES + FILES; i++)
		write_name(input, &used, i, i >= NAMES);
	for (uint32_t i = 0; i < count; i++)
		write_symbol(input, i);
	fuzz_count = count;
	ASAN_POISON_MEMORY_REGION(fuzz_table + count, sizeof(fuzz_table) - count * sizeof(fuzz_table[0]));
	ASAN_POISON_MEMORY_REGION(fuzz_names + used, sizeof(fuzz_names) - used);
}

/* Of the symbols that start last at or below addr: does one hold it, or else reach on because it has no size? */
static void check_at(vaddr_t addr)
{
	const struct symbol *found = symbol_at(addr);
	bool has_start = false, has_holder = false, has_unsized = false;
	char text[64], wanted[64];
	vaddr_t start = 0;

	for (uint32_t i = 0; i < fuzz_count; i++)
		if (fuzz_table[i].start <= addr) {
			start = fuzz_table[i].start;
			has_start = true;
		}
	for (uint32_t i = 0; has_start && i < fuzz_count; i++) {
		has_holder |= fuzz_table[i].start == start && fuzz_table[i].bytes > addr - start;
		has_unsized |= fuzz_table[i].start == start && fuzz_table[i].bytes == 0;
	}
	REQUIRE((found != NULL) == (has_holder || has_unsized));
	REQUIRE(!found || (found >= fuzz_table && found < fuzz_table + fuzz_count && found->start == start));
	REQUIRE(!has_holder || found->bytes > addr - start);
	if (found)
		snprintf(wanted, sizeof(wanted), "%s+0x%llx", symbol_name(found), (unsigned long long)(addr - start));
	else
		snprintf(wanted, sizeof(wanted), "0x%016llx", (unsigned long long)addr);
	REQUIRE(strcmp(symbol_format(addr, text, sizeof(text)), wanted) == 0);
}

/* Is the text the symbol's name, or "file:name"? */
static bool is_called(const struct symbol *symbol, const char *text)
{
	const char *name = fuzz_names + symbol->name_offset, *file = fuzz_names + symbol->file_offset;
	char both[2 * NAME_ROOM + 1];

	snprintf(both, sizeof(both), "%s:%s", file, name);
	return strcmp(text, name) == 0 || (file[0] && strcmp(text, both) == 0);
}

static void check_find(const char *text, size_t which_bytes)
{
	char list[SYMBOLS_MAX * 2 * (NAME_ROOM + 2)] = "", *exact = malloc(strlen(text)), *which = malloc(which_bytes);
	const struct symbol *found = NULL, *first = NULL;
	unsigned count = 0;
	enum error error;

	for (uint32_t i = 0; i < fuzz_count; i++) {
		if (!is_called(&fuzz_table[i], text))
			continue;
		first = count++ ? first : &fuzz_table[i];
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s:%s", list[0] ? ", " : "",
		         fuzz_names + fuzz_table[i].file_offset, fuzz_names + fuzz_table[i].name_offset);
	}
	memcpy(exact, text, strlen(text)); /* without a final 0 */
	error = symbol_find(exact, strlen(text), &found, which, which_bytes);
	REQUIRE(error == (count == 0 ? ERR_NOT_FOUND : count == 1 ? OK : ERR_AMBIGUOUS));
	REQUIRE(error != OK || found == first);
	if (which_bytes > 0) {
		list[error == ERR_AMBIGUOUS ? MIN(strlen(list), which_bytes - 1) : 0] = '\0';
		REQUIRE(strcmp(which, list) == 0);
	}
	free(exact);
	free(which);
}

static void check_count(vaddr_t start, vaddr_t end)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fuzz_count; i++)
		count += fuzz_table[i].bytes > 0 && fuzz_table[i].start >= start && fuzz_table[i].start < end;
	REQUIRE(symbol_count_in(start, end) == count);
}

/* Near a symbol's edge, or anywhere. */
static vaddr_t take_address(struct input *input)
{
	unsigned choice = (unsigned)take(input, 1);
	const struct symbol *symbol;

	if (choice >= 0xc0 || fuzz_count == 0)
		return take(input, 8);
	symbol = &fuzz_table[(choice & 0x3f) % fuzz_count];
	return symbol->start + (choice & 0x40 ? symbol->bytes : 0) + (take(input, 1) % 3) - 1;
}

static void ask(struct input *input)
{
	unsigned choice = (unsigned)take(input, 1), name = choice >> 2;
	char text[2 * NAME_ROOM + 1];
	size_t length;

	switch (choice & 3) {
	case 0:
		check_at(take_address(input));
		return;
	case 1:
		check_count(take_address(input), take_address(input));
		return;
	case 2: /* a name, with or without a file */
		length = name & 1 ? (size_t)snprintf(text, sizeof(text), "%s:", fuzz_names + name_at[NAMES + take(input, 1) % FILES]) : 0;
		snprintf(text + length, sizeof(text) - length, "%s", fuzz_names + name_at[(name >> 1) % NAMES]);
		break;
	default: /* any text */
		length = take_into(input, text, MIN((size_t)name, sizeof(text) - 1));
		text[length] = '\0';
	}
	check_find(text, take(input, 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };

	write_table(&input);
	while (input.bytes > 0)
		ask(&input);
	return 0;
}
