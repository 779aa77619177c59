/* SPDX-License-Identifier: MIT */
/*
 * kernel/lab_device.h: the deliberately vulnerable object: exists with lab=on only, for the first program. Any kernel address can
 * be read and written through it. Big lock held.
 */
#ifndef AMBER_LAB_DEVICE_H
#define AMBER_LAB_DEVICE_H

#include "object.h"

struct lab_device {
	struct object object;
};

struct lab_device *lab_device_new(void); /* NULL: lab=off, or no memory */
/* One real store by the kernel, and whatever it leads to; bytes: 1, 2, 4, 8. ERR_RANGE: no kernel address; ERR_NOT_MAPPED. */
enum error lab_store(uint64_t addr, uint64_t value, unsigned bytes) __must_check;
enum error lab_load(uint64_t addr, unsigned bytes, uint64_t *value) __must_check;
bool lab_destroy_step(struct object *object);

#endif
