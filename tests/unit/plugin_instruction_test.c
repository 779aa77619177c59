/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/plugin_instruction_test.c: the few instructions that the counting plugin tells apart. The bytes are what this
 * computer's assemblers make of the text beside them.
 * sources: tools/plugin/instruction.c
 * flags: -I tools/plugin
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "instruction.h"

struct example {
	const char *text;
	uint8_t bytes[8];
	size_t count;
	enum instruction expected;
};

static void x86_64(void **state)
{
	static const struct example examples[] = {
		{ "mov %rax, %cr3", { 0x0f, 0x22, 0xd8 }, 3, INSTRUCTION_ROOT_LOAD },
		{ "mov %r11, %cr3", { 0x41, 0x0f, 0x22, 0xdb }, 4, INSTRUCTION_ROOT_LOAD },
		{ "mov %cr3, %rax", { 0x0f, 0x20, 0xd8 }, 3, INSTRUCTION_OTHER },
		{ "mov %rax, %cr4", { 0x0f, 0x22, 0xe0 }, 3, INSTRUCTION_OTHER },
		{ "invlpg (%rdi)", { 0x0f, 0x01, 0x3f }, 3, INSTRUCTION_INVALIDATION },
		{ "invlpg 8(%r8)", { 0x41, 0x0f, 0x01, 0x78, 0x08 }, 5, INSTRUCTION_INVALIDATION },
		{ "lgdt (%rdi)", { 0x0f, 0x01, 0x17 }, 3, INSTRUCTION_OTHER },
		{ "swapgs", { 0x0f, 0x01, 0xf8 }, 3, INSTRUCTION_OTHER },
		{ "cli", { 0xfa }, 1, INSTRUCTION_MASK },
		{ "sti", { 0xfb }, 1, INSTRUCTION_UNMASK },
		{ "popfq", { 0x9d }, 1, INSTRUCTION_RESTORE },
		{ "iretq", { 0x48, 0xcf }, 2, INSTRUCTION_RETURN },
		{ "iret", { 0xcf }, 1, INSTRUCTION_RETURN },
		{ "ret", { 0xc3 }, 1, INSTRUCTION_OTHER },
		{ "cld", { 0xfc }, 1, INSTRUCTION_OTHER },
		{ "mov $0xfa, %al", { 0xb0, 0xfa }, 2, INSTRUCTION_OTHER },
		{ "inc %eax (32 bits)", { 0x40 }, 1, INSTRUCTION_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		if (instruction_x86_64(examples[i].bytes, examples[i].count) != examples[i].expected)
			fail_msg("%s", examples[i].text);
}

static void aarch64(void **state)
{
	static const struct {
		const char *text;
		uint32_t word;
		enum instruction expected;
	} examples[] = {
		{ "msr ttbr1_el1, x0", 0xd5182020, INSTRUCTION_ROOT_LOAD },
		{ "msr ttbr1_el1, x19", 0xd5182033, INSTRUCTION_ROOT_LOAD },
		{ "msr ttbr0_el1, x0", 0xd5182000, INSTRUCTION_OTHER },
		{ "mrs x0, ttbr1_el1", 0xd5382020, INSTRUCTION_OTHER },
		{ "tlbi vaae1, x0", 0xd5088760, INSTRUCTION_INVALIDATION },
		{ "tlbi vmalle1", 0xd508871f, INSTRUCTION_INVALIDATION },
		{ "tlbi vaae1is, x3", 0xd5088363, INSTRUCTION_INVALIDATION },
		{ "dc zva, x0", 0xd50b7420, INSTRUCTION_OTHER },
		{ "at s1e1w, x0", 0xd5087820, INSTRUCTION_OTHER },
		{ "msr daifset, #2", 0xd50342df, INSTRUCTION_MASK },
		{ "msr daifset, #15", 0xd5034fdf, INSTRUCTION_MASK },
		{ "msr daifset, #4", 0xd50344df, INSTRUCTION_OTHER },
		{ "msr daifclr, #2", 0xd50342ff, INSTRUCTION_UNMASK },
		{ "msr daifclr, #4", 0xd50344ff, INSTRUCTION_OTHER },
		{ "msr daif, x20", 0xd51b4234, INSTRUCTION_RESTORE },
		{ "mrs x0, daif", 0xd53b4220, INSTRUCTION_OTHER },
		{ "eret", 0xd69f03e0, INSTRUCTION_RETURN },
		{ "ret", 0xd65f03c0, INSTRUCTION_OTHER },
		{ "isb", 0xd5033fdf, INSTRUCTION_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		if (instruction_aarch64((const uint8_t *)&examples[i].word, sizeof(uint32_t)) != examples[i].expected)
			fail_msg("%s", examples[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(x86_64), cmocka_unit_test(aarch64) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
