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
uint8_t fuzz_names[NAMES_BYTES] __asm__("symbol_names") __aligned(32);
uint16_t fuzz_files[FILES] __asm__("symbol_files");
const uint16_t symbol_tokens[] = { 0, 3 };
const char symbol_token_texts[] = "ab\0.c";

static uint32_t name_at[NAMES];
static const char *called[SYMBOLS_MAX];
static char names[NAMES][2 * NAME_ROOM], files[FILES][2 * NAME_ROOM]; /* the same, spelled out */

/* A C name of 1 to 6 codes, of which many have the same hash: a * 31 + b is b * 31 + C. */
static uint32_t write_name(struct input *input, uint32_t *used, char *spelled, bool is_file)
{
	static const uint8_t codes[] = { 'a', 'b', 'C', 'c', 'D', SYMBOL_TOKEN, '_', '0' };
	unsigned length = (unsigned)take(input, 1) % (is_file ? 6 : 5) + !is_file;
	uint32_t at = *used;

	spelled[0] = '\0';
	for (unsigned i = 0; i < length; i++) {
		uint8_t code = codes[take(input, 1) % 8];

		fuzz_names[(*used)++] = code;
		strncat(spelled, code == SYMBOL_TOKEN ? "ab" : (char[]){ (char)code, '\0' }, 2);
	}
	if (is_file && length > 0) {
		fuzz_names[(*used)++] = SYMBOL_TOKEN + 1;
		strcat(spelled, ".c");
	}
	fuzz_names[(*used)++] = '\0';
	return at;
}

static void write_symbol(struct input *input, uint32_t index)
{
	struct symbol *symbol = &fuzz_table[index], *before = index > 0 ? symbol - 1 : NULL;
	uint64_t gap = take(input, 1), choice = take(input, 1);
	unsigned name = choice % NAMES;

	gap = gap == 0xff ? take(input, 4) : gap & 0x3f;
	symbol->low = before ? before->low + (uint32_t)gap : (uint32_t)gap;
	if (before && symbol->low < before->low)
		symbol->low = before->low; /* sorted, also behind the last address */
	symbol->bytes = (choice & 0x80 ? take(input, 4) : take(input, 1) & 0x1f) & 0x3fffff;
	symbol->name = (uint16_t)name_at[name];
	symbol->file = (choice >> 4) % FILES;
	symbol->kind = SYMBOL_OBJECT;
	symbol->hash = symbol_hash(names[name], strlen(names[name]));
	called[index] = names[name];
}

static void write_table(struct input *input)
{
	uint32_t used = 0, count = (uint32_t)take(input, 1) % (SYMBOLS_MAX + 1);

	ASAN_UNPOISON_MEMORY_REGION(fuzz_table, sizeof(fuzz_table));
	ASAN_UNPOISON_MEMORY_REGION(fuzz_names, sizeof(fuzz_names));
	for (unsigned i = 0; i < NAMES; i++)
		name_at[i] = write_name(input, &used, names[i], false);
	for (unsigned i = 0; i < FILES; i++)
		fuzz_files[i] = (uint16_t)write_name(input, &used, files[i], true);
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
		if (symbol_start(&fuzz_table[i]) <= addr) {
			start = symbol_start(&fuzz_table[i]);
			has_start = true;
		}
	for (uint32_t i = 0; has_start && i < fuzz_count; i++) {
		has_holder |= symbol_start(&fuzz_table[i]) == start && fuzz_table[i].bytes > addr - start;
		has_unsized |= symbol_start(&fuzz_table[i]) == start && fuzz_table[i].bytes == 0;
	}
	REQUIRE((found != NULL) == (has_holder || has_unsized));
	REQUIRE(!found || (found >= fuzz_table && found < fuzz_table + fuzz_count && symbol_start(found) == start));
	REQUIRE(!has_holder || found->bytes > addr - start);
	if (found)
		snprintf(wanted, sizeof(wanted), "%s+0x%llx", called[found - fuzz_table], (unsigned long long)(addr - start));
	else
		snprintf(wanted, sizeof(wanted), "0x%016llx", (unsigned long long)addr);
	REQUIRE(strcmp(symbol_format(addr, text, sizeof(text)), wanted) == 0);
}

/* Is the text the symbol's name, or "file:name"? */
static bool is_called(const struct symbol *symbol, const char *text)
{
	const char *name = called[symbol - fuzz_table], *file = files[symbol->file];
	char both[4 * NAME_ROOM + 1];

	snprintf(both, sizeof(both), "%s:%s", file, name);
	return strcmp(text, name) == 0 || (file[0] && strcmp(text, both) == 0);
}

static void check_find(const char *text, size_t which_bytes)
{
	char list[SYMBOLS_MAX * 4 * (NAME_ROOM + 2)] = "", *exact = malloc(strlen(text)), *which = malloc(which_bytes);
	const struct symbol *found = NULL, *first = NULL;
	unsigned count = 0;
	enum error error;

	for (uint32_t i = 0; i < fuzz_count; i++) {
		if (!is_called(&fuzz_table[i], text))
			continue;
		first = count++ ? first : &fuzz_table[i];
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s:%s", list[0] ? ", " : "",
		         files[fuzz_table[i].file], called[i]);
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
		count += fuzz_table[i].bytes > 0 && symbol_start(&fuzz_table[i]) >= start && symbol_start(&fuzz_table[i]) < end;
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
	return symbol_start(symbol) + (choice & 0x40 ? symbol->bytes : 0) + (take(input, 1) % 3) - 1;
}

static void ask(struct input *input)
{
	unsigned choice = (unsigned)take(input, 1), name = choice >> 2;
	char text[4 * NAME_ROOM + 1];
	size_t length;

	switch (choice & 3) {
	case 0:
		check_at(take_address(input));
		return;
	case 1:
		check_count(take_address(input), take_address(input));
		return;
	case 2: /* a name, with or without a file */
		length = name & 1 ? (size_t)snprintf(text, sizeof(text), "%s:", files[take(input, 1) % FILES]) : 0;
		snprintf(text + length, sizeof(text) - length, "%s", names[(name >> 1) % NAMES]);
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
