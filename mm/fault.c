/* SPDX-License-Identifier: MIT */
/*
 * mm/fault.c: story 2 begins here: the hardware caught something. Is it a write to sealed memory? Then find out
 * what it would have stored (mm/dry_run.c), ask what should happen (policy_decide) and do it (mm/verdict.c).
 * Trap context, interrupts masked; from the dry run on, on this CPU's story stack, for a step pushes over whatever
 * lies below the interrupted stack pointer. Nothing returns to the old stack's C frames then.
 */
#include <amber/panic.h>
#include <amber/string.h>
#include <amber/upcalls.h>

#include "address_space.h"
#include "gate.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "stack.h"
#include "story.h"

#define SPURIOUS_MAX 16 /* in a row at one address: more is a bug, not a stale translation */
#define RETOLD_MAX   2  /* dry runs of one instruction that were abandoned for another fault */

static struct story stories[MAX_CPUS];

/* Code that may fault says where to go on: struct fixup, sorted nowhere, few entries. */
static bool take_fixup(struct trap_frame *frame, const struct fault *fault)
{
	if (is_broken(BROKEN_FIXUP) && fault->is_memory && fault->addr < USER_END)
		return false;
	for (const struct fixup *fixup = __fixup_start; fixup < __fixup_end; fixup++)
		if (fixup->pc == arch_frame_pc(frame)) {
			arch_frame_set_pc(frame, fixup->target);
			return true;
		}
	return false;
}

/* What the address translates to, and which class that is. The rule is about frames: any mapping counts. */
static enum sealed_class classify(const struct fault *fault, struct mapping *mapping, paddr_t *paddr)
{
	enum sealed_class class;

	if (!fault->is_memory || !fault->is_write || fault->is_exec)
		return CLASS_NONE;
	if (pagetable_lookup(address_space_root_for(fault->addr), fault->addr, mapping))
		return CLASS_NONE;
	*paddr = mapping->frame + (fault->addr - mapping->start);
	class = frame_class(frame_type_at(*paddr));
	if (class == CLASS_CORE && is_broken(BROKEN_CORE_CLASS) && frame_type_at(*paddr) == FRAME_CORE)
		return CLASS_DATA;
	return class;
}

/* The entry allows it by now: another CPU opened the page, ours had a stale translation. */
static bool is_spurious(const struct fault *fault, const struct mapping *mapping)
{
	struct story *story = &stories[this_cpu()->id];

	if (!(mapping->perms & PERM_W) || !fault->is_present || fault->is_stack)
		return false;
	story->spurious_times = fault->addr == story->spurious_addr ? story->spurious_times + 1 : 0;
	story->spurious_addr = fault->addr;
	if (story->spurious_times >= SPURIOUS_MAX)
		return false;
	arch_tlb_invalidate_page(ALIGN_DOWN(fault->addr, PAGE_SIZE));
	return true;
}

/* In a guard, and not far from the stack pointer: no stray store, but a stack that ran over. */
static bool is_stack_overflow(const struct trap_frame *frame, const struct fault *fault)
{
	return fault->is_memory && stack_is_guard(fault->addr) && arch_frame_sp(frame) - fault->addr + STACK_SIZE < 2 * STACK_SIZE;
}

static void begin_violation(struct story *story)
{
	struct violation *violation = violation_room();

	story->violation = violation;
	memset(violation, 0, offsetof(struct violation, asked)); /* the arrays behind it count only as far as they are filled */
	violation->class = story->class;
	violation->pc = arch_frame_pc(story->before);
	violation->addr = story->fault.addr;
	violation->paddr = story->paddr;
	violation->object_bytes = 1;
	violation->kind = story->traits.kind;
	violation->count = 1;
	if (story->class == CLASS_CORE) /* never stepped: only what is there is known */
		violation->has_values = arch_try_read(ALIGN_DOWN(violation->addr, 8), violation->old, 8);
	if (story->class == CLASS_CORE && (violation->addr & 7))
		violation->has_values = false;
	if (story->class == CLASS_CORE && !violation->has_values) {
		violation->has_values = true;
		for (unsigned i = 0; i < 8; i++)
			violation->has_values &= arch_try_read(violation->addr + i, &violation->old[i], 1);
	}
}

