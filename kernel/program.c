/* SPDX-License-Identifier: MIT */
/*
 * kernel/program.c: finding programs by name and mapping their segments. A module of the boot loader's comes before the archive
 * in the kernel file, so a course's program takes the place of one with the same name. Big lock held, but for the init call.
 */
#include "program.h"

#include <amber/initcall.h>
#include <amber/log.h>
#include <amber/string.h>

#include <arch.h>

#include "cpio.h"
#include "elf.h"
#include "frame.h"
#include "sched.h"

#define PAGES_AT_ONCE 4 /* copied between preemption points */

extern const uint8_t __user_archive_start[], __user_archive_end[]; /* linker/amber.ld.S */

static const uint8_t *module __ro_after_init; /* in the direct map; NULL: none, or not usable */
static size_t module_bytes __ro_after_init;

void program_remember_module(paddr_t start, paddr_t end)
{
	if (start >= end)
		return;
	module = phys_to_virt(start);
	module_bytes = end - start;
}

static enum error __init check_module(void)
{
	unsigned files;
	const char *why;

	if (!module)
		return OK;
	why = cpio_check(module, module_bytes, &files);
	if (why) {
		log_error("init", "the boot module is no archive of programs (cpio -H newc): %s; going on without it", why);
		module = NULL;
	} else {
		log_info("init", "%u files in the boot module", files);
	}
	return OK;
}
INITCALL(INITCALL_LATE, check_module);

enum error program_find(const char *name, size_t length, const uint8_t **elf, size_t *bytes)
{
	size_t archive_bytes = (size_t)(__user_archive_end - __user_archive_start);
	struct cpio_member member;
	enum error error = module ? cpio_find(module, module_bytes, name, length, &member) : ERR_NOT_FOUND;

	if (error)
		error = cpio_find(__user_archive_start, archive_bytes, name, length, &member);
	if (error)
		return error;
	*elf = member.data;
	*bytes = member.bytes;
	return OK;
}

static void list_archive(const void *data, size_t bytes, char *text, size_t text_bytes)
{
	struct cpio archive;
	struct cpio_member member;

	cpio_begin(&archive, data, bytes);
	while (cpio_next(&archive, &member)) {
		size_t used = strlen(text);

		if (used + member.name_length + 2 > text_bytes)
			return;
		text[used] = ' ';
		memcpy(text + used + 1, member.name, member.name_length);
		text[used + 1 + member.name_length] = '\0';
	}
}

void program_list(char *text, size_t bytes)
{
	text[0] = '\0';
	if (module)
		list_archive(module, module_bytes, text, bytes);
	list_archive(__user_archive_start, (size_t)(__user_archive_end - __user_archive_start), text, bytes);
}

/* New memory is cleared, so what lies behind the data stays so. */
static void fill(const struct memory *memory, const struct elf_segment *segment)
{
	for (uint64_t done = 0, part; done < segment->data_bytes; done += part) {
		uint32_t page = (uint32_t)(done >> PAGE_SHIFT);

		part = MIN(segment->data_bytes - done, PAGE_SIZE);
		memcpy(phys_to_virt(memory_frame(memory, page)), segment->data + done, part);
		if (page % PAGES_AT_ONCE == PAGES_AT_ONCE - 1)
			sched_preemption_point();
	}
}

static enum error load_segment(struct space *space, const struct elf_segment *segment)
{
	struct map_request request = { .rights = segment->perms, .perms = segment->perms, .addr = segment->start, .pages = segment->pages };
	enum error error = memory_new(segment->pages, &request.memory);

	if (error)
		return error;
	object_hold(&request.memory->object);
	fill(request.memory, segment);
	error = space->is_ending ? ERR_GONE : space_map_request(space, &request);
	object_let_go(&request.memory->object); /* the region holds it, or it dies */
	return error;
}

enum error program_load(struct space *space, const uint8_t *elf, size_t bytes, vaddr_t *entry)
{
	struct elf_program program;
	const char *why;
	enum error error = elf_check(elf, bytes, arch_elf_machine, &program, &why);
	unsigned loaded = 0;

	if (error) {
		log_warn("init", "a program can't be loaded: %s", why);
		return error;
	}
	for (; loaded < program.segment_count && !error; loaded++)
		error = load_segment(space, &program.segments[loaded]);
	*entry = program.entry;
	if (!error)
		return OK;
	for (unsigned i = 0; i + 1 < loaded && !space->is_ending; i++)
		if (space_unmap(space, program.segments[i].start, program.segments[i].pages))
			log_debug("init", "a segment was unmapped by others");
	return error;
}
