/* SPDX-License-Identifier: MIT */
/*
 * mm/gate_user_seal.c: map_seal inside the gate: user pages lose their write bit here and in the direct map, and their frames
 * become class data. All are looked at before the first one changes. The way back is open under a dead root only.
 */
#include "gate_parts.h"

#include <amber/abi.h>
#include <amber/broken.h>

#include "kernel_map.h"
#include "pagetable.h"
#include "vdso_pages.h"

#define PAGES_MAX 512

/* Leaves under one root: the last table of them is kept, so there is a walk only where another one begins. */
struct leaves {
	paddr_t root;
	vaddr_t block; /* what `table` spans */
	pte_t *table;  /* of 4 KiB leaves, or NULL */
};

static __noinline pte_t *walk_to(struct leaves *leaves, vaddr_t addr)
{
	int level;
	pte_t *leaf = gate_walk(leaves->root, addr, &level);

	leaves->block = ALIGN_DOWN(addr, BLOCK_SIZE);
	leaves->table = leaf && level == 1 ? leaf - pagetable_index(addr, 1) : NULL;
	return leaves->table ? leaf : NULL;
}

/* The entry of a leaf that is there, else NULL. */
static inline pte_t *leaf_at(struct leaves *leaves, vaddr_t addr)
{
	pte_t *leaf;

	if (!leaves->table || ALIGN_DOWN(addr, BLOCK_SIZE) != leaves->block)
		return walk_to(leaves, addr);
	leaf = &leaves->table[pagetable_index(addr, 1)];
	return *leaf ? leaf : NULL;
}

static inline unsigned is_writable(pte_t pte)
{
	return (pte_perms(pte) & PERM_W) != 0;
}

/* Nobody else maps the frame, and nobody writes it but through these two mappings. */
static inline enum error check_page(const pte_t *leaf, struct leaves *direct)
{
	const struct frame *frame;
	const pte_t *alias;

	if (!leaf)
		return ERR_NOT_MAPPED;
	frame = frame_at(pte_addr(*leaf, 1));
	if (!frame)
		return ERR_DENIED;
	if (frame->type == FRAME_USER_SEALED || frame->type == FRAME_SEALED)
		return ERR_SEALED;
	alias = leaf_at(direct, (vaddr_t)phys_to_virt(pte_addr(*leaf, 1)));
	if (!alias)
		return ERR_DENIED;
	if (is_broken(BROKEN_GATE_CHECK))
		return OK;
	if (frame->type != FRAME_USER || frame->level != 1 || frame->writable != is_writable(*leaf) + is_writable(*alias))
		return ERR_DENIED;
	return OK;
}

/* In one piece: whoever reads it meanwhile sees what it was or what it is. */
static inline void set_frame(struct frame *frame, struct frame value)
{
	__atomic_store(frame, &value, __ATOMIC_RELEASE);
}

/* Plain stores: mm/gate_run.c. */
static inline void seal_page(pte_t *leaf, pte_t *alias)
{
	paddr_t addr = pte_addr(*leaf, 1);

	__atomic_store_n(leaf, pte_encode(addr, pte_perms(*leaf) & ~PERM_W, 1), __ATOMIC_RELAXED);
	__atomic_store_n(alias, pte_encode(addr, PERM_R, 1), __ATOMIC_RELAXED);
	set_frame(gate_frame(addr), (struct frame){ .type = FRAME_USER_SEALED, .level = 1 });
}

static bool is_user_range(vaddr_t addr, uint64_t pages)
{
	return !(addr & PAGE_MASK) && pages && pages <= PAGES_MAX && addr >= USER_START && addr < USER_END &&
	       pages <= (USER_END - addr) >> PAGE_SHIFT;
}

/* a: root, b: address, c: pages. */
GATE_DO(seal_user)
{
	struct leaves user = { .root = a }, direct = { .root = kernel_root_frame };

	(void)d, (void)e;
	if ((a & PAGE_MASK) || frame_type_at(a) != FRAME_SPACE_ROOT)
		return gate_refuse(ERR_DENIED);
	if (!is_user_range(b, c))
		return gate_refuse(ERR_RANGE);
	for (uint64_t i = 0; i < c; i++) {
		enum error error = check_page(leaf_at(&user, b + i * PAGE_SIZE), &direct);

		if (error)
			return gate_refuse(error);
	}
	for (uint64_t i = 0; i < c; i++) {
		pte_t *leaf = leaf_at(&user, b + i * PAGE_SIZE);

		seal_page(leaf, leaf_at(&direct, (vaddr_t)phys_to_virt(pte_addr(*leaf, 1))));
	}
	gate_kernel_entries_changed(); /* the direct map's; also, a copy of such a page may be from before it was sealed */
	return OK;
}

/* One leaf of a dead space. The vDSO's pages only lose this mapping, user memory can be written again in the direct map. */
static inline void unseal_page(pte_t *leaf, struct leaves *direct)
{
	paddr_t addr = pte_addr(*leaf, 1);
	struct frame *frame = gate_frame(addr);

	if (frame && frame->type == FRAME_USER_SEALED) {
		pte_t *alias = leaf_at(direct, (vaddr_t)phys_to_virt(addr));

		set_frame(frame, (struct frame){ .type = FRAME_USER, .writable = 1 }); /* first: at no moment is what is sealed writable */
		__atomic_store_n(alias, pte_encode(addr, PERM_R | PERM_W, 1), __ATOMIC_RELEASE);
	} else if (addr != gate_image_to_phys(vdso_data) && addr != gate_image_to_phys(vdso_code)) {
		return;
	}
	__atomic_store_n(leaf, 0, __ATOMIC_RELAXED);
}

/* a: dead root, b: address, c: pages. What is not sealed stays. */
GATE_DO(unseal_user)
{
	struct leaves user = { .root = a }, direct = { .root = kernel_root_frame };

	(void)d, (void)e;
	if ((a & PAGE_MASK) || frame_type_at(a) != FRAME_DEAD_ROOT)
		return gate_refuse(ERR_DENIED);
	if (!is_user_range(b, c))
		return gate_refuse(ERR_RANGE);
	for (uint64_t i = 0; i < c; i++) {
		pte_t *leaf = leaf_at(&user, b + i * PAGE_SIZE);

		if (leaf)
			unseal_page(leaf, &direct);
	}
	gate_kernel_entries_changed();
	return OK;
}
