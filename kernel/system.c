/* SPDX-License-Identifier: MIT */
/* kernel/system.c: the kernel itself as an object. Big lock held. */
#include "system.h"

struct system *system_new(void)
{
	return object_new(OBJECT_SYSTEM);
}

bool system_destroy_step(struct object *object)
{
	(void)object;
	return true;
}
