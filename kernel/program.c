/* SPDX-License-Identifier: MIT */
/*
 * kernel/program.c: finding and loading programs. A boot module is only looked at where the boot loader left it; it is mapped
 * read-only, and never changes. Process context, big lock held; init where said.
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

static const uint8_t *__ro_after_init module;
static size_t __ro_after_init module_bytes;
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

static enum error __init boot_module(void)
{
	const char *why = "it lies where it can't be kept";
	unsigned files;

	if (module_start == module_end)
		return OK;
	if (is_mapped(module_start, module_end))
		why = cpio_check(phys_to_virt(module_start), module_end - module_start, &files);
	if (why) {
		log_error("module", "the boot module at 0x%zx is not used: %s", (size_t)module_start, why);
		return OK;
	}
	module = phys_to_virt(module_start);
	module_bytes = module_end - module_start;
	log_info("module", "programs in the boot module: %u", files);
	return OK;
}
INITCALL(INITCALL_KERNEL, boot_module);

static size_t archive_bytes(void)
{
	return (size_t)(__user_archive_end - __user_archive_start);
}

enum error program_find(const char *name, size_t length, const uint8_t **elf, size_t *bytes)
{
	struct cpio_member member;
	enum error error = cpio_find(module, module_bytes, name, length, &member);

	if (error)
		error = cpio_find(__user_archive_start, archive_bytes(), name, length, &member);
	if (error)
		return error;
	*elf = member.data;
	*bytes = member.bytes;
	return OK;
}

static size_t list_archive(const void *data, size_t data_bytes, char *text, size_t bytes, size_t at)
{
	struct cpio archive;
	struct cpio_member member;

	cpio_begin(&archive, data, data_bytes);
	while (cpio_next(&archive, &member) && at < bytes)
		at += (size_t)format(text + at, bytes - at, "%s%.*s", at ? " " : "", (int)MIN(member.name_length, 64), member.name);
	return MIN(at, bytes);
}

void program_list(char *text, size_t bytes)
{
	size_t at = list_archive(module, module_bytes, text, bytes, 0);

	text[0] = at ? text[0] : '\0';
	list_archive(__user_archive_start, archive_bytes(), text, bytes, at);
}

#define OWN_ARCHIVE (1ull << 63)

bool program_next(uint64_t *cursor, struct cpio_member *program, bool *of_module)
{
	struct cpio_member other;
	struct cpio archive;

	*of_module = !(*cursor & OWN_ARCHIVE);
	cpio_begin(&archive, *of_module ? module : (const uint8_t *)__user_archive_start, *of_module ? module_bytes : archive_bytes());
	archive.at = MIN(*cursor & ~OWN_ARCHIVE, archive.bytes);
	if (!cpio_next(&archive, program)) {
		*cursor = *of_module ? OWN_ARCHIVE : 0;
		return false;
	}
	*cursor = archive.at | (*cursor & OWN_ARCHIVE);
	return *of_module || cpio_find(module, module_bytes, program->name, program->name_length, &other);
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
