/* SPDX-License-Identifier: MIT */
/* cmd_log.c: log: the violations of this boot, in the words in which they were first told. */
#include "sh.h"

static bool log(int count, char **words)
{
	struct records records = RECORDS(SYSTEM_VIOLATIONS, struct system_violation);
	const struct system_violation *violation;
	struct system_seal seal;
	uint64_t shown = 0;

	(void)words;
	if (count != 1)
		return false;
	for (; (violation = records_next(&records)) && !was_interrupted(); shown++) {
		uint64_t bytes = MIN(violation->bytes, (uint64_t)sizeof(violation->text));

		(void)!console_write(HANDLE_CONSOLE, violation->text, bytes);
		if (!bytes || violation->text[bytes - 1] != '\n')
			say("\n");
	}
	if (records.error)
		say("log: %s\n", error_text(records.error));
	else if (record_read(SYSTEM_SEAL, &seal, sizeof(seal)) == OK && seal.violations > shown)
		say("%zu of %zu violations are shown\n", (size_t)shown, (size_t)seal.violations);
	else if (!shown)
		say("no violations in this boot\n");
	return true;
}
COMMAND(log, "", "the writes to sealed memory of this boot", log);
