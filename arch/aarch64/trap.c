/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/trap.c: the one C door of all exceptions: says in machine-neutral words what happened and
 * hands it to fault_handle, irq_handle or a panic. Interrupts masked; on the interrupted stack, or on the
 * emergency stack if that one was bad. Syndromes: Arm ARM, D17.2.37 (ESR_EL1).
 */
#include "trap_frame.h"

#include <amber/layout.h>
#include <amber/log.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#include "intc.h"

#define EC_UNKNOWN       0x00
#define EC_FETCH_ABORT_USER 0x20
#define EC_FETCH_ABORT   0x21
#define EC_DATA_ABORT_USER 0x24
#define EC_DATA_ABORT    0x25
#define EC_COUNT         64

#define ESR_STATUS_TYPE  0x3c /* of an abort's status code: the type without the level … */
#define STATUS_ADDRESS   0x00
#define STATUS_TRANSLATION 0x04
#define STATUS_ACCESS    0x08
#define STATUS_PERMISSION 0x0c
#define ESR_WRITE        (1u << 6)
#define ESR_CACHE        (1u << 8) /* a cache maintenance instruction: no store, whatever the bit above says */

#define HLT_SEMIHOSTING  0xd45e0000

const size_t arch_frame_bytes = sizeof(struct trap_frame);

_Static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "assembly reserves it");
_Static_assert(sizeof(struct trap_frame) % 16 == 0, "the stack pointer stays aligned");
_Static_assert(offsetof(struct trap_frame, sp) == FRAME_SP, "assembly stores it there");
_Static_assert(offsetof(struct trap_frame, pc) == FRAME_PC, "assembly stores it there");
_Static_assert(offsetof(struct trap_frame, pstate) == FRAME_PSTATE, "assembly stores it there");
_Static_assert(offsetof(struct trap_frame, esr) == FRAME_ESR, "assembly stores it there");
_Static_assert(offsetof(struct trap_frame, far) == FRAME_FAR, "assembly stores it there");

static const char *const vector_names[VECTOR_COUNT] = {
	"exception with SP_EL0", "interrupt with SP_EL0", "fast interrupt with SP_EL0", "system error with SP_EL0",
	"exception", "interrupt", "fast interrupt", "system error",
	"exception from EL0", "interrupt from EL0", "fast interrupt from EL0", "system error from EL0",
	"exception from 32-bit EL0", "interrupt from 32-bit EL0",
	"fast interrupt from 32-bit EL0", "system error from 32-bit EL0",
};

static const char *const class_names[EC_COUNT] = {
	[EC_UNKNOWN] = "undefined instruction",
	[0x01] = "wait instruction",
	[0x07] = "floating-point or SIMD instruction",
	[0x0d] = "branch target exception",
	[0x0e] = "illegal execution state",
	[0x15] = "svc instruction",
	[0x16] = "hvc instruction",
	[0x17] = "smc instruction",
	[0x18] = "trapped system register access",
	[0x1c] = "pointer authentication failure",
	[EC_FETCH_ABORT_USER] = "instruction fetch fault",
	[EC_FETCH_ABORT] = "instruction fetch fault",
	[0x22] = "misaligned program counter",
	[EC_DATA_ABORT_USER] = "data fault",
	[EC_DATA_ABORT] = "data fault",
	[0x26] = "misaligned stack pointer",
	[0x2c] = "floating-point exception",
	[0x19] = "SVE instruction",
	[0x1d] = "SME instruction",
	[0x30] = "breakpoint",
	[0x31] = "breakpoint",
	[0x32] = "single step",
	[0x33] = "single step",
	[0x34] = "watchpoint",
	[0x35] = "watchpoint",
	[0x3c] = "brk instruction",
};

/* Bit 0 says whether the kernel did it itself. */
static bool is_data_abort(unsigned class)
{
	return (class | 1) == EC_DATA_ABORT;
}

static bool is_fetch_abort(unsigned class)
{
	return (class | 1) == EC_FETCH_ABORT;
}

/* Aborts that page tables explain; the others (external, alignment, parity) nobody can mend. */
static void describe_abort(const struct trap_frame *frame, struct fault *fault)
{
	uint64_t type = frame->esr & ESR_STATUS_TYPE;

	fault->addr = frame->far;
	if (type > STATUS_PERMISSION) {
		fault->name = (frame->esr & 0x3f) == 0x21 ? "misaligned access" : "external abort";
		return;
	}
	fault->is_memory = true;
	fault->is_present = type == STATUS_PERMISSION;
	fault->is_exec = is_fetch_abort((unsigned)(frame->esr >> 26) & (EC_COUNT - 1));
	fault->is_write = !fault->is_exec && (frame->esr & ESR_WRITE) && !(frame->esr & ESR_CACHE);
}

