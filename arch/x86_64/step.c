/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/step.c: one instruction of a frame, run under the dry-run root (step.S), and the little that
 * is known of an instruction: its kind for the record, nothing that decides about it. Interrupts are
 * masked; on the story stack.
 */
#include "arch.h"

#include "trap_frame.h"
#include "x86.h"

const bool arch_atomics_need_alignment = false;

#define INSTRUCTION_MAX 15 /* bytes, Intel SDM vol. 2, 2.3.11 */

/* An instruction as far as it is decoded: prefixes, then one or two opcode bytes. */
struct decoded {
	bool has_lock, has_rep, has_operand_size, has_rex_w, is_long;
	uint8_t opcode; /* behind 0x0f if is_long */
	uint8_t modrm;  /* the byte behind the opcode */
	bool is_memory; /* which, read as ModRM, names memory */
};

/* Opcodes that store when their operand is memory. The table only names the kind: it need not be complete. */
static const struct opcode_range {
	uint8_t first, last;
} stores[] = { /* the commonest first */
	{ 0x88, 0x89 }, { 0x8c, 0x8c }, { 0xa2, 0xa3 }, { 0xc6, 0xc7 }, /* mov */
	{ 0x00, 0x01 }, { 0x08, 0x09 }, { 0x10, 0x11 }, { 0x18, 0x19 }, /* add or adc sbb */
	{ 0x20, 0x21 }, { 0x28, 0x29 }, { 0x30, 0x31 }, { 0x80, 0x83 }, /* and sub xor, immediates */
	{ 0x50, 0x57 }, { 0x68, 0x68 }, { 0x6a, 0x6a }, { 0x9c, 0x9c }, /* push, pushf */
	{ 0x8f, 0x8f }, { 0xc8, 0xc8 }, { 0xe8, 0xe8 }, { 0xfe, 0xff }, /* pop, enter, call, inc dec call push */
	{ 0xc0, 0xc1 }, { 0xd0, 0xd3 }, { 0xf6, 0xf7 },                 /* shifts, not neg */
}, long_stores[] = { /* behind 0x0f */
	{ 0x90, 0x9f }, { 0xa0, 0xa0 }, { 0xa8, 0xa8 }, { 0xc3, 0xc3 }, /* setcc, push fs gs, movnti */
	{ 0xa4, 0xa5 }, { 0xab, 0xae }, { 0xb3, 0xb3 }, { 0xba, 0xbb }, /* shld shrd, bts btr btc, fxsave */
	{ 0xb0, 0xb1 }, { 0xc0, 0xc1 }, { 0xc7, 0xc7 },                 /* cmpxchg, xadd, cmpxchg16b */
};

static bool is_listed(const struct opcode_range *ranges, size_t count, uint8_t opcode)
{
	for (size_t i = 0; i < count; i++)
		if (opcode >= ranges[i].first && opcode <= ranges[i].last)
			return true;
	return false;
}

static bool is_store(const struct decoded *in)
{
	return in->is_long ? is_listed(long_stores, ARRAY_SIZE(long_stores), in->opcode)
	                   : is_listed(stores, ARRAY_SIZE(stores), in->opcode);
}

static bool is_prefix(uint8_t byte)
{
	/* lock, repne, rep; fs gs, operand and address size; segments, which 64-bit mode ignores */
	return byte == 0xf0 || byte == 0xf2 || byte == 0xf3 || (byte >= 0x64 && byte <= 0x67) || (byte & 0xe7) == 0x26;
}

static struct decoded decode(vaddr_t pc)
{
	struct decoded in = { 0 };
	uint8_t byte = 0;
	unsigned i = 0;

	for (; i < INSTRUCTION_MAX && arch_try_read(pc + i, &byte, 1) && is_prefix(byte); i++) {
		in.has_lock |= byte == 0xf0;
		in.has_operand_size |= byte == 0x66;
		in.has_rep |= byte == 0xf2 || byte == 0xf3;
	}
	if ((byte & 0xf0) == 0x40) { /* REX: only directly before the opcode */
		in.has_rex_w = byte & 8;
		arch_try_read(pc + ++i, &byte, 1);
	}
	if (byte == 0x0f) {
		in.is_long = true;
		arch_try_read(pc + ++i, &byte, 1);
	}
	in.opcode = byte;
	in.is_memory = arch_try_read(pc + i + 1, &in.modrm, 1) && in.modrm < 0xc0;
	return in;
}

