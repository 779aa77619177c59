/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/fake_machine/layout.h: the kernel's areas at addresses that a host process has. Included before
 * everything else (-include), so that the real layout.h changes nothing any more. Each area has a top-level slot of
 * its own here too.
 */
#ifndef AMBER_TESTS_FAKE_LAYOUT_H
#define AMBER_TESTS_FAKE_LAYOUT_H

#include <amber/layout.h>

#undef DIRECT_MAP_BASE
#undef WINDOW_BASE
#undef GATE_DEVICE_BASE
#undef DEVICE_BASE
#undef STACK_BASE
#undef IMAGE_BASE
#define DIRECT_MAP_BASE  0x200000000000ull
#define WINDOW_BASE      0x208000000000ull
#define GATE_DEVICE_BASE 0x210000000000ull
#define DEVICE_BASE      0x218000000000ull
#define STACK_BASE       0x300000000000ull
#define IMAGE_BASE       0x20000000ull /* image.ld */

#endif
