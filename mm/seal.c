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
#include <amber/string.h>
#include <amber/symbols.h>

#include "gate.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "phys.h"
#include "shootdown.h"

enum seal_state __ro_after_init seal_state;
struct seal_report seal_report;

/* The two sealed sections, each with two mappings: the image's and the direct map's. */
static const struct sealed_section {
	const char *start, *end;
	enum frame_type type;
} sections[] = {
	{ __ro_after_init_start, __ro_after_init_end, FRAME_SEALED },
	{ __ro_core_start, __ro_core_end, FRAME_CORE },
};

static vaddr_t alias_of(const char *addr)
{
	return (vaddr_t)phys_to_virt(image_to_phys((vaddr_t)addr));
}

/* Is every page of the range mapped by a writable 4 KiB leaf to the frame we mean? */
static enum error check_range(vaddr_t addr, paddr_t frame, uint64_t bytes)
{
	struct mapping mapping;

	for (uint64_t offset = 0; offset < bytes; offset += PAGE_SIZE) {
		if (pagetable_lookup(kernel_root_frame, addr + offset, &mapping))
			return ERR_NOT_MAPPED;
		if (mapping.level != 1 || mapping.frame != frame + offset || mapping.perms != (PERM_R | PERM_W))
			return ERR_DENIED;
	}
	return OK;
}

static enum error __must_check seal_prepare(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct sealed_section *section = &sections[i];
		paddr_t frame = image_to_phys((vaddr_t)section->start);
		uint64_t bytes = section->end - section->start;
		enum error error;

		if (((vaddr_t)section->start | bytes) & PAGE_MASK)
			return ERR_INVALID;
		error = check_range((vaddr_t)section->start, frame, bytes);
		if (!error)
			error = check_range(alias_of(section->start), frame, bytes);
		if (error)
			return error;
		for (uint64_t offset = 0; offset < bytes; offset += PAGE_SIZE)
			if (frame_type_at(frame + offset) != FRAME_KERNEL || frame_at(frame + offset)->writable != 2)
				return ERR_DENIED; /* a third mapping that the flip would miss */
	}
	return OK;
}

/* Takes the write bit from a range; prepared, so a refusal is a bug. Translations are dropped later, all at once. */
static void flip(vaddr_t addr, paddr_t frame, uint64_t bytes, struct seal_report *report)
{
	while (bytes) {
		struct mapping mapping;
		unsigned count;

		if (pagetable_lookup(kernel_root_frame, addr, &mapping))
			panic("seal: 0x%zx is not mapped any more", (size_t)addr);
		count = MIN(512 - mapping.index, bytes >> PAGE_SHIFT);
		if (gate_set_entries(mapping.table, mapping.index, pte_encode(frame, PERM_R, 1), PAGE_SIZE, count))
			panic("seal: the gate refuses to make 0x%zx read-only", (size_t)addr);
		report->aliases_sealed += count;
		addr += count * PAGE_SIZE;
		frame += count * PAGE_SIZE;
		bytes -= count * PAGE_SIZE;
	}
}

static void seal_commit(struct seal_report *report)
{
	uint64_t irq_state = arch_irq_save();

	seal_state = SEAL_SEALED; /* it lies in the section: the last write to it */
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct sealed_section *section = &sections[i];
		paddr_t frame = image_to_phys((vaddr_t)section->start);
		uint64_t bytes = section->end - section->start;

		flip((vaddr_t)section->start, frame, bytes, report);
		if (!is_broken(BROKEN_ALIAS))
			flip(alias_of(section->start), frame, bytes, report);
	}
	tlb_shootdown_all();
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++)
		if (gate_frame_type(image_to_phys((vaddr_t)sections[i].start), (sections[i].end - sections[i].start) >> PAGE_SHIFT,
		                    sections[i].type))
			panic("seal: the gate refuses the new type of sealed frames");
	arch_irq_restore(irq_state);
}

/* Counts before the flip what will lose its write bit. */
static void count_sections(struct seal_report *report)
{
	*report = (struct seal_report){ 0 };
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++)
		report->pages += (sections[i].end - sections[i].start) >> PAGE_SHIFT;
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
	return !report->writable_aliases && !report->wx_pages && !report->page_table_pages_writable && !report->probes_failed;
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
	uint64_t begin = arch_instructions();
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
		seal_verify_probe(&report);
	report.instructions = arch_instructions() - begin;
	report.state = !enabled ? SEAL_OFF : proof_holds(&report) ? SEAL_SEALED : SEAL_FAILED;
	seal_report = report;
	if (report.state != SEAL_FAILED)
		free_init_memory();
	seal_print(&report);
	if (report.state == SEAL_FAILED)
		panic("the proof of the seal failed");
}

uint64_t seal_unprotected_pages(void)
{
	return gate_counters.unprotected_pages;
}
