/* SPDX-License-Identifier: MIT */
/*
 * symbols.h: names and addresses of the kernel's functions and sealed objects. The table is generated
 * by tools/symbols.py from the linked kernel and lies in .rodata, sorted by address. kernel/symbols.c; pure.
 */
#ifndef AMBER_SYMBOLS_H
#define AMBER_SYMBOLS_H

#include <amber/error.h>
#include <amber/types.h>

struct symbol {
	vaddr_t start;
	uint32_t bytes;       /* 0 = the ELF file gives no size */
	uint32_t name_offset; /* into symbol_names */
	uint32_t file_offset; /* into symbol_names: source file, "" if unknown */
	uint32_t flags;       /* SYMBOL_…; from SYMBOL_HASH_SHIFT on: symbol_hash(name), so that a look-up passes over the rest */
};

#define SYMBOL_FUNCTION 1u
#define SYMBOL_OBJECT   2u
#define SYMBOL_HASH_SHIFT 16

extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];

/* The symbol that holds addr (inside its size; a symbol without size reaches to the next); NULL if none. */
const struct symbol *symbol_at(vaddr_t addr);
const char *symbol_name(const struct symbol *symbol);
/* Writes "name+0xoff" or "0x…" into buf; returns buf. */
const char *symbol_format(vaddr_t addr, char *buf, size_t bytes);
/* Of a name; tools/symbols.py computes the same. */
uint32_t symbol_hash(const char *name, size_t length);
/* Looks a name up. ERR_NOT_FOUND, or ERR_AMBIGUOUS with "file:name, file:name" in `which`. Also accepts "file:name". */
enum error symbol_find(const char *name, size_t length, const struct symbol **symbol, char *which,
                       size_t which_bytes) __attribute__((warn_unused_result));
/* How many symbols with a size start in [start, end)? */
uint32_t symbol_count_in(vaddr_t start, vaddr_t end);

#endif
