/* SPDX-License-Identifier: MIT */
/*
 * kernel/system.h: the kernel itself as an object: who holds a handle may look (system_read), print (console_write) or order
 * (system_control). Big lock held.
 */
#ifndef AMBER_SYSTEM_OBJECT_H
#define AMBER_SYSTEM_OBJECT_H

#include "object.h"

struct system {
	struct object object;
};

struct system *system_new(void); /* NULL: no memory */
bool system_destroy_step(struct object *object);

#endif
