/* SPDX-License-Identifier: MIT */
/*
 * kernel/system_sealed.c: symbols and sealed objects as records. System calls, big lock held.
 */
#include "system.h"

#include <amber/chain.h>
#include <amber/string.h>
#include <amber/symbols.h>

#include "frame.h"
#include "initcall_trace.h"
#include "kernel_map.h"

#define SYMBOLS_AT_ONCE 256

static bool is_sealed(vaddr_t addr)
{
	return (addr >= (vaddr_t)__ro_after_init_start && addr < (vaddr_t)__ro_after_init_end) ||
	       (addr >= (vaddr_t)__ro_core_start && addr < (vaddr_t)__ro_core_end);
}

enum error system_read_symbol(struct system_reading *reading)
{
	struct system_symbol *record = reading->record;
	size_t length = strnlen(record->name, sizeof(record->name));
	const struct symbol *symbol;
	enum error error;

	if (!length || length == sizeof(record->name) || reading->cursor)
		return ERR_INVALID;
	record->address = record->bytes = record->is_sealed = 0;
	error = symbol_find(record->name, length, &symbol, record->which, sizeof(record->which));
	reading->has_record = !error || error == ERR_AMBIGUOUS;
	if (error)
		return error;
	record->address = symbol_start(symbol);
	record->bytes = symbol->bytes;
	record->is_sealed = is_sealed(record->address);
	return OK;
}

/* The first symbol with a size in [at, end) that lies in a sealed section; end: none. */
static uint32_t next_sealed(uint32_t at, uint32_t end)
{
	for (; at < end; at++)
		if (symbol_table[at].bytes && is_sealed(symbol_start(&symbol_table[at])))
			break;
	return at;
}

/* Is one of its pages writable in whatever mapping? */
static bool is_open(vaddr_t start, uint64_t bytes)
{
	for (vaddr_t page = ALIGN_DOWN(start, PAGE_SIZE); page < start + bytes; page += PAGE_SIZE)
		if (frame_at(image_to_phys(page))->writable)
			return true;
	return false;
}

/* What its budgets have left: "ignore:2,once:0". */
static void list_budgets(const struct chain *chain, char *text, size_t bytes)
{
	size_t at = 0;

	for (unsigned i = 0; i < chain->count && at < bytes; i++) {
		const struct chain_element *element = &chain->elements[i];

		if (element->budget)
			at += (size_t)format(text + at, bytes - at, "%s%s:%u", at ? "," : "", element->policy->name, element->budget - element->used);
	}
}

static void describe(const struct symbol *symbol, struct system_sealed *record)
{
	const char *initcall;
	const struct chain *chain;

	record->address = symbol_start(symbol);
	record->bytes = symbol->bytes;
	record->is_core = record->address >= (vaddr_t)__ro_core_start && record->address < (vaddr_t)__ro_core_end;
	record->is_writable = is_open(record->address, record->bytes);
	_Static_assert(sizeof(record->name) >= SYMBOL_NAME_MAX, "symbol_name writes so much");
	symbol_name(symbol, record->name);
	symbol_file(symbol, record->file, sizeof(record->file));
	initcall = initcall_trace_writer(record->address, record->bytes);
	copy_text(record->initcall, sizeof(record->initcall), initcall ? initcall : "");
	if (record->is_core) {
		copy_text(record->chain, sizeof(record->chain), "panic");
		return;
	}
	chain = chain_for(&chain_table, record->address);
	copy_text(record->chain, sizeof(record->chain), chain->text);
	list_budgets(chain, record->remaining, sizeof(record->remaining));
}

/* cursor: index of a symbol. A step may find none. */
enum error system_read_sealed(struct system_reading *reading)
{
	uint32_t at, end;

	if (reading->cursor >= symbol_count)
		return OK;
	at = (uint32_t)reading->cursor;
	end = MIN(symbol_count, at + SYMBOLS_AT_ONCE);
	at = next_sealed(at, end);
	reading->has_record = at < end;
	if (at < end)
		describe(&symbol_table[at++], reading->record);
	reading->next = at == symbol_count ? 0 : at;
	return OK;
}
