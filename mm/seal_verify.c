/* SPDX-License-Identifier: MIT */
/*
 * mm/seal_verify.c: the proof. A walk of all tables counts what must not be there; then the CPU tries to write. The
 * walk knows nothing of how the seal was made. Process context. The probes have fix-up addresses and never reach a
 * policy; each stores the byte that is there already.
 */
#include <amber/broken.h>

#include "frame_run.h"
#include "kernel_map.h"
#include "pagetable.h"
#include "seal.h"

/* A frame of the two sections, whatever its type says by now. */
static bool is_sealed_frame(paddr_t frame)
{
	vaddr_t addr = image_of_phys(frame);

	return addr >= (vaddr_t)__ro_after_init_start && addr < (vaddr_t)__ro_core_end;
}

static void count_mapping(void *context, const struct mapping *mapping)
{
	struct seal_report *report = context;
	uint64_t pages = mapping->bytes >> PAGE_SHIFT;
	const struct frame *frame = frame_at(mapping->frame);

	if (!(mapping->perms & PERM_W))
		return;
	if (mapping->perms & PERM_X)
		report->wx_pages += pages;
	for (uint64_t i = 0, run; i < pages && frame; i += run) {
		bool is_block = pages > 1; /* the image has 4 KiB leaves only */

		run = frame_run_length(&frame[i], pages - i);
		if (frame_is_arena(frame[i].type))
			report->page_table_pages_writable += run;
		else if (!is_block && (is_sealed_frame(mapping->frame) || frame[i].type == FRAME_USER_SEALED))
			report->writable_aliases++;
		else if (is_block && frame_class(frame[i].type) != CLASS_NONE)
			report->writable_aliases += run;
	}
}

static void visit_root(void *context, paddr_t root, paddr_t shared)
{
	pagetable_visit(root, shared, count_mapping, context);
}

void seal_verify_walk(struct seal_report *report)
{
	const struct frame *frame = frame_at(frame_table.first << PAGE_SHIFT);

	for (uint64_t i = 0, run; i < frame_table.count; i += run) {
		run = frame_run_length(&frame[i], frame_table.count - i);
		if (frame_is_table(frame[i].type))
			report->page_table_pages += run;
	}
	kernel_map_each_root(visit_root, report);
}

static void probe(struct seal_report *report, vaddr_t addr)
{
	vaddr_t alias = (vaddr_t)phys_to_virt(image_to_phys(addr));
	uint8_t byte = *(const uint8_t *)alias;

	report->probes_failed += arch_try_write8(addr, byte);
	report->probes_failed += arch_try_write8(alias, byte);
}

void seal_verify_probe(void *context)
{
	struct seal_report *report = context;

	if (is_broken(BROKEN_PROBE) && this_cpu()->id + 1 == cpus_online())
		return;
	probe(report, (vaddr_t)__ro_after_init_start);
	probe(report, (vaddr_t)__ro_after_init_end - 1);
	probe(report, (vaddr_t)__ro_core_start);
	probe(report, (vaddr_t)__ro_core_end - 1);
	report->cpus_probed++;
}
