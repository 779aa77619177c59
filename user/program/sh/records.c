/* SPDX-License-Identifier: MIT */
/* records.c: what the kernel shows of itself, record by record; names of symbols as addresses. */
#include "sh.h"

const void *records_next(struct records *records)
{
	const void *record;

	if (records->at + records->bytes_each > records->bytes) {
		uint64_t bytes, next;

		if (records->is_last)
			return NULL;
		records->error = sys_system_read(HANDLE_SYSTEM, records->what, records->of, records->cursor, records->buffer,
		                                 sizeof(records->buffer), &bytes, &next);
		records->is_last = records->error || !next;
		records->cursor = next;
		records->bytes = records->error ? 0 : bytes;
		records->at = 0;
		if (records->bytes < records->bytes_each)
			return NULL;
	}
	record = (uint8_t *)records->buffer + records->at;
	records->at += records->bytes_each;
	return record;
}

enum error record_read(enum system_kind what, void *record, size_t bytes)
{
	uint64_t got, next;
	enum error error = sys_system_read(HANDLE_SYSTEM, what, 0, 0, record, bytes, &got, &next);

	return error ? error : got == bytes ? OK : (enum error)ERR_INVALID;
}

bool number_of(const char *command, const char *text, uint64_t *number)
{
	if (parse_number(text, number))
		return true;
	say("%s: %s: not a number\n", command, text);
	return false;
}

bool address_of(const char *command, const char *text, uint64_t *address)
{
	struct system_symbol symbol = { 0 };
	enum error error = ERR_NOT_FOUND;

	if (text[0] >= '0' && text[0] <= '9')
		return number_of(command, text, address);
	if (copy_text(symbol.name, sizeof(symbol.name), text))
		error = record_read(SYSTEM_SYMBOL, &symbol, sizeof(symbol));
	*address = symbol.address;
	if (error == ERR_AMBIGUOUS)
		say("%s: %s: ambiguous (%s)\n", command, text, symbol.which);
	else if (error == ERR_NOT_FOUND || error == ERR_INVALID)
		say("%s: %s: no such symbol\n", command, text);
	else if (error)
		say("%s: %s: %s\n", command, text, error_text(error));
	return !error;
}
