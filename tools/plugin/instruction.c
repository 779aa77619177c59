/* SPDX-License-Identifier: MIT */
/*
 * tools/plugin/instruction.c: looks at the bytes of one whole instruction. Encodings: Intel SDM vol. 2 (MOV to control
 * register, INVLPG, CLI, STI, POPF, IRET); Arm ARM C6.2 (MSR, TLBI, ERET) and C5.2 (DAIF). Pure, also in a unit test.
 */
#include "instruction.h"

#include <string.h>

#define DAIF_I 2u /* in the immediate of daifset and daifclr */

enum instruction instruction_x86_64(const uint8_t *bytes, size_t count)
{
	unsigned modrm;

	while (count > 1 && (bytes[0] & 0xf0) == 0x40) { /* REX: 64-bit code only; nothing looked for here begins so */
		bytes++;
		count--;
	}
	if (count == 1) {
		switch (bytes[0]) {
		case 0xfa: return INSTRUCTION_MASK;
		case 0xfb: return INSTRUCTION_UNMASK;
		case 0x9d: return INSTRUCTION_RESTORE;
		case 0xcf: return INSTRUCTION_RETURN;
		default:   return INSTRUCTION_OTHER;
		}
	}
	if (count < 3 || bytes[0] != 0x0f)
		return INSTRUCTION_OTHER;
	modrm = bytes[2];
	if (bytes[1] == 0x22 && (modrm >> 3 & 7) == 3)
		return INSTRUCTION_ROOT_LOAD;
	if (bytes[1] == 0x01 && (modrm >> 3 & 7) == 7 && modrm >> 6 != 3)
		return INSTRUCTION_INVALIDATION;
	return INSTRUCTION_OTHER;
}

enum instruction instruction_aarch64(const uint8_t *bytes, size_t count)
{
	uint32_t word;

	if (count != sizeof(word))
		return INSTRUCTION_OTHER;
	memcpy(&word, bytes, sizeof(word)); /* little-endian, as this computer */
	if ((word & 0xffffffe0) == 0xd5182020)
		return INSTRUCTION_ROOT_LOAD;
	if ((word & 0xfff8f000) == 0xd5088000)
		return INSTRUCTION_INVALIDATION;
	if ((word & 0xfffff0ff) == 0xd50340df)
		return word >> 8 & DAIF_I ? INSTRUCTION_MASK : INSTRUCTION_OTHER;
	if ((word & 0xfffff0ff) == 0xd50340ff)
		return word >> 8 & DAIF_I ? INSTRUCTION_UNMASK : INSTRUCTION_OTHER;
	if ((word & 0xffffffe0) == 0xd51b4220)
		return INSTRUCTION_RESTORE;
	return word == 0xd69f03e0 ? INSTRUCTION_RETURN : INSTRUCTION_OTHER;
}
