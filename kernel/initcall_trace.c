/* SPDX-License-Identifier: MIT */
/*
 * kernel/initcall_trace.c: remembers for each 8 bytes of the sealed data which initcall changed them last.
 * Filled while starting, by one CPU; read in any context. The notes lie in ordinary memory, so a reader
 * takes nothing from them but an index, and checks it.
 */
#include "initcall_trace.h"

#include "kernel_map.h"
#include <amber/string.h>

#define GRANULE_BYTES 8
#define CALLS_MAX     128

/* Class core, so that the trace's own bookkeeping doesn't show up in the section that it watches. */
static uint64_t *copy __ro_core;    /* of the section, as the initcall before left it */
static uint8_t *writers __ro_core;  /* per granule: 1 + index into names, 0 = nobody */
static const char *names[CALLS_MAX] __ro_core;
static uint32_t name_count __ro_core;

static size_t granule_count(void)
{
	return (size_t)(__ro_after_init_end - __ro_after_init_start) / GRANULE_BYTES;
}

size_t initcall_trace_bytes(void)
{
	return granule_count() * (GRANULE_BYTES + sizeof(*writers));
}

void __init initcall_trace_init(void *memory, size_t bytes)
{
	if (bytes < initcall_trace_bytes())
		return;
	copy = memory;
	writers = (uint8_t *)(copy + granule_count());
	name_count = 0;
	memcpy(copy, __ro_after_init_start, granule_count() * GRANULE_BYTES);
	memset(writers, 0, granule_count() * sizeof(*writers));
}

void __init initcall_trace_after(const struct initcall *call)
{
	const volatile uint64_t *section = (const volatile uint64_t *)(uintptr_t)__ro_after_init_start;

	if (!copy || name_count == CALLS_MAX)
		return;
	names[name_count++] = call->name;
	for (size_t i = 0; i < granule_count(); i++) {
		if (section[i] == copy[i])
			continue;
		copy[i] = section[i];
		writers[i] = (uint8_t)name_count;
	}
}

const char *initcall_trace_writer(vaddr_t addr, uint64_t bytes)
{
	vaddr_t start = (vaddr_t)__ro_after_init_start, end = (vaddr_t)__ro_after_init_end;
	uint8_t last = 0;

	if (!copy || addr < start || addr >= end || bytes == 0)
		return NULL;
	bytes = MIN(bytes, end - addr);
	/* Names are in the order in which the initcalls ran, so the highest is the last. */
	for (size_t i = (addr - start) / GRANULE_BYTES; i <= (addr - start + bytes - 1) / GRANULE_BYTES; i++)
		last = MAX(last, writers[i]);
	return last >= 1 && last <= name_count ? names[last - 1] : NULL;
}
