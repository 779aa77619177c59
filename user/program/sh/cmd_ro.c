/* SPDX-License-Identifier: MIT */
/* cmd_ro.c: seal, ro: what is read-only since init, and what happens to those who write there. */
#include "sh.h"

#define CHAINS_MAX 8

static bool seal(int count, char **words)
{
	static const char *const states[] = { "sealed", "nothing is sealed (rodata=off); it would be", "sealing FAILED:" };
	struct system_seal seal;
	enum error error;

	(void)words;
	if (count != 1)
		return false;
	error = record_read(SYSTEM_SEAL, &seal, sizeof(seal));
	if (error || seal.state >= ARRAY_SIZE(states)) {
		say("seal: %s\n", error_text(error));
		return true;
	}
	say("%s %zu pages (%zu bytes in %zu objects), both mappings of each\n", states[seal.state], (size_t)seal.pages,
	    (size_t)seal.bytes_used, (size_t)seal.objects);
	say("  class data: 0x%zx to 0x%zx\n  class core: 0x%zx to 0x%zx, and the table arena\n", (size_t)seal.start,
	    (size_t)seal.end, (size_t)seal.core_start, (size_t)seal.core_end);
	if (seal.state != 1)
		say("  proof: %zu entries lost the write bit; %zu writable mappings of sealed frames,\n"
		    "    %zu pages W+X, %zu writable of %zu page tables,\n"
		    "    %zu of %zu probes went through (on %zu CPU%s)\n", (size_t)seal.aliases_sealed,
		    (size_t)seal.writable_aliases, (size_t)seal.wx_pages, (size_t)seal.page_table_pages_writable,
		    (size_t)seal.page_table_pages, (size_t)seal.probes_failed, (size_t)seal.cpus_probed * 8, (size_t)seal.cpus_probed,
		    seal.cpus_probed == 1 ? "" : "s");
	say("  since then: %zu violations (%zu stores); %zu pages opened by unprotect\n", (size_t)seal.violations, (size_t)seal.stores,
	    (size_t)seal.unprotected_pages);
	return true;
}
COMMAND(seal, "", "what the seal did and what it proved", seal);

/* --- ro --------------------------------------------------------------------------------------------------------------------- */

static uint64_t page_of(const struct system_sealed *sealed)
{
	return ALIGN_DOWN(sealed->address, PAGE_SIZE);
}

static uint64_t last_page_of(const struct system_sealed *sealed)
{
	return ALIGN_DOWN(sealed->address + MAX(sealed->bytes, 1ull) - 1, PAGE_SIZE);
}

static const char *chain_text(const struct system_sealed *sealed)
{
	return sealed->is_core ? "always panic" : sealed->chain;
}

static void say_error(const struct records *records)
{
	if (records->error)
		say("ro: %s\n", error_text(records->error));
}

/* The different chains, and how many objects each is for. */
static void say_chains(void)
{
	static struct {
		char text[64], example[64];
		unsigned objects;
	} chains[CHAINS_MAX];
	struct records records = RECORDS(SYSTEM_SEALED, struct system_sealed);
	const struct system_sealed *sealed;
	unsigned count = 0, i, all = 0, core = 0;

	for (; (sealed = records_next(&records)); all++) {
		if (sealed->is_core) {
			core++;
			continue;
		}
		for (i = 0; i < count && strcmp(chains[i].text, sealed->chain); i++)
			continue;
		if (i == CHAINS_MAX)
			continue;
		if (i == count) {
			count++;
			chains[i].objects = 0;
			(void)copy_text(chains[i].text, sizeof(chains[i].text), sealed->chain);
			(void)copy_text(chains[i].example, sizeof(chains[i].example), sealed->name);
		}
		chains[i].objects++;
	}
	say("%u sealed objects; a write to\n", all);
	for (i = 0; i < count; i++)
		if (chains[i].objects == 1)
			say("  %s: %s\n", chains[i].example, chains[i].text);
		else
			say("  %u objects of class data: %s\n", chains[i].objects, chains[i].text);
	say("  %u objects of class core: always panic\n", core);
}

