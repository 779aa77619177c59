/* SPDX-License-Identifier: MIT */
/* kernel/device_access.h: devices' registers: ports, or a page of device memory. For system calls; big lock held. */
#ifndef AMBER_DEVICE_ACCESS_H
#define AMBER_DEVICE_ACCESS_H

#include <arch.h>

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>

/* bytes: 1, 2, 4, 8. ERR_RANGE: beyond the device; ERR_INVALID: not aligned, or a size that it doesn't have. */
enum error device_check(enum user_device device, uint32_t offset, uint32_t bytes) __must_check;
uint64_t device_load(enum user_device device, uint32_t offset, uint32_t bytes);
void device_store(enum user_device device, uint32_t offset, uint32_t bytes, uint64_t value);

#endif
