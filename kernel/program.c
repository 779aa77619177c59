/* SPDX-License-Identifier: MIT */
/*
 * kernel/program.c: finding and loading programs. A boot module is only looked at where the boot loader left it; it is mapped
 * read-only, and never changes: so the archives are read once, at boot. Process context, big lock held; init where said.
 */
#include "program.h"

#include <amber/initcall.h>
#include <amber/log.h>
#include <amber/string.h>
#include <amber/symbols.h>

#include <arch.h>

#include "cpio.h"
#include "elf.h"
#include "frame.h"
#include "kernel_map.h"
#include "sched.h"

#define PROGRAMS_MAX 128 /* looking for one of them is short */
#define OWN_MAX      32  /* of them in the kernel file */

/* The module's first, then the kernel file's; each name once. */
static struct cpio_member __ro_after_init programs[PROGRAMS_MAX];
static unsigned __ro_after_init program_count, module_count;
static paddr_t __initdata module_start, module_end;

void __init program_remember_module(paddr_t start, paddr_t end)
{
	module_start = start;
	module_end = end;
}

/* mm/kernel_map.c made it so. */
static bool __init is_mapped(paddr_t start, paddr_t end)
{
	for (paddr_t frame = ALIGN_DOWN(start, PAGE_SIZE); frame < end; frame += PAGE_SIZE)
		if (frame_type_at(frame) != FRAME_RODATA)
			return false;
	return true;
}

static const struct cpio_member *find(const char *name, size_t length)
{
	for (unsigned i = 0; i < program_count; i++)
		if (programs[i].name_length == length && memcmp(programs[i].name, name, length) == 0)
			return &programs[i];
	return NULL;
}

/* Those that nobody hides; false: there are too many. */
static bool __init take(const void *data, size_t bytes, unsigned most, bool may_repeat)
{
	struct cpio archive;
	struct cpio_member member;

	cpio_begin(&archive, data, bytes);
	while (cpio_next(&archive, &member)) {
		if (may_repeat && find(member.name, member.name_length))
			continue;
		if (program_count >= most)
			return false;
		programs[program_count++] = member;
	}
	return true;
}

static void __init take_module(unsigned most)
{
	const char *why = "it lies where it can't be kept";
	unsigned files;

	if (module_start == module_end)
		return;
	if (is_mapped(module_start, module_end))
		why = cpio_check(phys_to_virt(module_start), module_end - module_start, &files);
	if (why) {
		log_error("module", "the boot module at 0x%zx is not used: %s", (size_t)module_start, why);
		return;
	}
	log_info("module", "programs in the boot module: %u", files);
	if (!take(phys_to_virt(module_start), module_end - module_start, most, true))
		log_warn("module", "only the first %u of them can be started", most);
	module_count = program_count;
}

static enum error __init programs_init(void)
{
	size_t bytes = (size_t)(__user_archive_end - __user_archive_start);

	take_module(PROGRAMS_MAX - OWN_MAX);
	/* tests/tree/test_user.py has looked at our own archive: it is whole, and each name is there once. */
	return take(__user_archive_start, bytes, PROGRAMS_MAX, module_count > 0) ? OK : ERR_FULL;
}
INITCALL(INITCALL_KERNEL, programs_init);

enum error program_find(const char *name, size_t length, const uint8_t **elf, size_t *bytes)
{
	const struct cpio_member *program = find(name, length);

	if (!program)
		return ERR_NOT_FOUND;
	*elf = program->data;
	*bytes = program->bytes;
	return OK;
}

void program_list(char *text, size_t bytes)
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < program_count && at < bytes; i++)
		at += (size_t)format(text + at, bytes - at, "%s%.*s", at ? " " : "", (int)MIN(programs[i].name_length, 64), programs[i].name);
}

bool program_next(uint64_t *cursor, struct cpio_member *program, bool *of_module)
{
	uint64_t i = *cursor;

	if (i >= program_count) {
		*cursor = 0;
		return false;
	}
	*program = programs[i];
	*of_module = i < module_count;
	*cursor = i + 1 < program_count ? i + 1 : 0;
	return true;
}

/* By words, wherever they lie: an archive aligns what it holds to four bytes. */
static void fill_page(void *page, const uint8_t *data, uint64_t bytes)
{
	uint64_t words = bytes / sizeof(uint64_t), whole = words * sizeof(uint64_t);

	if (words)
		arch_copy_words(page, (const uint64_t *)(const void *)data, words);
	memcpy((uint8_t *)page + whole, data + whole, bytes - whole);
}

static void fill(struct memory *memory, const struct elf_segment *segment)
{
	for (uint64_t done = 0; done < segment->data_bytes; done += PAGE_SIZE) {
		fill_page(phys_to_virt(memory_frame(memory, (uint32_t)(done >> PAGE_SHIFT))), segment->data + done,
		          MIN(segment->data_bytes - done, PAGE_SIZE));
		sched_preemption_point();
	}
}

/* The mapping alone keeps the memory. */
static enum error load_segment(struct space *space, const struct elf_segment *segment)
{
	struct memory *memory;
	enum error error = memory_new(segment->pages, &memory);

	if (error)
		return error;
	object_hold(&memory->object);
	fill(memory, segment);
	error = space_map_request(space, &(struct map_request){ .memory = memory, .rights = segment->perms, .perms = segment->perms,
	                                                        .addr = segment->start, .pages = segment->pages });
	object_let_go(&memory->object);
	return error;
}

static void unload(struct space *space, const struct elf_program *program, unsigned segments)
{
	for (unsigned i = 0; i < segments; i++)
		if (space_unmap(space, program->segments[i].start, program->segments[i].pages))
			return; /* the space is ending: that unmaps them */
}

enum error program_load(struct space *space, const uint8_t *elf, size_t bytes, vaddr_t *entry, const char **why)
{
	struct elf_program program;
	enum error error = elf_check(elf, bytes, arch_elf_machine, &program, why);

	if (error)
		return error;
	*why = NULL;
	for (unsigned i = 0; i < program.segment_count; i++) {
		error = load_segment(space, &program.segments[i]);
		if (error) {
			unload(space, &program, i);
			object_reap();
			return error;
		}
	}
	*entry = program.entry;
	return OK;
}
