/* SPDX-License-Identifier: MIT */
/* mm/address_space_load.h: the inline half of address_space.h. Stands in; the real one comes with mm. */
#ifndef AMBER_MM_ADDRESS_SPACE_LOAD_H
#define AMBER_MM_ADDRESS_SPACE_LOAD_H
static inline void address_space_load(struct address_space *space)
{
	(void)space;
}
#endif
