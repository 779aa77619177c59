/* SPDX-License-Identifier: MIT */
/*
 * kernel/boot_report.c: what machine this is and how it was started. Init only, before anything can fail.
 */
#include "boot_report.h"

#include <amber/broken.h>
#include <amber/event.h>
#include <amber/log.h>
#include <amber/options.h>
#include <amber/string.h>

#include <arch.h>

#include "cpus.h"
#include "kernel_map.h"

#define BUILD_ID_DIGITS 12

uint64_t boot_memory_kib __ro_after_init;

static const char *__init protocol_text(enum boot_protocol protocol)
{
	static const char *const names[] = { "multiboot2", "pvh", "image", "efi" };

	return names[protocol];
}

static void __init format_version(char *buf, size_t bytes)
{
	size_t length = format(buf, bytes, "%s+", AMBER_VERSION);

	for (unsigned i = 0; i < BUILD_ID_DIGITS / 2 && length < bytes; i++)
		length += format(buf + length, bytes - length, "%02x", __build_id_start[i]);
}

static void __init print_broken(struct json *json)
{
	json_list_begin(json, "broken");
	for (unsigned i = 0; i < BROKEN_COUNT; i++)
		if (is_broken(i))
			json_text(json, NULL, broken_text(i));
	json_list_end(json);
}

static void __init print_event(const struct boot_info *boot_info, const char *version)
{
	struct json *json = event_begin("boot");

	json_text(json, "arch", arch_name);
	json_text(json, "version", version);
	json_bool(json, "lab", options.lab);
	print_broken(json);
	json_text(json, "cmdline", boot_info->cmdline);
	json_number(json, "cpus", cpus_wanted());
	json_number(json, "memory_kib", boot_memory_kib);
	json_text(json, "protocol", protocol_text(boot_info->protocol));
	json_list_begin(json, "features");
	for (const char *const *feature = arch_cpu_features(); *feature; feature++)
		json_text(json, NULL, *feature);
	json_list_end(json);
	event_end(json);
}

void __init boot_report(const struct boot_info *boot_info)
{
	char version[40];

	boot_memory_kib = memory_map_bytes(&boot_info->memory, MEMORY_USABLE) + memory_map_bytes(&boot_info->memory, MEMORY_BOOT);
	boot_memory_kib /= 1024;
	format_version(version, sizeof(version));
	log_info("amber", "Amber %s on %s, %lu MiB of RAM, booted by %s", version, arch_name, (unsigned long)(boot_memory_kib / 1024),
	         protocol_text(boot_info->protocol));
	print_event(boot_info, version);
}
