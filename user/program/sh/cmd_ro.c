/* SPDX-License-Identifier: MIT */
/* cmd_ro.c: seal, ro: what is read-only since init, and what happens to those who write there. */
#include "sh.h"

#define CHAINS_MAX 8

enum { SEALED, OFF, FAILED };

static void say_since(const struct system_seal *seal)
{
	say("  since then: %zu violation%s (%zu store%s); %zu page%s opened by unprotect\n", (size_t)seal->violations,
	    PLURAL(seal->violations), (size_t)seal->stores, PLURAL(seal->stores), (size_t)seal->unprotected_pages,
	    PLURAL(seal->unprotected_pages));
}

static void say_seal(const struct system_seal *seal)
{
	static const char *const states[] = {
		[SEALED] = "sealed", [OFF] = "nothing is sealed (rodata=off); it would be", [FAILED] = "sealing FAILED:",
	};

	say("%s %zu pages (%zu bytes in %zu objects), both mappings of each\n", states[seal->state], (size_t)seal->pages,
	    (size_t)seal->bytes_used, (size_t)seal->objects);
	say("  class data: 0x%zx to 0x%zx\n  class core: 0x%zx to 0x%zx, and the table arena\n", (size_t)seal->start, (size_t)seal->end,
	    (size_t)seal->core_start, (size_t)seal->core_end);
	if (seal->state != OFF)
		say("  proof: %zu entries lost the write bit; %zu writable of %zu page tables,\n"
		    "    %zu writable mappings of sealed frames, %zu pages W+X,\n"
		    "    %zu of %zu probes went through (on %zu CPU%s)\n", (size_t)seal->aliases_sealed,
		    (size_t)seal->page_table_pages_writable, (size_t)seal->page_table_pages, (size_t)seal->writable_aliases,
		    (size_t)seal->wx_pages,
		    (size_t)seal->probes_failed, (size_t)seal->cpus_probed * 8, (size_t)seal->cpus_probed, PLURAL(seal->cpus_probed));
	say_since(seal);
}

static bool seal(int count, char **words)
{
	struct system_seal seal;
	enum error error;

	(void)words;
	if (count != 1)
		return false;
	error = record_read(SYSTEM_SEAL, &seal, sizeof(seal));
	if (error || seal.state > FAILED) {
		say("seal: %s\n", error_text(error));
		return true;
	}
	say_seal(&seal);
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
static struct chain {
	struct system_sealed example;
	unsigned objects;
} chains[CHAINS_MAX];
static unsigned chain_count, all_count, core_count;
static bool shows_initcalls; /* of at least one it is known */

static void count_one(const struct system_sealed *sealed)
{
	unsigned i;

	all_count++;
	core_count += sealed->is_core != 0;
	shows_initcalls |= sealed->initcall[0] != '\0';
	if (sealed->is_core)
		return;
	for (i = 0; i < chain_count && strcmp(chains[i].example.chain, sealed->chain); i++)
		continue;
	if (i == CHAINS_MAX)
		return;
	if (i == chain_count) {
		chain_count++;
		chains[i] = (struct chain){ .example = *sealed };
	}
	chains[i].objects++;
}

static void count_all(void)
{
	struct records records = RECORDS(SYSTEM_SEALED, struct system_sealed);
	const struct system_sealed *sealed;

	chain_count = all_count = core_count = 0;
	shows_initcalls = false;
	while ((sealed = records_next(&records)))
		count_one(sealed);
}

static void say_chains(void)
{
	struct system_seal seal;

	count_all();
	say("%u sealed objects; a write to\n", all_count);
	for (unsigned i = 0; i < chain_count; i++) {
		const struct system_sealed *one = &chains[i].example;

		if (chains[i].objects == 1)
			say("  %s: %s", one->name, one->chain);
		else
			say("  %u objects of class data: %s", chains[i].objects, one->chain);
		say("%s%s\n", one->remaining[0] ? "; left: " : "", one->remaining);
	}
	say("  %u objects of class core: always panic\n", core_count);
	if (record_read(SYSTEM_SEAL, &seal, sizeof(seal)) == OK)
		say_since(&seal);
	if (!shows_initcalls)
		say("  (who wrote each last: boot with initcall_trace=on)\n");
}

/* A chain that doesn't fit into the table has a line of its own. */
static void say_short(const struct system_sealed *sealed)
{
	const char *file = sealed->file[0] ? sealed->file : "?", *chain = chain_text(sealed);
	char row[SCREEN_COLUMNS * 2];
	int columns = format(row, sizeof(row), "%6zu %-20s %-16s", (size_t)sealed->bytes, sealed->name, file);

	if (shows_initcalls)
		columns += format(row + columns, sizeof(row) - (size_t)columns, " %-16s", sealed->initcall[0] ? sealed->initcall : "-");
	say("%s%s%s\n", row, (size_t)columns + strlen(chain) + 1 < SCREEN_COLUMNS ? " " : "\n       ", chain);
	if (last_page_of(sealed) != page_of(sealed))
		say("       ends in page 0x%zx\n", (size_t)last_page_of(sealed));
}

/* By pages: what stands together shares one. */
static void say_all(void)
{
	struct records records = RECORDS(SYSTEM_SEALED, struct system_sealed);
	const struct system_sealed *sealed;
	uint64_t page = 0;

	say("%6s %-20s %-16s", "BYTES", "OBJECT", "DEFINED IN");
	if (shows_initcalls)
		say(" %-16s", "LAST WRITTEN BY");
	say(" A WRITE\n");
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

static void say_neighbour(const char *name, unsigned before, unsigned *column)
{
	say(before ? "," : "  shares its page with:");
	say_item(column, name);
	++*column; /* the comma */
}

/* The others that have a byte in one of its pages. */
static void say_neighbours(const struct system_sealed *one)
{
	struct records records = RECORDS(SYSTEM_SEALED, struct system_sealed);
	const struct system_sealed *sealed;
	unsigned count = 0, column = 23;

	while ((sealed = records_next(&records)) && !was_interrupted())
		if (sealed->address != one->address && last_page_of(sealed) >= page_of(one) && page_of(sealed) <= last_page_of(one))
			say_neighbour(sealed->name, count++, &column);
	say(count ? "\n" : "  shares its page with no other object\n");
}

static const char *writer_text(const struct system_sealed *sealed)
{
	count_all();
	if (sealed->initcall[0])
		return sealed->initcall;
	return !shows_initcalls ? "unknown (boot with initcall_trace=on)" : sealed->is_core ? "unknown (class core isn't traced)" :
	       "no init call, but before them";
}

static void say_one(const struct system_sealed *sealed)
{
	say("%s: %zu bytes at 0x%zx, class %s\n  defined in: %s\n  written last during init by: %s\n", sealed->name,
	    (size_t)sealed->bytes, (size_t)sealed->address, sealed->is_core ? "core" : "data",
	    sealed->file[0] ? sealed->file : "unknown", writer_text(sealed));
	say("  a write leads to: %s%s%s\n", chain_text(sealed), sealed->remaining[0] ? "; left: " : "", sealed->remaining);
	say("  page: 0x%zx", (size_t)page_of(sealed));
	if (last_page_of(sealed) != page_of(sealed))
		say(" to 0x%zx", (size_t)last_page_of(sealed));
	say("%s\n", sealed->is_writable ? ", opened by unprotect" : "");
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
COMMAND(ro, "[NAME]", "sealed objects, and what a write to them leads to", ro);