static void say_short(const struct system_sealed *sealed)
{
	uint64_t more = (last_page_of(sealed) - page_of(sealed)) / PAGE_SIZE;
	char pages[32] = "";

	if (more)
		format(pages, sizeof(pages), ", %zu pages", (size_t)more + 1);
	say("%7zu %-20s %-15s %-13s %s%s%s%s\n", (size_t)sealed->bytes, sealed->name, sealed->file[0] ? sealed->file : "?",
	    sealed->initcall[0] ? sealed->initcall : "?", chain_text(sealed), sealed->remaining[0] ? ", left: " : "", sealed->remaining,
	    pages);
}

/* By pages: what stands together shares one. */
static void say_all(void)
{
	struct records records = RECORDS(SYSTEM_SEALED, struct system_sealed);
	const struct system_sealed *sealed;
	uint64_t page = 0;

	say("%7s %-20s %-15s %-13s %s\n", "BYTES", "OBJECT", "DEFINED IN", "WRITTEN BY", "A WRITE LEADS TO");
	while ((sealed = records_next(&records)) && !was_interrupted()) {
		if (page != page_of(sealed))
			say("page 0x%zx%s%s\n", (size_t)page_of(sealed), sealed->is_core ? " (core)" : "",
			    sealed->is_writable ? ": opened by unprotect" : "");
		page = page_of(sealed);
		say_short(sealed);
	}
	say_error(&records);
}

const struct system_sealed *sealed_find(struct records *records, uint64_t address)
{
	const struct system_sealed *sealed;

	*records = (struct records)RECORDS(SYSTEM_SEALED, struct system_sealed);
	while ((sealed = records_next(records)))
		if (address >= sealed->address && address - sealed->address < MAX(sealed->bytes, 1ull))
			return sealed;
	return NULL;
}

/* The others that have a byte in one of its pages. */
static void say_neighbours(const struct system_sealed *one)
{
	struct records records = RECORDS(SYSTEM_SEALED, struct system_sealed);
	const struct system_sealed *sealed;
	unsigned count = 0;

	while ((sealed = records_next(&records)) && !was_interrupted())
		if (sealed->address != one->address && last_page_of(sealed) >= page_of(one) && page_of(sealed) <= last_page_of(one))
			say("%s%s", count++ ? ", " : "  shares its page with: ", sealed->name);
	say(count ? "\n" : "  shares its page with no other object\n");
}

static void say_one(const struct system_sealed *sealed)
{
	uint64_t pages = (last_page_of(sealed) - page_of(sealed)) / PAGE_SIZE + 1;

	say("%s: %zu bytes at 0x%zx, class %s\n  defined in: %s\n  written last during init by: %s\n", sealed->name,
	    (size_t)sealed->bytes, (size_t)sealed->address, sealed->is_core ? "core" : "data",
	    sealed->file[0] ? sealed->file : "unknown",
	    sealed->initcall[0] ? sealed->initcall : "unknown (initcall_trace=on finds out)");
	say("  a write leads to: %s%s%s\n", chain_text(sealed), sealed->remaining[0] ? "; left: " : "", sealed->remaining);
	say("  page: 0x%zx%s%s\n", (size_t)page_of(sealed), pages > 1 ? " and those behind" : "",
	    sealed->is_writable ? ", opened by unprotect" : "");
	say_neighbours(sealed);
}

static bool ro(int count, char **words)
{
	static struct records records; /* large for a stack */
	static struct system_sealed one;
	const struct system_sealed *sealed;
	uint64_t address;

	if (count > 2)
		return false;
	if (count == 1) {
		say_chains();
		say_all();
		return true;
	}
	if (!address_of("ro", words[1], &address))
		return true;
	sealed = sealed_find(&records, address);
	if (!sealed) {
		say("ro: %s: not sealed\n", words[1]);
		return true;
	}
	one = *sealed;
	say_one(&one);
	return true;
}
COMMAND(ro, "[NAME]", "sealed objects: size, who wrote them, what a write does", ro);
