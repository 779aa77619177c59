/* SPDX-License-Identifier: MIT */
/*
 * tools/plugin/instruction.h: which of the few instructions that the counting plugin cares about an instruction is.
 */
#ifndef AMBER_PLUGIN_INSTRUCTION_H
#define AMBER_PLUGIN_INSTRUCTION_H

#include <stddef.h>
#include <stdint.h>

enum instruction {
	INSTRUCTION_OTHER,
	INSTRUCTION_ROOT_LOAD,    /* mov to cr3; msr ttbr1_el1 */
	INSTRUCTION_INVALIDATION, /* invlpg; any tlbi */
	INSTRUCTION_MASK,         /* cli; msr daifset with I */
	INSTRUCTION_UNMASK,       /* sti; msr daifclr with I */
	INSTRUCTION_RESTORE,      /* popf; msr daif: masks or unmasks, as a value says */
	INSTRUCTION_RETURN,       /* iret; eret */
};

enum instruction instruction_x86_64(const uint8_t *bytes, size_t count);
enum instruction instruction_aarch64(const uint8_t *bytes, size_t count);

#endif
