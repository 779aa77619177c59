/* SPDX-License-Identifier: MIT */
/*
 * kernel/system_sealed.c: symbols and sealed objects as records. System calls, big lock held.
 */
#include "system.h"

#include <amber/string.h>
#include <amber/symbols.h>

#include "kernel_map.h"

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

	if (!length || length == sizeof(record->name))
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
