/* SPDX-License-Identifier: MIT */
/* kernel/system_programs.c: the programs that can be started, as records. Big lock held. */
#include "system.h"

#include <amber/string.h>

#include "cpio.h"
#include "program.h"

enum error system_read_programs(struct system_reading *reading)
{
	struct system_program *record = reading->record;
	struct cpio_member program;
	bool of_module;

	reading->next = reading->cursor;
	if (!program_next(&reading->next, &program, &of_module))
		return OK;
	format(record->name, sizeof(record->name), "%.*s", (int)MIN(program.name_length, sizeof(record->name)), program.name);
	record->bytes = program.bytes;
	record->of_module = of_module;
	reading->has_record = true;
	return OK;
}
