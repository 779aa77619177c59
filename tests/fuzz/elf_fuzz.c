/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/elf_fuzz.c: random programs; the input is the ELF file. What is accepted can be loaded: segments in the user half,
 * no two on one page, never writable and executable, their data inside the file, the entry in code.
 *
 * sources: kernel/elf.c
 */
#include "fuzz.h"

#include "elf.h"

#define MACHINE 62

static void check_segment(const struct elf_segment *segment, const uint8_t *data, size_t bytes)
{
	REQUIRE((segment->start & PAGE_MASK) == 0 && segment->pages >= 1 && segment->pages <= ELF_PAGES_MAX);
	REQUIRE(segment->start >= USER_START && segment->start < USER_END);
	REQUIRE(segment->start + segment->pages * PAGE_SIZE <= USER_END);
	REQUIRE(segment->perms == MAP_READ || segment->perms == (MAP_READ | MAP_WRITE) || segment->perms == (MAP_READ | MAP_EXECUTE));
	REQUIRE(segment->data >= data && segment->data_bytes <= bytes && segment->data + segment->data_bytes <= data + bytes);
	REQUIRE(segment->data_bytes <= segment->pages * PAGE_SIZE);
}

static void check_program(const struct elf_program *program, const uint8_t *data, size_t bytes)
{
	bool has_entry = false;

	REQUIRE(program->segment_count >= 1 && program->segment_count <= ELF_SEGMENTS_MAX);
	for (unsigned i = 0; i < program->segment_count; i++) {
		const struct elf_segment *one = &program->segments[i];

		check_segment(one, data, bytes);
		has_entry |= (one->perms & MAP_EXECUTE) && program->entry - one->start < one->pages * PAGE_SIZE;
		for (unsigned j = 0; j < i; j++) {
			const struct elf_segment *other = &program->segments[j];

			REQUIRE(one->start >= other->start + other->pages * PAGE_SIZE ||
			        other->start >= one->start + one->pages * PAGE_SIZE);
		}
	}
	REQUIRE(has_entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct elf_program program;
	struct input input = { data, size };
	uint8_t *block = take_block(&input, size, &size);
	const char *why = "";
	enum error error = elf_check(block, size, MACHINE, &program, &why);

	REQUIRE((error == OK) == !why);
	if (error)
		check_printable(why, 80);
	else
		check_program(&program, block, size);
	free(block);
	return 0;
}
