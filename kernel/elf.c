/* SPDX-License-Identifier: MIT */
/*
 * kernel/elf.c: checks every field that is used; what is not used (sections, symbols) may be anything. Heads are copied out of
 * the file, because it may lie at any address.
 */
#include "elf.h"

#include <amber/string.h>

#define ELF_MAGIC         "\177ELF\2\1\1" /* 64 bits, little-endian, version 1 */
#define ELF_MAGIC_BYTES   7
#define TYPE_EXECUTABLE   2
#define SEGMENT_LOAD      1
#define SEGMENT_DYNAMIC   2
#define SEGMENT_INTERPRET 3
#define SEGMENT_TLS       7
#define FLAG_X            1
#define FLAG_W            2
#define FLAG_R            4
#define HEADS_MAX         64

struct elf_head {
	uint8_t magic[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segments_at, sections_at;
	uint32_t flags;
	uint16_t head_bytes, segment_bytes, segment_count, section_bytes, section_count, section_names;
};

struct segment_head {
	uint32_t type, flags;
	uint64_t offset, start, physical, file_bytes, memory_bytes, alignment;
};

_Static_assert(sizeof(struct elf_head) == 64 && sizeof(struct segment_head) == 56, "as in the file");

static enum error read_head(const uint8_t *elf, size_t bytes, uint16_t machine, struct elf_head *head, const char **why)
{
	enum error error = ERR_INVALID;

	if (bytes < sizeof(*head) || memcmp(elf, ELF_MAGIC, ELF_MAGIC_BYTES) != 0) {
		*why = "no 64-bit little-endian ELF file";
		return error;
	}
	memcpy(head, elf, sizeof(*head));
	*why = NULL;
	if (head->type != TYPE_EXECUTABLE)
		*why = "not a static executable";
	else if (head->segment_bytes != sizeof(struct segment_head) || !head->segment_count || head->segment_count > HEADS_MAX)
		*why = "the number or the size of its segments' heads is wrong";
	else if (head->segments_at > bytes || head->segment_count * sizeof(struct segment_head) > bytes - head->segments_at)
		*why = "its segments' heads lie behind its end";
	if (!*why && head->machine != machine) {
		*why = "made for another machine";
		error = ERR_UNSUPPORTED;
	}
	return *why ? error : OK;
}

static const char *check_segment(const struct segment_head *head, size_t bytes)
{
	if (head->offset > bytes || head->file_bytes > bytes - head->offset)
		return "a segment's data lie behind its end";
	if (head->file_bytes > head->memory_bytes)
		return "a segment has more data than memory";
	if (head->start & PAGE_MASK)
		return "a segment doesn't start on a page";
	if (head->start < USER_START || head->start >= USER_END || head->memory_bytes > USER_END - head->start)
		return "a segment lies outside the user half";
	if (head->memory_bytes > ELF_PAGES_MAX * PAGE_SIZE)
		return "a segment is too large";
	if (!(head->flags & FLAG_R))
		return "a segment can't be read";
	return (head->flags & FLAG_W) && (head->flags & FLAG_X) ? "a segment is writable and executable" : NULL;
}

static bool overlaps(const struct elf_program *program, const struct elf_segment *new)
{
	for (unsigned i = 0; i < program->segment_count; i++) {
		const struct elf_segment *old = &program->segments[i];

		if (new->start < old->start + old->pages * PAGE_SIZE && old->start < new->start + new->pages * PAGE_SIZE)
			return true;
	}
	return false;
}

static const char *add_segment(struct elf_program *program, const struct segment_head *head, const uint8_t *elf, size_t bytes)
{
	const char *why = check_segment(head, bytes);
	struct elf_segment new;

	if (why)
		return why;
	new = (struct elf_segment){
		.start = head->start,
		.pages = (uint32_t)(ALIGN_UP(head->memory_bytes, PAGE_SIZE) >> PAGE_SHIFT),
		.perms = MAP_READ | (head->flags & FLAG_W ? MAP_WRITE : 0) | (head->flags & FLAG_X ? MAP_EXECUTE : 0),
		.data = elf + head->offset,
		.data_bytes = head->file_bytes,
	};
	if (overlaps(program, &new))
		return "two segments share a page";
	if (program->segment_count == ELF_SEGMENTS_MAX)
		return "too many segments";
	program->segments[program->segment_count++] = new;
	return NULL;
}

static const char *look_at(struct elf_program *program, const struct segment_head *head, const uint8_t *elf, size_t bytes)
{
	switch (head->type) {
	case SEGMENT_LOAD:
		return head->memory_bytes ? add_segment(program, head, elf, bytes) : NULL;
	case SEGMENT_DYNAMIC:
	case SEGMENT_INTERPRET:
	case SEGMENT_TLS:
		return "not a static executable";
	default: /* notes and the like */
		return NULL;
	}
}

static const char *check_entry(const struct elf_program *program)
{
	for (unsigned i = 0; i < program->segment_count; i++) {
		const struct elf_segment *segment = &program->segments[i];

		if ((segment->perms & MAP_EXECUTE) && program->entry >= segment->start &&
		    program->entry - segment->start < segment->pages * PAGE_SIZE)
			return NULL;
	}
	return "its entry is not in an executable segment";
}

enum error elf_check(const uint8_t *elf, size_t bytes, uint16_t machine, struct elf_program *program, const char **why)
{
	struct elf_head head;
	enum error error = read_head(elf, bytes, machine, &head, why);

	if (error)
		return error;
	*program = (struct elf_program){ .entry = head.entry };
	for (unsigned i = 0; i < head.segment_count && !*why; i++) {
		struct segment_head segment;

		memcpy(&segment, elf + head.segments_at + i * sizeof(segment), sizeof(segment));
		*why = look_at(program, &segment, elf, bytes);
	}
	if (!*why)
		*why = check_entry(program);
	return *why ? ERR_INVALID : OK;
}
