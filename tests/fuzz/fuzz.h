/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/fuzz.h: what the fuzz targets share: an invariant that ends the program, input taken piece by piece,
 * and blocks of exactly the size that was asked for. Included once by each target.
 */
#ifndef AMBER_TESTS_FUZZ_H
#define AMBER_TESTS_FUZZ_H

#include <amber/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not assert(): it must hold whatever the flags are. */
#define REQUIRE(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of the input. */
struct input {
	const uint8_t *data;
	size_t bytes;
};

/* Copies the next `bytes` bytes, or as many as there are; returns how many. */
static inline size_t take_into(struct input *input, void *dst, size_t bytes)
{
	size_t there = MIN(bytes, input->bytes);

	memcpy(dst, input->data, there);
	input->data += there;
	input->bytes -= there;
	return there;
}

/* The next 1 to 8 bytes as a number, lowest first; 0 for what isn't there. */
static inline uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	REQUIRE(bytes <= sizeof(value));
	take_into(input, &value, bytes);
	return value;
}

/* The next `bytes` bytes, or as many as there are, in a block of their own: a read behind it is seen. */
static inline uint8_t *take_block(struct input *input, size_t bytes, size_t *taken)
{
	uint8_t *block = malloc(MIN(bytes, input->bytes)); /* of no bytes as well */

	REQUIRE(block);
	*taken = take_into(input, block, bytes);
	return block;
}

static inline void check_printable(const char *text, size_t room)
{
	size_t length = strnlen(text, room);

	REQUIRE(length < room);
	for (size_t i = 0; i < length; i++)
		REQUIRE(text[i] >= 0x20 && text[i] <= 0x7e);
}

#endif
