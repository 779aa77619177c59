/* SPDX-License-Identifier: MIT */
/* kernel/selftest/test_range.h: addresses that self-tests may map: the second half of the stacks' slot, unused otherwise. */
#ifndef AMBER_SELFTEST_TEST_RANGE_H
#define AMBER_SELFTEST_TEST_RANGE_H

#include <amber/layout.h>

#define TEST_RANGE_BASE  (STACK_BASE + SLOT_SIZE / 2)  /* dry_run_test.c */
#define TEST_RANGE_GATE  (TEST_RANGE_BASE + 0x1000000) /* gate_test.c */
#define TEST_RANGE_CPUS  (TEST_RANGE_BASE + 0x3000000) /* cpus_test.c */
#define TEST_RANGE_BENCH (TEST_RANGE_BASE + 0x2000000) /* bench.c */

#endif
