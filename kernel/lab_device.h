/* SPDX-License-Identifier: MIT */
/* kernel/lab_device.h: the deliberately vulnerable object: exists with lab=on only, for the first program. Big lock held. */
#ifndef AMBER_LAB_DEVICE_H
#define AMBER_LAB_DEVICE_H

#include "object.h"

struct lab_device {
	struct object object;
};

bool lab_destroy_step(struct object *object);

#endif
