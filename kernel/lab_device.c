/* SPDX-License-Identifier: MIT */
/*
 * kernel/lab_device.c: a kernel bug to order: a store to any kernel address on behalf of a user program. The address must be
 * mapped; whether the store is allowed is not asked here: a sealed target takes story 2 like any other. System calls.
 */
#include "lab_device.h"

#include <amber/layout.h>
#include <amber/options.h>

#include <arch.h>

#include "kernel_map.h"
#include "pagetable.h"

struct lab_device *lab_device_new(void)
{
	return options.lab ? object_new(OBJECT_LAB) : NULL;
}

/* One instruction each, so that a record names the function. */
static __noinline void lab_store1(uint64_t addr, uint64_t value)
{
	*(volatile uint8_t *)addr = (uint8_t)value;
}

static __noinline void lab_store2(uint64_t addr, uint64_t value)
{
	*(volatile uint16_t *)addr = (uint16_t)value;
}

static __noinline void lab_store4(uint64_t addr, uint64_t value)
{
	*(volatile uint32_t *)addr = (uint32_t)value;
}

static __noinline void lab_store8(uint64_t addr, uint64_t value)
{
	*(volatile uint64_t *)addr = value;
}

/* The kernel's half, which is the same in all roots. */
static enum error check(uint64_t addr, unsigned bytes)
{
	struct mapping mapping;
	enum error error;

	if (addr < DIRECT_MAP_BASE || addr > UINT64_MAX - bytes)
		return ERR_RANGE;
	error = pagetable_lookup(kernel_root_frame, addr, &mapping);
	return error ? error : pagetable_lookup(kernel_root_frame, addr + bytes - 1, &mapping);
}

enum error lab_store(uint64_t addr, uint64_t value, unsigned bytes)
{
	enum error error = check(addr, bytes);

	if (error)
		return error;
	if (bytes == 1)
		lab_store1(addr, value);
	else if (bytes == 2)
		lab_store2(addr, value);
	else if (bytes == 4)
		lab_store4(addr, value);
	else
		lab_store8(addr, value);
	return OK;
}

enum error lab_load(uint64_t addr, unsigned bytes, uint64_t *value)
{
	enum error error = check(addr, bytes);

	*value = 0;
	if (error)
		return error;
	return arch_try_read(addr, value, bytes) ? OK : ERR_NOT_MAPPED;
}

bool lab_destroy_step(struct object *object)
{
	(void)object;
	return true;
}
