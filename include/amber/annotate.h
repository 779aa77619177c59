/* SPDX-License-Identifier: MIT */
/*
 * annotate.h: where an object lives and what the compiler shall check about it.
 *
 *   __ro_after_init   written while starting, read-only after the seal (Linux's name); class data
 *   __read_only       the same, under grsecurity's name
 *   __ro_core         the protection's own data: sealed too, and a write to it is always a panic
 *   __init            code that runs only before the seal; poisoned, unmapped and freed behind it
 *   __initdata        data (also: __initconst) that goes with it
 */
#ifndef AMBER_ANNOTATE_H
#define AMBER_ANNOTATE_H

#define __section(name)  __attribute__((section(name)))
#define __ro_after_init  __section(".data..ro_after_init")
#define __read_only      __ro_after_init
#define __ro_core        __section(".data..ro_core")
#define __init           __section(".init.text") __attribute__((cold, noinline))
#define __initdata       __section(".init.data")
#define __initconst      __section(".init.rodata")

#define __must_check     __attribute__((warn_unused_result))
#define __noreturn       __attribute__((noreturn))
#define __printf(f, a)   __attribute__((format(printf, f, a)))
#define __aligned(n)     __attribute__((aligned(n)))
#define __packed         __attribute__((packed))
#define __unused         __attribute__((unused))
#define __used           __attribute__((used))
#define __noinline       __attribute__((noinline))
/* The one body of a function, never a copy of it: for code with a global label inside. */
#if __has_attribute(noclone)
#define __single         __attribute__((noinline, noclone))
#else
#define __single         __noinline
#endif

#endif
