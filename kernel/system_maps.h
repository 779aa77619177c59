/* SPDX-License-Identifier: MIT */
/* kernel/system_maps.h: what every root table maps, for system_read: in steps of a few hundred entries. Big lock held. */
#ifndef AMBER_SYSTEM_MAPS_H
#define AMBER_SYSTEM_MAPS_H

#include <amber/annotate.h>
#include <amber/system.h>

/* The next record; *cursor moves along, 0 = that was the last. false: there is none left. */
bool system_next_root(uint64_t *cursor, struct system_root *root);
/* `of` is a root's physical address. A run that is long comes in several records, one behind the other. ERR_NOT_FOUND: no such
 * root; *found false: nothing within this step, go on at *cursor (0 = the end). */
enum error system_next_mapping(uint64_t of, uint64_t *cursor, struct system_mapping *mapping, bool *found) __must_check;

#endif
