/* SPDX-License-Identifier: MIT */
/*
 * linkerset.h: tables that grow by a line in any file. A set holds *pointers* (the compiler may pad
 * larger structs), lies in .rodata, and is bounded by __start_set_NAME and __stop_set_NAME, which
 * linker/amber.ld.S defines with one SET(NAME) line per set.
 */
#ifndef AMBER_LINKERSET_H
#define AMBER_LINKERSET_H

#include <amber/annotate.h>

#define SET_DECLARE(set, type) \
	extern type *const __start_set_##set[]; \
	extern type *const __stop_set_##set[]

#define SET_ENTRY(set, type, object) \
	static type *const __used __section(".set." #set) set_##set##_##object = &(object)

#define SET_FOREACH(p, set) \
	for (typeof(&__start_set_##set[0]) p = __start_set_##set; p < __stop_set_##set; p++)

#define SET_COUNT(set) ((size_t)(__stop_set_##set - __start_set_##set))

#endif
