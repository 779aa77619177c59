/* SPDX-License-Identifier: MIT */
/* kernel/system.c: the kernel itself as an object, and whether this boot is a success. Big lock held. */
#include "system.h"

static bool has_failed;

struct system *system_new(void)
{
	return object_new(OBJECT_SYSTEM);
}

bool system_destroy_step(struct object *object)
{
	(void)object;
	return true;
}

void system_note_failure(void)
{
	has_failed = true;
}

enum exit_status system_exit_status(void)
{
	return has_failed ? EXIT_FAILED : EXIT_OK;
}
