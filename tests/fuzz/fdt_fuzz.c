/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fdt_fuzz.c: random device trees; the input is the tree (a .dtb file). It is read twice: in front of a page
 * that can't be touched, because libfdt comes without sanitizers, and as if it lay in the RAM that it describes.
 *
 * sources: boot/fdt.c boot/fdt_nodes.c boot/boot_fill.c mm/memory_map.c kernel/format.c
 * libraries: -lfdt
 */
#include "boot_checks.h"

#include "fdt_parse.h"
#include <libfdt.h>
#include <sys/mman.h>

#define MAPPED_BYTES 65536
#define RAM_AT       0x40008000ull

/* A copy of `bytes` bytes (a multiple of 8, as the address must be) that ends at the guard page. */
static const uint8_t *lay_before_guard(const uint8_t *data, size_t bytes)
{
	static uint8_t *base;

	if (!base) {
		base = mmap(NULL, MAPPED_BYTES + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		REQUIRE(base != MAP_FAILED && mprotect(base + MAPPED_BYTES, PAGE_SIZE, PROT_NONE) == 0);
	}
	memcpy(base + MAPPED_BYTES - bytes, data, bytes);
	return base + MAPPED_BYTES - bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t bytes = MIN(size, (size_t)MAPPED_BYTES), whole = ALIGN_DOWN(bytes, 8);
	uint8_t *block;

	if (parse_and_check(fdt_parse, "fdt", BOOT_IMAGE, lay_before_guard(data, whole), whole, 0) == OK) {
		REQUIRE(info.devices.has_psci);
		REQUIRE(info.cpu_count <= bytes / 8);
		check_not_usable(&info.memory, 0, fdt_totalsize(data));
	}
	block = malloc(bytes);
	memcpy(block, data, bytes);
	if (parse_and_check(fdt_parse, "fdt", BOOT_IMAGE, block - RAM_AT, RAM_AT + bytes, RAM_AT) == OK)
		check_not_usable(&info.memory, RAM_AT, RAM_AT + fdt_totalsize(data));
	free(block);
	return 0;
}
