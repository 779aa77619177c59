/* SPDX-License-Identifier: MIT */
/*
 * complete.c: Tab: the word in front of the cursor grows as far as all names that begin so agree; if that is not at all, they are
 * shown. First words are commands and programs; behind ro and lab come sealed symbols.
 */
#include "sh.h"

#define NAME_MAX 64

struct search {
	const char *prefix;
	size_t prefix_bytes;
	unsigned found;
	bool shows;            /* print instead of comparing */
	unsigned column;
	char common[NAME_MAX]; /* how all that were found begin */
};

static void visit(void *context, const char *name)
{
	struct search *search = context;
	size_t same = 0;

	if (strncmp(name, search->prefix, search->prefix_bytes))
		return;
	if (search->shows) {
		say_item(&search->column, name);
		return;
	}
	if (!search->found++) {
		(void)copy_text(search->common, sizeof(search->common), name);
		return;
	}
	while (name[same] && name[same] == search->common[same])
		same++;
	search->common[same] = '\0';
}

static void visit_mere_program(void *context, const char *name)
{
	if (!command_find(name))
		visit(context, name);
}

static void visit_commands(struct search *search)
{
	for (const struct command *command = command_behind(""); command; command = command_behind(command->name))
		visit(search, command->name);
}

static void visit_sealed(struct search *search)
{
	struct records records = RECORDS(SYSTEM_SEALED, struct system_sealed);
	const struct system_sealed *sealed;

	while ((sealed = records_next(&records)))
		visit(search, sealed->name);
}

static bool begins_with(const char *line, const char *words)
{
	return !strncmp(line, words, strlen(words));
}

/* All names that may stand where the word begins, on that line. */
static void visit_all(struct search *search, const char *line, size_t word_at)
{
	bool is_first = true;

	for (size_t i = 0; i < word_at; i++)
		is_first &= line[i] == ' ';
	if (is_first || begins_with(line, "help "))
		visit_commands(search);
	if (is_first)
		program_names(visit_mere_program, search);
	else if (begins_with(line, "trace "))
		program_names(visit, search);
	else if (begins_with(line, "ro ") || begins_with(line, "lab read ") || begins_with(line, "lab write "))
		visit_sealed(search);
}

/* False: no room for it. */
static bool insert(struct console_line *line, const char *text, size_t bytes)
{
	if (line->bytes + bytes > CONSOLE_LINE_MAX)
		return false;
	memmove(line->text + line->cursor + bytes, line->text + line->cursor, line->bytes - line->cursor);
	memcpy(line->text + line->cursor, text, bytes);
	line->bytes += bytes;
	line->cursor += bytes;
	line->text[line->bytes] = '\0';
	return true;
}

void complete(struct console_line *line)
{
	struct search search = { 0 };
	char prefix[CONSOLE_LINE_MAX + 1];
	size_t word_at = line->cursor, more;

	while (word_at && line->text[word_at - 1] != ' ')
		word_at--;
	search.prefix_bytes = line->cursor - word_at;
	memcpy(prefix, line->text + word_at, search.prefix_bytes);
	prefix[search.prefix_bytes] = '\0';
	search.prefix = prefix;
	visit_all(&search, line->text, word_at);
	if (!search.found || search.prefix_bytes >= NAME_MAX)
		return;
	more = strlen(search.common) - search.prefix_bytes;
	if (search.found == 1) {
		if (insert(line, search.common + search.prefix_bytes, more))
			(void)insert(line, " ", 1);
	} else if (more) {
		(void)insert(line, search.common + search.prefix_bytes, more);
	} else {
		search.shows = true;
		visit_all(&search, line->text, word_at);
		say("\n");
	}
}
