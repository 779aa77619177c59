/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/store_kind.c: what kind of store an instruction is, for the record of a violation. Decides
 * nothing and may say "unknown", but for the store-exclusives: they must be recognised, because they can't be
 * single-stepped. Encodings: Arm ARM, C4.1 (loads and stores). Pure, host-tested.
 */
#include "store_kind.h"

#include <stdbool.h>

static bool bits(uint32_t word, uint32_t mask, uint32_t value)
{
	return (word & mask) == value;
}

/* Size 001000 o2 L o1 Rs o0 …: exclusive, ordered, compare-and-swap. 001001 is the unprivileged variant. */
static enum store_kind exclusive_class(uint32_t word)
{
	bool is_load = word & (1u << 22), is_pair = word & (1u << 21), is_doubleword = word & (1u << 31);

	if (word & (1u << 23))
		return is_pair ? KIND_ATOMIC : is_load ? KIND_UNKNOWN : KIND_STORE; /* cas; ldar; stlr */
	if (is_pair && !is_doubleword)
		return KIND_ATOMIC; /* casp */
	return is_load ? KIND_UNKNOWN : KIND_EXCLUSIVE;
}

enum store_kind store_kind_of(uint32_t word)
{
	if (bits(word, 0x3e000000, 0x08000000))
		return exclusive_class(word);
	if (bits(word, 0x3f200c00, 0x38200000)) /* ld<op>, st<op>, swp; but ldapr only loads */
		return bits(word, 0x0000f000, 0x0000c000) ? KIND_UNKNOWN : KIND_ATOMIC;
	if (bits(word, 0xffffffe0, 0xd50b7420)) /* dc zva */
		return KIND_ZERO_BLOCK;
	if (bits(word, 0x3a000000, 0x28000000)) /* pairs */
		return word & (1u << 22) ? KIND_UNKNOWN : KIND_STORE;
	if (bits(word, 0x3f200c00, 0x19000000)) /* stlur */
		return bits(word, 0x00c00000, 0) ? KIND_STORE : KIND_UNKNOWN;
	if (bits(word, 0xbf000000, 0x0c000000) || bits(word, 0xbf000000, 0x0d000000)) /* SIMD structures */
		return word & (1u << 22) ? KIND_UNKNOWN : KIND_STORE;
	if (bits(word, 0x3a000000, 0x38000000)) /* one register; SIMD's 16 bytes have opc 2, size 0 */
		return bits(word, 0x00c00000, 0) || bits(word, 0xc4c00000, 0x04800000) ? KIND_STORE : KIND_UNKNOWN;
	return KIND_UNKNOWN;
}

unsigned store_rmw_bytes(uint32_t word)
{
	if (store_kind_of(word) != KIND_ATOMIC || bits(word, 0x3f20fc00, 0x38208000))
		return 0;
	if (bits(word, 0x3f800000, 0x08000000)) /* casp: two of 4 or 8 bytes */
		return 2 * (word & (1u << 30) ? 8 : 4);
	return 1u << (word >> 30);
}
