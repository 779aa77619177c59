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

/* Leaves one after the other: a walk at the start and where a table ends. */
struct leaves {
	paddr_t root;
	vaddr_t addr; /* of `leaf` */
	pte_t *leaf;  /* a 4 KiB leaf, or NULL */
};

static pte_t *leaf_at(struct leaves *leaves, vaddr_t addr)
{
	int level;

	if (leaves->leaf && addr == leaves->addr + PAGE_SIZE && pagetable_index(addr, 1) != 0) {
		leaves->leaf++;
	} else {
		leaves->leaf = gate_walk(leaves->root, addr, &level);
		if (leaves->leaf && level != 1)
			leaves->leaf = NULL;
	}
	leaves->addr = addr;
	return leaves->leaf && pte_is_present(*leaves->leaf) ? leaves->leaf : NULL;
}

static unsigned is_writable(pte_t pte)
{
	return (pte_perms(pte) & PERM_W) != 0;
}

/* Nobody else maps the frame, and nobody writes it but through these two mappings. */
static enum error check_page(const pte_t *leaf, struct leaves *direct)
{
	const struct frame *frame;
	const pte_t *alias;

	if (!leaf)
		return ERR_NOT_MAPPED;
	frame = frame_at(pte_addr(*leaf, 1));
	if (frame && frame_class(frame->type) != CLASS_NONE)
		return ERR_SEALED;
	alias = leaf_at(direct, (vaddr_t)phys_to_virt(pte_addr(*leaf, 1)));
	if (!frame || !alias)
		return ERR_DENIED;
	if (is_broken(BROKEN_GATE_CHECK))
		return OK;
	if (frame->type != FRAME_USER || frame->level != 1 || frame->writable != is_writable(*leaf) + is_writable(*alias))
		return ERR_DENIED;
	return OK;
}

static void seal_page(pte_t *leaf, pte_t *alias)
{
	paddr_t addr = pte_addr(*leaf, 1);

	arch_pte_exchange(leaf, pte_encode(addr, pte_perms(*leaf) & ~PERM_W, 1));
	arch_pte_exchange(alias, pte_encode(addr, PERM_R, 1));
	*gate_frame(addr) = (struct frame){ .type = FRAME_USER_SEALED, .level = 1 };
}

/* a: root, b: address, c: pages. */
GATE_DO(seal_user)
{
	struct leaves user = { .root = a }, direct = { .root = kernel_root_frame };

	(void)d, (void)e;
	if ((a & PAGE_MASK) || frame_type_at(a) != FRAME_SPACE_ROOT)
		return gate_refuse(ERR_DENIED);
	if ((b & PAGE_MASK) || !c || c > PAGES_MAX || b < USER_START || b >= USER_END || c > (USER_END - b) >> PAGE_SHIFT)
		return gate_refuse(ERR_RANGE);
	for (uint64_t i = 0; i < c; i++) {
		enum error error = check_page(leaf_at(&user, b + i * PAGE_SIZE), &direct);

		if (error)
			return gate_refuse(error);
	}
	user.leaf = NULL;
	for (uint64_t i = 0; i < c; i++) {
		pte_t *leaf = leaf_at(&user, b + i * PAGE_SIZE);

		seal_page(leaf, leaf_at(&direct, (vaddr_t)phys_to_virt(pte_addr(*leaf, 1))));
	}
	gate_kernel_entries_changed(); /* the direct map's; also, a copy of such a page may be from before it was sealed */
	return OK;
}

/* a: dead root, b: address. The vDSO's pages only lose this mapping. */
GATE_DO(unseal_user)
{
	struct leaves user = { .root = a }, direct = { .root = kernel_root_frame };
	pte_t *leaf, *alias;
	struct frame *frame;
	paddr_t addr;

	(void)c, (void)d, (void)e;
	if ((a & PAGE_MASK) || frame_type_at(a) != FRAME_DEAD_ROOT)
		return gate_refuse(ERR_DENIED);
	if (b < USER_START || b >= USER_END)
		return gate_refuse(ERR_RANGE);
	leaf = leaf_at(&user, b);
	if (!leaf)
		return gate_refuse(ERR_NOT_MAPPED);
	addr = pte_addr(*leaf, 1);
	frame = gate_frame(addr);
	if (frame && frame->type == FRAME_USER_SEALED) {
		alias = leaf_at(&direct, (vaddr_t)phys_to_virt(addr));
		arch_pte_exchange(alias, pte_encode(addr, PERM_R | PERM_W, 1));
		*frame = (struct frame){ .type = FRAME_USER, .writable = 1 };
		gate_kernel_entries_changed();
	} else if (addr != gate_image_to_phys(vdso_data) && addr != gate_image_to_phys(vdso_code)) {
		return gate_refuse(ERR_DENIED);
	}
	arch_pte_exchange(leaf, 0);
	return OK;
}
