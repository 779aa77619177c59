/* SPDX-License-Identifier: MIT */
/*
 * kernel/decide.c: what only the kernel knows about a write to sealed memory (who, in what context, whose chain), and
 * asking the chain. Fault path: story stack, interrupts masked.
 */
#include <amber/chain.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#include <arch.h>

#include "backtrace.h"
#include "gate.h"
#include "initcall_trace.h"
#include "kernel_map.h"
#include "seal.h"
#include "thread.h"
#include "violation_log.h"

static enum violation_context context_now(void)
{
	if (seal_state == SEAL_OPEN)
		return CONTEXT_INIT;
	if (this_cpu()->state->irq_depth)
		return CONTEXT_IRQ;
	return thread_current() && thread_current()->commit_depth ? CONTEXT_COMMIT : CONTEXT_THREAD;
}

/* The chain's counters are class core: they change through the gate. */
static void store_state(struct chain_element *element, uint32_t used, const uint8_t *state)
{
	if (gate_state(element, used, state))
		panic("the gate refuses a chain's counter");
}

static void note_circumstances(struct violation *violation, const struct trap_frame *frame)
{
	violation->time_us = arch_time_us();
	violation->cpu = this_cpu()->id;
	violation->context = context_now();
	violation->can_oops = violation->context == CONTEXT_THREAD && thread_may_be_killed();
	thread_copy_name(violation->thread);
	violation->syscall = thread_syscall();
	violation->backtrace_count = backtrace_from(arch_frame_fp(frame), violation->backtrace, VIOLATION_BACKTRACE_MAX);
}

void policy_decide(struct violation *violation, const struct trap_frame *frame)
{
	vaddr_t object = image_of_phys(violation->paddr);
	uint64_t bytes = violation->object_bytes;
	struct chain *chain = NULL;

	note_circumstances(violation, frame);
	violation->initcall = initcall_trace_writer(object, bytes);
	if (violation->class == CLASS_CORE) {
		violation->verdict = VERDICT_PANIC;
	} else {
		chain = chain_for(&chain_table, object);
		violation->several_chains = !chain_is_one(&chain_table, object, bytes);
		if (violation_log_merge(violation, chain))
			return;
		chain_ask(chain, violation, store_state);
	}
	violation_log_open(violation, chain);
}