static void note_dry_run(struct story *story)
{
	struct violation *violation = story->violation;
	const struct dry_run *run = &story->run;

	violation->has_dry_run = true;
	violation->redundant = run->redundant;
	violation->paddr = run->sealed;
	violation->object_bytes = run->reach_bytes > run->sealed_offset ? run->reach_bytes - run->sealed_offset : 1;
	if (!run->changed)
		return;
	violation->addr = run->start;
	violation->size_bytes = run->bytes;
	violation->has_size = violation->has_values = true;
	violation->size_exact = run->exact;
}

/* The step met another fault, in a page that was no neighbour of the first, or is not sealed data: handle that one
 * instead. A store that reaches two pages far apart would go to and fro. */
static void retell(struct story *story)
{
	struct fault second = story->run.second;

	if (++story->retold > RETOLD_MAX)
		panic_fault(story->before, &second, "a store to several sealed pages far apart");
	this_cpu()->state->in_story = false;
	fault_handle(story->before, &second);
	arch_frame_resume(story->before);
}

/* Another CPU opened the page before our turn came: the instruction may go on by itself. */
static void __noreturn again(struct story *story)
{
	arch_tlb_invalidate_page(ALIGN_DOWN(story->fault.addr, PAGE_SIZE));
	this_cpu()->state->in_story = false;
	arch_frame_resume(story->before);
}

static void tell(void *argument)
{
	struct story *story = argument;

	story->traits = arch_step_traits(story->before);
	begin_violation(story);
	story->run.old = story->violation->old;
	story->run.new = story->violation->new;
	if (story->class == CLASS_DATA) {
		story->status = dry_run(story->before, story->after, &story->fault, &story->traits, &story->run);
		if (story->status == DRY_RUN_ABANDONED)
			retell(story);
		if (story->status == DRY_RUN_NEEDLESS)
			again(story);
		if (story->status == DRY_RUN_DONE)
			note_dry_run(story);
	}
	if (story->status != DRY_RUN_DONE) /* else the dry run holds it */
		gate_hold();
	policy_decide(story->violation, story->before);
	verdict_apply(story);
}

static void __noreturn start_story(struct trap_frame *frame, const struct fault *fault, enum sealed_class class, paddr_t paddr)
{
	struct story *story = &stories[this_cpu()->id];

	ASSERT(arch_frame_bytes <= STORY_FRAME_BYTES);
	this_cpu()->state->in_story = true;
	story->before = (struct trap_frame *)story->before_bytes;
	story->after = (struct trap_frame *)story->after_bytes;
	if (frame != story->before) { /* else the same one again, after an abandoned dry run */
		memcpy(story->before, frame, arch_frame_bytes);
		story->retold = 0;
	}
	story->fault = *fault;
	story->class = class;
	story->paddr = paddr;
	story->status = DRY_RUN_REFUSED;
	arch_call_on_stack(this_cpu()->story_sp, tell, story);
}

void fault_handle(struct trap_frame *frame, const struct fault *fault)
{
	struct mapping mapping = { 0 };
	paddr_t paddr = 0;
	enum sealed_class class;

	if (take_fixup(frame, fault)) /* x86_64: a non-canonical address is no page fault */
		return;
	if (gate_is_live && arch_root_current() == this_cpu()->gate_root)
		panic_fault(frame, fault, "inside the gate");
	class = gate_is_live ? classify(fault, &mapping, &paddr) : CLASS_NONE;
	if (class == CLASS_NONE) {
		if (is_stack_overflow(frame, fault))
			panic_fault(frame, fault, "kernel stack overflow");
		if (mapping.level && fault->is_write && is_spurious(fault, &mapping))
			return;
		panic_fault(frame, fault, NULL);
	}
	if (is_spurious(fault, &mapping))
		return;
	if (this_cpu()->state->in_story)
		panic_fault(frame, fault, "a write to sealed memory while another one is being handled");
	start_story(frame, fault, class, paddr);
}