/* Arithmetic on memory: its store may leave bytes as they are. The form of 0xfe, 0xff that is inc or dec, not call or push. */
static bool is_read_modify_write(const struct decoded *in)
{
	uint8_t op = in->opcode;

	if (in->is_long)
		return (op >= 0xa4 && op <= 0xa5) || op == 0xab || (op >= 0xac && op <= 0xad) || op == 0xb3 ||
		       (op >= 0xba && op <= 0xbb) || (op >= 0xb0 && op <= 0xb1) || (op >= 0xc0 && op <= 0xc1) || op == 0xc7;
	return (op < 0x40 && (op & 7) <= 1) || (op >= 0x80 && op <= 0x83) || (op >= 0xc0 && op <= 0xc1) || (op >= 0xd0 && op <= 0xd3) ||
	       (op >= 0xf6 && op <= 0xf7) || (op >= 0xfe && (in->modrm >> 3 & 7) <= 1);
}

/* How many bytes it accesses. Of the two-byte opcodes only cmpxchg, xadd (0xb0, 0xc0) have a form for bytes. */
static uint8_t access_bytes(const struct decoded *in)
{
	bool has_byte_form = !in->is_long || in->opcode == 0xb0 || in->opcode == 0xc0;

	if (in->is_long && in->opcode == 0xc7)
		return in->has_rex_w ? 16 : 8;
	if (has_byte_form && !(in->opcode & 1) && !(in->opcode == 0x82))
		return 1;
	return in->has_rex_w ? 8 : in->has_operand_size ? 2 : 4;
}

static bool is_port_input(const struct decoded *in)
{
	return !in->is_long && (in->opcode & 0xfe) == 0x6c;
}

static bool is_string(const struct decoded *in)
{
	return !in->is_long && ((in->opcode & 0xfe) == 0xa4 || (in->opcode & 0xfe) == 0xaa || is_port_input(in));
}

/* How many bytes one turn of a string instruction stores. */
static uint8_t element_bytes(const struct decoded *in)
{
	if (!(in->opcode & 1))
		return 1;
	if (in->has_rex_w && !is_port_input(in))
		return 8;
	return in->has_operand_size ? 2 : 4;
}

enum step_result arch_step(struct trap_frame *before, struct trap_frame *after, uint64_t root, vaddr_t first, vaddr_t last,
                           struct fault *fault)
{
	uint64_t changed = RFLAGS_TF | RFLAGS_IF;
	uint64_t flags = before->rflags;
	struct step_exit out;

	before->rflags = (flags & ~changed) | RFLAGS_TF;
	out = step_run(before, root, first, last, after);
	before->rflags = flags;
	if (flags & RFLAGS_AC) /* in the middle of a user copy, as the step was; we are not */
		arch_user_access_end();
	if (out.code) {
		trap_describe(fault, (unsigned)(out.code & 0xffffffff) - 1, out.code >> 32, out.cr2, before->rsp);
		return STEP_FAULT;
	}
	after->rflags = (after->rflags & ~changed) | (flags & changed);
	return STEP_DONE;
}

struct step_traits arch_step_traits(const struct trap_frame *frame)
{
	struct decoded in = decode(frame->rip);
	struct step_traits traits = { .kind = KIND_UNKNOWN, .can_step = true, .single_pass = is_port_input(&in) };

	traits.stores_flags = !in.is_long && in.opcode == 0x9c;

	if (is_string(&in)) {
		traits.kind = KIND_STRING;
		traits.element_bytes = in.has_rep ? element_bytes(&in) : 0;
	} else if (in.has_lock || (!in.is_long && (in.opcode & 0xfe) == 0x86 && in.is_memory)) {
		traits.kind = KIND_ATOMIC;
	} else if (is_store(&in)) {
		traits.kind = KIND_STORE;
	}
	if (traits.kind != KIND_STRING && is_read_modify_write(&in))
		traits.rmw_bytes = access_bytes(&in);
	return traits;
}

void arch_step_fix_stored(const struct trap_frame *before, uint8_t *page, vaddr_t addr_page)
{
	struct decoded in = decode(before->rip);
	/* pushf stores TF and IF as the step needs them. Both are in the second byte of what it stores. */
	vaddr_t addr = before->rsp - (in.has_operand_size ? 2 : 8) + 1;
	uint8_t mask = (RFLAGS_TF | RFLAGS_IF) >> 8;

	if (in.is_long || in.opcode != 0x9c || addr < addr_page || addr >= addr_page + PAGE_SIZE)
		return;
	page[addr - addr_page] = (uint8_t)((page[addr - addr_page] & ~mask) | (before->rflags >> 8 & mask));
}
