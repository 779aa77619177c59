/* SPDX-License-Identifier: MIT */
/*
 * mm/seal.c: boot data becomes read-only. What could fail is checked first (prepare); the flip is then a handful of
 * gate calls that can't be refused (commit); afterwards everything is looked at again (proof). Process context, not
 * init code: it frees init memory at the end.
 */
#include "seal.h"

#include <amber/broken.h>
#include <amber/log.h>
#include <amber/panic.h>
#include <amber/stretch.h>
#include <amber/string.h>
#include <amber/symbols.h>
#include <amber/upcalls.h>

#include "frame_run.h"
#include "gate.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"

enum seal_state __ro_after_init seal_state;
struct seal_report seal_report;
static uint64_t boot_instructions;

/* The two sealed sections, each with two mappings: the image's and the direct map's. */
#define SECTIONS 2

static struct seal_range section(unsigned i)
{
	static const struct {
		const char *start, *end;
		enum frame_type type;
	} sections[SECTIONS] = {
		{ __ro_after_init_start, __ro_after_init_end, FRAME_SEALED },
		{ __ro_core_start, __ro_core_end, FRAME_CORE },
	};
	vaddr_t start = (vaddr_t)sections[i].start;

	return (struct seal_range){ start, image_to_phys(start), (vaddr_t)sections[i].end - start, sections[i].type };
}

enum error seal_range_prepare(const struct seal_range *range)
{
	const struct frame *frame = frame_at(range->frame);
	uint64_t pages = range->bytes >> PAGE_SHIFT;
	enum error error;

	if (!pages || ((range->start | range->frame | range->bytes) & PAGE_MASK))
		return ERR_INVALID;
	error = pagetable_expect(kernel_root_frame, range->start, range->frame, range->bytes, PERM_R | PERM_W);
	if (!error)
		error = pagetable_expect(kernel_root_frame, (vaddr_t)phys_to_virt(range->frame), range->frame, range->bytes, PERM_R | PERM_W);
	if (error)
		return error;
	/* Writable exactly twice: a third mapping would be missed by the flip. */
	if (frame->type != FRAME_KERNEL || frame->writable != 2 || !frame_run_is_alike(frame, pages))
		return ERR_DENIED;
	return OK;
}

/* Takes the write bit from one mapping; prepared, so a refusal is a bug. */
static uint64_t flip(vaddr_t addr, uint64_t bytes)
{
	if (pagetable_protect(kernel_root_frame, addr, bytes, PERM_R))
		panic("seal: 0x%zx can't be made read-only any more", (size_t)addr);
	return bytes >> PAGE_SHIFT;
}

uint64_t seal_range_commit(const struct seal_range *range)
{
	uint64_t flipped = flip(range->start, range->bytes);

	if (!is_broken(BROKEN_ALIAS))
		flipped += flip((vaddr_t)phys_to_virt(range->frame), range->bytes);
	if (gate_frame_type(range->frame, range->bytes >> PAGE_SHIFT, range->type))
		panic("seal: the gate refuses the new type of sealed frames");
	return flipped;
}

static enum error __must_check seal_prepare(void)
{
	for (unsigned i = 0; i < SECTIONS; i++) {
		struct seal_range range = section(i);
		enum error error = seal_range_prepare(&range);

		if (error)
			return error;
	}
	return OK;
}

static void seal_commit(struct seal_report *report)
{
	uint64_t irq_state = arch_irq_save();

	seal_state = SEAL_SEALED; /* it lies in the section: the last write to it */
	for (unsigned i = 0; i < SECTIONS; i++) {
		struct seal_range range = section(i);

		report->aliases_sealed += seal_range_commit(&range);
	}
	arch_irq_restore(irq_state);
}

/* Counts before the flip what will lose its write bit. */
static void count_sections(struct seal_report *report)
{
	*report = (struct seal_report){ 0 };
	for (unsigned i = 0; i < SECTIONS; i++)
		report->pages += section(i).bytes >> PAGE_SHIFT;
	report->bytes_used = (__ro_after_init_used_end - __ro_after_init_start) + (__ro_core_used_end - __ro_core_start);
	report->objects = symbol_count_in((vaddr_t)__ro_after_init_start, (vaddr_t)__ro_after_init_end) +
			  symbol_count_in((vaddr_t)__ro_core_start, (vaddr_t)__ro_core_end);
}

/* rodata=off: the report says what would have been sealed. */
static void seal_leave_open(struct seal_report *report)
{
	seal_state = SEAL_OFF;
	report->aliases_sealed = 2 * report->pages;
	log_warn("seal", "rodata=off: NOTHING IS SEALED, boot data stays writable");
}

static bool proof_holds(const struct seal_report *report)
{
	return !report->writable_aliases && !report->wx_pages && !report->page_table_pages_writable && !report->probes_failed &&
	       (report->cpus_probed == cpus_online() || is_broken(BROKEN_PROBE));
}

/* Init memory: unmapped in the image, poisoned through the direct map, given to the allocator. */
static void free_init_memory(void)
{
	vaddr_t start = (vaddr_t)__init_start;
	uint64_t bytes = __init_end - __init_start, text_bytes = __init_text_end - __init_start;
	paddr_t frame = image_to_phys(start);
	enum error error;

	if (is_broken(BROKEN_INIT))
		return;
	error = pagetable_unmap(kernel_root_frame, start, bytes);
	if (!error)
		error = gate_frame_type(frame, text_bytes >> PAGE_SHIFT, FRAME_KERNEL);
	if (!error)
		error = pagetable_protect(kernel_root_frame, (vaddr_t)phys_to_virt(frame), text_bytes, PERM_R | PERM_W);
	if (error)
		panic("seal: init memory can't be freed: %s", error_text(error));
	memset(phys_to_virt(frame), 0xcc, bytes);
	phys_free(frame, bytes >> PAGE_SHIFT);
}

void seal(bool enabled)
{
	uint64_t begin = arch_instructions(), end_of_proof;
	struct seal_report report;
	enum error error = seal_prepare();

	if (error)
		panic("seal: refused before anything was changed: %s", error_text(error));
	count_sections(&report);
	if (enabled)
		seal_commit(&report);
	else
		seal_leave_open(&report);
	seal_verify_walk(&report);
	if (enabled)
		on_each_cpu(seal_verify_probe, &report);
	end_of_proof = arch_instructions();
	STRETCH_MARK("boot_to_seal_end");
	report.instructions = end_of_proof - begin;
	boot_instructions = end_of_proof - arch_entry_instructions() - arch_hardware_wait_instructions() - log_instructions();
	report.state = !enabled ? SEAL_OFF : proof_holds(&report) ? SEAL_SEALED : SEAL_FAILED;
	seal_report = report;
	if (report.state != SEAL_FAILED)
		free_init_memory();
	seal_print(&report);
	if (report.state == SEAL_FAILED)
		panic("the proof of the seal failed");
}

uint64_t seal_boot_instructions(void)
{
	return arch_clock_counts_instructions() ? boot_instructions : 0;
}

uint64_t seal_unprotected_pages(void)
{
	return gate_counters.unprotected_pages;
}
