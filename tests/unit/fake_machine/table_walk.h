/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/table_walk.h: the fake machine's table walker: what a root translates, found without mm/pagetable.c,
 * and the rules that must hold for all tables at every moment.
 */
#ifndef AMBER_TESTS_TABLE_WALK_H
#define AMBER_TESTS_TABLE_WALK_H

#include <amber/types.h>

#include <arch.h>

struct walk_leaf {
	vaddr_t va;
	paddr_t frame;
	uint64_t pages;
	unsigned perms;
	paddr_t table;
	int level;
};
struct walk {
	void (*leaf)(void *context, const struct walk_leaf *leaf);
	void (*table)(void *context, paddr_t table, int level); /* each time it is linked; may be NULL */
	void *context;
};
void table_walk(paddr_t root, const struct walk *walk);

/* What maps addr; false: nothing. */
bool table_walk_find(paddr_t root, vaddr_t addr, struct walk_leaf *leaf);

/* The first broken rule, or NULL: no page is writable and executable; writable leaves map ordinary memory (or devices) only;
 * executable ones of the kernel text only; leaves for user mode stand in user tables and map what user mode may see; every linked
 * table is of a table's type and of the right level; entries are in canonical form. In all roots but the gate's. May be called in
 * a signal handler. */
const char *tables_broken_rule(void);
/* Does the frame table count the writable and the user mappings right? NULL, or what is wrong. Between gate calls only. */
const char *tables_wrong_count(void);

#endif
