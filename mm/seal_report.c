/* SPDX-License-Identifier: MIT */
/* mm/seal_report.c: what the seal did, in words and as one line for tools. Process context. */
#include "seal.h"

#include <amber/event.h>
#include <amber/log.h>

#include "kernel_map.h"

static const char *state_text(enum seal_state state)
{
	return state == SEAL_SEALED ? "sealed" : state == SEAL_OFF ? "off" : "failed";
}

static void print_words(const struct seal_report *report)
{
	const char *what = report->state == SEAL_SEALED ? "sealed" : report->state == SEAL_OFF ? "would seal" : "sealing FAILED:";

	log_info("seal", "%s %zu pages (%zu bytes in %zu objects), both mappings of each", what, (size_t)report->pages,
	         (size_t)report->bytes_used, (size_t)report->objects);
	if (report->state == SEAL_OFF)
		return;
	log_info("seal", "proof: %zu writable mappings of sealed frames, %zu pages W+X, %zu writable of %zu page tables, "
	         "%zu of %zu probes went through",
	         (size_t)report->writable_aliases, (size_t)report->wx_pages, (size_t)report->page_table_pages_writable,
	         (size_t)report->page_table_pages, (size_t)report->probes_failed, (size_t)report->cpus_probed * 8);
}

static void dry_run_root(void *context, paddr_t root, paddr_t shared)
{
	(void)shared;
	if (frame_type_at(root) == FRAME_DRY_TABLE)
		json_address(context, NULL, root);
}

void seal_print(const struct seal_report *report)
{
	struct json *json;

	print_words(report);
	json = event_begin("seal");
	json_text(json, "state", state_text(report->state));
	json_address(json, "start", (vaddr_t)__ro_after_init_start);
	json_address(json, "end", (vaddr_t)__ro_after_init_end);
	json_address(json, "core_start", (vaddr_t)__ro_core_start);
	json_address(json, "core_end", (vaddr_t)__ro_core_end);
	json_number(json, "pages", report->pages);
	json_number(json, "bytes_used", report->bytes_used);
	json_number(json, "objects", report->objects);
	json_number(json, "aliases_sealed", report->aliases_sealed);
	json_number(json, "writable_aliases", report->writable_aliases);
	json_number(json, "wx_pages", report->wx_pages);
	json_number(json, "page_table_pages", report->page_table_pages);
	json_number(json, "page_table_pages_writable", report->page_table_pages_writable);
	json_address(json, "gate_root", gate_root_frame);
	json_list_begin(json, "dry_run_roots");
	kernel_map_each_root(dry_run_root, json);
	json_list_end(json);
	json_number(json, "cpus_probed", report->cpus_probed);
	if (arch_clock_counts_instructions())
		json_number(json, "instructions", report->instructions);
	else
		json_null(json, "instructions");
	event_end(json);
}