void trap_describe(const struct trap_frame *frame, unsigned vector, struct fault *fault)
{
	unsigned class = (frame->esr >> 26) & (EC_COUNT - 1);

	*fault = (struct fault){ .name = vector_names[vector % VECTOR_COUNT], .code = frame->esr };
	if (vector % 4 != 0) /* not synchronous: the syndrome is not this one's, but for SError */
		return;
	if (vector == VECTOR_SYNC || vector == VECTOR_USER_SYNC)
		fault->name = class_names[class] ? class_names[class] : "unknown exception";
	if (is_data_abort(class) || is_fetch_abort(class))
		describe_abort(frame, fault);
}

static bool is_guard(vaddr_t addr)
{
	return addr - STACK_BASE < SLOT_SIZE && !(addr & (1ull << STACK_GUARD_BIT));
}

/* exit=debug without semihosting: nobody took the request, go on behind it. */
static bool is_unanswered_request(const struct trap_frame *frame)
{
	return frame->esr >> 26 == EC_UNKNOWN && *(const uint32_t *)frame->pc == HLT_SEMIHOSTING;
}

/* A store through a wild stack pointer is an ordinary fault: FAR says where. It is a stack overflow if it hit
 * a guard, or if any other exception found no room for its frame above one. */
static bool is_stack_overflow(const struct trap_frame *frame, struct fault *fault)
{
	if (fault->is_memory)
		return is_guard(fault->addr);
	if (!is_guard(frame->sp - sizeof(*frame)))
		return false;
	fault->addr = frame->sp - 8;
	return true;
}

void trap_handle(struct trap_frame *frame, unsigned vector, bool is_stack_bad)
{
	struct fault fault;

	if (vector == VECTOR_SYNC && is_unanswered_request(frame)) {
		frame->pc += 4;
		return;
	}
	if (vector == VECTOR_IRQ && !is_stack_bad) {
		intc_dispatch(frame);
		return;
	}
	trap_describe(frame, vector, &fault);
	fault.is_stack = is_stack_bad && is_stack_overflow(frame, &fault);
	if (vector != VECTOR_SYNC)
		panic_fault(frame, &fault, is_stack_bad ? "an interrupt found no usable stack" : "nothing handles this exception");
	fault_handle(frame, &fault);
}

struct trap_frame *trap_from_user(struct trap_frame *frame, unsigned vector)
{
	struct fault fault;

	trap_describe(frame, vector, &fault);
	return user_fault(frame, &fault);
}

struct trap_frame *interrupt_from_user(struct trap_frame *frame)
{
	intc_dispatch(frame);
	return user_interrupted(frame);
}

void trap_fatal_from_user(struct trap_frame *frame, unsigned vector)
{
	struct fault fault;

	trap_describe(frame, vector, &fault);
	panic_fault(frame, &fault, "nothing handles this exception");
}

/* The last resort before there are traps: one line without the log. */
static void __init print_early(const struct trap_frame *frame, const char *name)
{
	char line[160];
	int length = format(line, sizeof(line), "\namber: %s while starting, pc 0x%lx, address 0x%lx, syndrome 0x%lx\n", name,
	                    frame->pc, frame->far, frame->esr);

	arch_uart_write(line, MIN((size_t)length, sizeof(line) - 1));
}

void __init trap_early(struct trap_frame *frame, unsigned vector)
{
	static bool is_second;
	struct fault fault;

	if (vector == VECTOR_SYNC && is_unanswered_request(frame)) {
		frame->pc += 4;
		arch_frame_resume(frame);
	}
	trap_describe(frame, vector, &fault);
	if (is_second) { /* the panic itself failed */
		print_early(frame, fault.name);
		arch_halt();
	}
	is_second = true;
	panic_fault(frame, &fault, "exception while starting");
}

vaddr_t arch_frame_pc(const struct trap_frame *frame)
{
	return frame->pc;
}

vaddr_t arch_frame_sp(const struct trap_frame *frame)
{
	return frame->sp;
}

vaddr_t arch_frame_fp(const struct trap_frame *frame)
{
	return frame->x[29];
}

void arch_frame_set_pc(struct trap_frame *frame, vaddr_t pc)
{
	frame->pc = pc;
}

bool arch_frame_irqs_enabled(const struct trap_frame *frame)
{
	return !(frame->pstate & PSTATE_I);
}

void arch_frame_print(const struct trap_frame *frame)
{
	const uint64_t *x = frame->x;

	log_serial_only(true);
	for (unsigned i = 0; i < 30; i += 3)
		log_error("regs", "x%-2u 0x%016lx  x%-2u 0x%016lx  x%-2u 0x%016lx", i, x[i], i + 1, x[i + 1], i + 2, x[i + 2]);
	log_error("regs", "x30 0x%016lx  sp  0x%016lx  pc  0x%016lx", x[30], frame->sp, frame->pc);
	log_error("regs", "pstate 0x%08lx  esr 0x%016lx  far 0x%016lx", frame->pstate, frame->esr, frame->far);
	log_serial_only(false);
}
