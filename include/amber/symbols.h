/* SPDX-License-Identifier: MIT */
/*
 * symbols.h: names and addresses of the kernel's functions and sealed objects. The table is generated
 * by tools/symbols.py from the linked kernel and lies in .rodata, sorted by address. kernel/symbols.c; pure.
 */
#ifndef AMBER_SYMBOLS_H
#define AMBER_SYMBOLS_H

#include <amber/error.h>
#include <amber/types.h>

/* Small, for there are a thousand: 12 bytes. */
struct symbol {
	uint32_t low;        /* lower half of its address: the image lies in the last 2 GiB */
	uint32_t bytes : 22; /* 0 = the ELF file gives no size */
	uint32_t kind : 2;   /* SYMBOL_… */
	uint32_t file : 8;   /* source file: index into symbol_files; 0 = unknown */
	uint16_t name;       /* into symbol_names */
	uint16_t hash;       /* symbol_hash(name), so that a look-up passes over nearly all the others */
};
_Static_assert(sizeof(struct symbol) == 12, "tools/symbols.py writes it");

#define SYMBOL_FUNCTION 1u
#define SYMBOL_OBJECT   2u
#define SYMBOL_NAME_MAX 64 /* with the final 0 */

extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const uint16_t symbol_files[]; /* into symbol_names */
/* Names, each ending with 0. A byte below SYMBOL_TOKEN is a character, any other stands for a text of several: what names
 * have in common is stored once. */
#define SYMBOL_TOKEN 128
extern const uint8_t symbol_names[];
extern const uint16_t symbol_tokens[]; /* into symbol_token_texts */
extern const char symbol_token_texts[];

/* The symbol that holds addr (inside its size; a symbol without size reaches to the next); NULL if none. */
const struct symbol *symbol_at(vaddr_t addr);
vaddr_t symbol_start(const struct symbol *symbol);
/* Spells the name out; returns its length. */
size_t symbol_name(const struct symbol *symbol, char name[SYMBOL_NAME_MAX]);
void symbol_file(const struct symbol *symbol, char *file, size_t bytes); /* its source file; "": unknown */
/* Writes "name+0xoff" or "0x…" into buf; returns buf. */
const char *symbol_format(vaddr_t addr, char *buf, size_t bytes);
/* The same for a return address: a call that never returns may be its function's last instruction. */
const char *symbol_format_return(vaddr_t addr, char *buf, size_t bytes);
/* Of a name; tools/symbols.py computes the same. */
uint16_t symbol_hash(const char *name, size_t length);
/* Looks a name up. ERR_NOT_FOUND, or ERR_AMBIGUOUS with "file:name, file:name" in `which`. Also accepts "file:name". */
enum error symbol_find(const char *name, size_t length, const struct symbol **symbol, char *which,
                       size_t which_bytes) __attribute__((warn_unused_result));
/* How many symbols with a size start in [start, end)? */
uint32_t symbol_count_in(vaddr_t start, vaddr_t end);

#endif
