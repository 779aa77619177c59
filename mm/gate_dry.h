/* SPDX-License-Identifier: MIT */
/* mm/gate_dry.h: what the two ways of the dry run (full pages, window) share inside the gate. */
#ifndef AMBER_MM_GATE_DRY_H
#define AMBER_MM_GATE_DRY_H

#include "dry_run.h"
#include "gate_parts.h"

struct dry_state *gate_dry_state(void);
/* May va's page be copied for a dry run? Sealed data; else (unless only_sealed) ordinary memory that is writable anyway. */
bool gate_may_shadow(paddr_t root, vaddr_t va, paddr_t *frame, bool only_sealed);
bool gate_is_open(paddr_t root, vaddr_t va); /* is va's page writable there? */
bool gate_is_caller(paddr_t root); /* does ordinary code run under it? */
void gate_dry_take_user_half(struct dry_state *state, paddr_t root);
paddr_t gate_private_leaf(struct dry_state *state, vaddr_t va); /* makes the chain from the dry-run root down to va's leaf */
void gate_dry_set_leaf(const struct dry_page *page, paddr_t shadow);
void gate_dry_forget(struct dry_state *state);

#endif
