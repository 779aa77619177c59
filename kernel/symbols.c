/* SPDX-License-Identifier: MIT */
/*
 * kernel/symbols.c: addresses to names and back. Any context: the table lies in .rodata. Relies on the
 * table being sorted by address; several symbols may start at the same one. Also compiled on the host.
 */
#include <amber/symbols.h>

#include <amber/string.h>

/* The first symbol whose start is > addr. */
static uint32_t first_above(vaddr_t addr)
{
	uint32_t low = 0, high = symbol_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (symbol_start(&symbol_table[middle]) <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t append(char *name, size_t length, char c)
{
	if (length < SYMBOL_NAME_MAX - 1)
		name[length++] = c;
	return length;
}

/* Spells out what lies at this offset of symbol_names. */
static size_t spell(uint32_t offset, char name[SYMBOL_NAME_MAX])
{
	size_t length = 0;

	for (const uint8_t *code = &symbol_names[offset]; *code; code++) {
		if (*code < SYMBOL_TOKEN) {
			length = append(name, length, (char)*code);
			continue;
		}
		for (const char *text = &symbol_token_texts[symbol_tokens[*code - SYMBOL_TOKEN]]; *text; text++)
			length = append(name, length, *text);
	}
	name[length] = '\0';
	return length;
}

static size_t spell_file(const struct symbol *symbol, char file[SYMBOL_NAME_MAX])
{
	return spell(symbol_files[symbol->file], file);
}

vaddr_t symbol_start(const struct symbol *symbol)
{
	return (vaddr_t)(int64_t)(int32_t)symbol->low;
}

void symbol_file(const struct symbol *symbol, char *file, size_t bytes)
{
	char name[SYMBOL_NAME_MAX];

	spell_file(symbol, name);
	copy_text(file, bytes, name);
}

size_t symbol_name(const struct symbol *symbol, char name[SYMBOL_NAME_MAX])
{
	return spell(symbol->name, name);
}

/* The part behind "file:", if there is one; *length becomes its length. */
static const char *name_part(const char *text, size_t *length)
{
	for (size_t i = *length; i > 0; i--) {
		if (text[i - 1] == ':') {
			*length -= i;
			return text + i;
		}
	}
	return text;
}

/* Is `text` (length bytes, no final 0) the name, or "file:name"? */
static bool symbol_is_called(const struct symbol *symbol, const char *text, size_t length)
{
	char name[SYMBOL_NAME_MAX], file[SYMBOL_NAME_MAX];
	size_t name_length = symbol_name(symbol, name), file_length;

	if (length < name_length || memcmp(text + length - name_length, name, name_length) != 0)
		return false;
	if (length == name_length)
		return true;
	file_length = spell_file(symbol, file);
	return file_length > 0 && length == file_length + 1 + name_length && memcmp(text, file, file_length) == 0 &&
	       text[file_length] == ':';
}

/* Appends "file:name" to the list in `which`. */
static void list_add(const struct symbol *symbol, char *which, size_t bytes)
{
	char name[SYMBOL_NAME_MAX], file[SYMBOL_NAME_MAX];
	size_t used = strnlen(which, bytes);

	symbol_name(symbol, name);
	spell_file(symbol, file);
	if (used < bytes)
		format(which + used, bytes - used, "%s%s:%s", used ? ", " : "", file, name);
}

const struct symbol *symbol_at(vaddr_t addr)
{
	uint32_t above = first_above(addr), i = above;
	const struct symbol *unsized = NULL;
	vaddr_t start;

	if (above == 0)
		return NULL;
	/* Several symbols may start at the same address: one whose size covers addr is the best answer. */
	start = symbol_start(&symbol_table[above - 1]);
	while (i > 0 && symbol_start(&symbol_table[i - 1]) == start) {
		const struct symbol *symbol = &symbol_table[--i];
		if (symbol->bytes == 0)
			unsized = symbol;
		else if (addr - start < symbol->bytes)
			return symbol;
	}
	return unsized;
}

static const char *format_in(const struct symbol *symbol, vaddr_t addr, char *buf, size_t bytes)
{
	char name[SYMBOL_NAME_MAX];

	if (symbol) {
		symbol_name(symbol, name);
		format(buf, bytes, "%s+0x%llx", name, (unsigned long long)(addr - symbol_start(symbol)));
	} else {
		format(buf, bytes, "0x%016llx", (unsigned long long)addr);
	}
	return buf;
}

const char *symbol_format(vaddr_t addr, char *buf, size_t bytes)
{
	return format_in(symbol_at(addr), addr, buf, bytes);
}

const char *symbol_format_return(vaddr_t addr, char *buf, size_t bytes)
{
	return format_in(symbol_at(addr - 1), addr, buf, bytes);
}

uint16_t symbol_hash(const char *name, size_t length)
{
	uint16_t hash = 0;

	for (size_t i = 0; i < length; i++)
		hash = (uint16_t)(hash * 31 + (uint8_t)name[i]);
	return hash;
}

enum error symbol_find(const char *name, size_t length, const struct symbol **symbol, char *which, size_t which_bytes)
{
	const struct symbol *found = NULL;
	bool is_ambiguous = false;
	size_t part_length = length;
	const char *part = name_part(name, &part_length);
	uint16_t hash = symbol_hash(part, part_length);

	if (which_bytes > 0)
		which[0] = '\0';
	for (uint32_t i = 0; i < symbol_count; i++) {
		if (symbol_table[i].hash != hash || !symbol_is_called(&symbol_table[i], name, length))
			continue;
		if (!found) {
			found = &symbol_table[i];
			continue;
		}
		if (!is_ambiguous)
			list_add(found, which, which_bytes);
		list_add(&symbol_table[i], which, which_bytes);
		is_ambiguous = true;
	}
	if (is_ambiguous)
		return ERR_AMBIGUOUS;
	*symbol = found;
	return found ? OK : ERR_NOT_FOUND;
}

uint32_t symbol_count_in(vaddr_t start, vaddr_t end)
{
	uint32_t count = 0, i = start == 0 ? 0 : first_above(start - 1);

	for (; i < symbol_count && symbol_start(&symbol_table[i]) < end; i++)
		count += symbol_table[i].bytes > 0;
	return count;
}
