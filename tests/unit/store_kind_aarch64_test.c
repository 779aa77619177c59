/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/store_kind_aarch64_test.c: the kinds of store instructions, as the assembler encodes them; and
 * all store-exclusives of the architecture, because one that is missed would be single-stepped.
 *
 * sources: arch/aarch64/store_kind.c
 * flags: -I arch/aarch64
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_kind.h"

/* From aarch64-linux-gnu-as. */
static const struct {
	uint32_t word;
	enum store_kind kind;
	const char *text;
} samples[] = {
	{ 0xc8007c41, KIND_EXCLUSIVE, "stxr w0, x1, [x2]" },
	{ 0x8800fc41, KIND_EXCLUSIVE, "stlxr w0, w1, [x2]" },
	{ 0x08007c41, KIND_EXCLUSIVE, "stxrb w0, w1, [x2]" },
	{ 0x4800ffe1, KIND_EXCLUSIVE, "stlxrh w0, w1, [sp]" },
	{ 0xc8200861, KIND_EXCLUSIVE, "stxp w0, x1, x2, [x3]" },
	{ 0x88208861, KIND_EXCLUSIVE, "stlxp w0, w1, w2, [x3]" },
	{ 0x48227c24, KIND_ATOMIC, "casp x2, x3, x4, x5, [x1]" },
	{ 0x0862fc24, KIND_ATOMIC, "caspal w2, w3, w4, w5, [x1]" },
	{ 0xc8a17c62, KIND_ATOMIC, "cas x1, x2, [x3]" },
	{ 0x08e17c62, KIND_ATOMIC, "casab w1, w2, [x3]" },
	{ 0x48e1fc62, KIND_ATOMIC, "casalh w1, w2, [x3]" },
	{ 0xf8218062, KIND_ATOMIC, "swp x1, x2, [x3]" },
	{ 0x38e18062, KIND_ATOMIC, "swpalb w1, w2, [x3]" },
	{ 0xf8210062, KIND_ATOMIC, "ldadd x1, x2, [x3]" },
	{ 0xb821007f, KIND_ATOMIC, "stadd w1, [x3]" },
	{ 0xb8e16062, KIND_ATOMIC, "ldumaxal w1, w2, [x3]" },
	{ 0xf83f33ff, KIND_ATOMIC, "stset xzr, [sp]" },
	{ 0xf8bfc041, KIND_UNKNOWN, "ldapr x1, [x2]" },
	{ 0xc85f7c41, KIND_UNKNOWN, "ldxr x1, [x2]" },
	{ 0xc87f8861, KIND_UNKNOWN, "ldaxp x1, x2, [x3]" },
	{ 0xc8dffc41, KIND_UNKNOWN, "ldar x1, [x2]" },
	{ 0xf9400041, KIND_UNKNOWN, "ldr x1, [x2]" },
	{ 0xa8c10861, KIND_UNKNOWN, "ldp x1, x2, [x3], #16" },
	{ 0xb8a36841, KIND_UNKNOWN, "ldrsw x1, [x2, x3]" },
	{ 0x39c00041, KIND_UNKNOWN, "ldrsb w1, [x2]" },
	{ 0xf9800020, KIND_UNKNOWN, "prfm pldl1keep, [x1]" },
	{ 0xf85ff041, KIND_UNKNOWN, "ldur x1, [x2, #-1]" },
	{ 0xd9400041, KIND_UNKNOWN, "ldapur x1, [x2]" },
	{ 0x3dc00020, KIND_UNKNOWN, "ldr q0, [x1]" },
	{ 0x4c407800, KIND_UNKNOWN, "ld1 {v0.4s}, [x0]" },
	{ 0x8b020020, KIND_UNKNOWN, "add x0, x1, x2" },
	{ 0xd50b7e20, KIND_UNKNOWN, "dc civac, x0" },
	{ 0xd5087620, KIND_UNKNOWN, "dc ivac, x0" },
	{ 0xf9000041, KIND_STORE, "str x1, [x2]" },
	{ 0x38001c41, KIND_STORE, "strb w1, [x2, #1]!" },
	{ 0x78002441, KIND_STORE, "strh w1, [x2], #2" },
	{ 0xb8235841, KIND_STORE, "str w1, [x2, w3, uxtw #2]" },
	{ 0xf81fd041, KIND_STORE, "stur x1, [x2, #-3]" },
	{ 0xf8000841, KIND_STORE, "sttr x1, [x2]" },
	{ 0xa9bf0be1, KIND_STORE, "stp x1, x2, [sp, #-16]!" },
	{ 0x28810861, KIND_STORE, "stp w1, w2, [x3], #8" },
	{ 0xa8000861, KIND_STORE, "stnp x1, x2, [x3]" },
	{ 0xc89ffc41, KIND_STORE, "stlr x1, [x2]" },
	{ 0x089ffc41, KIND_STORE, "stlrb w1, [x2]" },
	{ 0xc89f7c41, KIND_STORE, "stllr x1, [x2]" },
	{ 0xd9001041, KIND_STORE, "stlur x1, [x2, #1]" },
	{ 0x19000041, KIND_STORE, "stlurb w1, [x2]" },
	{ 0x3d800020, KIND_STORE, "str q0, [x1]" },
	{ 0xfc008c20, KIND_STORE, "str d0, [x1, #8]!" },
	{ 0xad000420, KIND_STORE, "stp q0, q1, [x1]" },
	{ 0x3c803041, KIND_STORE, "stur q1, [x2, #3]" },
	{ 0x4c00a800, KIND_STORE, "st1 {v0.4s, v1.4s}, [x0]" },
	{ 0x0d9f0c00, KIND_STORE, "st1 {v0.b}[3], [x0], #1" },
	{ 0x3ca26820, KIND_STORE, "str q0, [x1, x2]" },
	{ 0xd50b7420, KIND_ZERO_BLOCK, "dc zva, x0" },
	{ 0xd50b743e, KIND_ZERO_BLOCK, "dc zva, x30" },
};

static void test_samples(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (store_kind_of(samples[i].word) != samples[i].kind)
			fail_msg("%s (0x%08x): kind %d", samples[i].text, samples[i].word, store_kind_of(samples[i].word));
}

/* Every size, ordering and register of stxr, stlxr, stxp, stlxp. */
static void test_all_exclusives(void **state)
{
	(void)state;
	for (uint32_t size = 0; size < 4; size++)
		for (uint32_t low = 0; low < 1u << 21; low += 7) { /* ordering and registers */
			assert_int_equal(store_kind_of(size << 30 | 0x08000000 | low), KIND_EXCLUSIVE);
			if (size >= 2)
				assert_int_equal(store_kind_of(size << 30 | 0x08200000 | low), KIND_EXCLUSIVE);
		}
}

/* Nothing outside their encodings (and those reserved beside them) is taken for one. */
static void test_nothing_else_is_exclusive(void **state)
{
	uint32_t word = 0x12345678;

	(void)state;
	for (unsigned i = 0; i < 2000000; i++) {
		word = word * 1664525 + 1013904223;
		if ((word & 0x3e000000) != 0x08000000)
			assert_int_not_equal(store_kind_of(word), KIND_EXCLUSIVE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_all_exclusives),
		cmocka_unit_test(test_nothing_else_is_exclusive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
