/* SPDX-License-Identifier: MIT */
/* types.h: the integer types, page arithmetic and small macros that everything uses. Pure, any context. */
#ifndef AMBER_TYPES_H
#define AMBER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* a physical address */
typedef uint64_t vaddr_t; /* a virtual address */

#define PAGE_SHIFT 12
#define PAGE_SIZE  (1ull << PAGE_SHIFT)
#define PAGE_MASK  (PAGE_SIZE - 1)
#define BLOCK_SIZE (2ull << 20) /* what one level-2 leaf maps */
#define BLOCK_MASK (BLOCK_SIZE - 1)
#define MAX_CPUS   8

#define KIB(n) ((n) * 1024ull)
#define MIB(n) ((n) * 1024ull * 1024ull)

#define ALIGN_DOWN(x, a) ((x) & ~((uint64_t)(a) - 1))
#define ALIGN_UP(x, a)   (((x) + (uint64_t)(a) - 1) & ~((uint64_t)(a) - 1))
#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)        ((a) < (b) ? (a) : (b))
#define MAX(a, b)        ((a) > (b) ? (a) : (b))

#endif
