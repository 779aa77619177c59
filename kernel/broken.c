/* SPDX-License-Identifier: MIT */
/*
 * kernel/broken.c: the names of what the broken kernel can leave out (break=NAME). Only in that kernel;
 * any context. One table for both machines; those of one only stand at its ends.
 */
#include <amber/broken.h>

#include "arch.h"
#include <amber/log.h>
#include <amber/string.h>

static const struct broken_name names[] = {
	{ BROKEN_SMEP, "smep", "the kernel may execute user pages" }, /* x86_64 only, and the next two */
	{ BROKEN_SMAP, "smap", "the kernel may touch user memory anywhere" },
	{ BROKEN_APIC, "apic", "the local APIC, which starts CPUs anywhere, is mapped for all" },
	{ BROKEN_ALIAS, "alias", "the direct-map alias of sealed data stays writable" },
	{ BROKEN_ARENA, "arena", "page tables are mapped writable" },
	{ BROKEN_GATE_CHECK, "gate-check", "the gate does not look into the frame table" },
	{ BROKEN_CORE_CLASS, "core-class", "the chain decides about the protection's own data" },
	{ BROKEN_WP, "wp", "the machine's write protection is off (x86_64: CR0.WP; aarch64: TCR.HD on, DBM kept)" },
	{ BROKEN_WX, "wx", "one page is writable and executable" },
	{ BROKEN_INIT, "init", "init memory stays mapped" },
	{ BROKEN_DRY_RUN, "dry-run", "the dry run makes one pass only" },
	{ BROKEN_SHOOTDOWN, "shootdown", "other CPUs keep their stale translations" },
	{ BROKEN_PROBE, "probe", "the last CPU does not probe the seal" },
	{ BROKEN_FIXUP, "fixup", "copies from and to user memory have no fix-up addresses" },
	{ BROKEN_FASTPATH, "fastpath", "the fast path of IPC delivers one word wrong" },
	{ BROKEN_PAN, "pan", "the kernel may touch user memory anywhere" }, /* aarch64 only, as what follows */
	{ BROKEN_ASID, "asid", "the gate shares the kernel's ASID" },
	{ BROKEN_FWCFG, "fwcfg", "fw_cfg, whose DMA writes any memory, is mapped" },
};

#define ONLY_X86_64  3 /* that many at the start of names[] */
#define ONLY_AARCH64 3 /* … at the end */

_Static_assert(ARRAY_SIZE(names) == BROKEN_COUNT, "each has a name");

const struct broken_name *broken_names(unsigned *count)
{
	bool is_aarch64 = strcmp(arch_name, "aarch64") == 0;

	*count = ARRAY_SIZE(names) - (is_aarch64 ? ONLY_X86_64 : ONLY_AARCH64);
	return is_aarch64 ? names + ONLY_X86_64 : names;
}

const char *broken_text(enum broken what)
{
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].id == what)
			return names[i].name;
	}
	return "unknown";
}

void broken_list_print(void)
{
	unsigned count;
	const struct broken_name *known = broken_names(&count);

	/* Asked for: it comes at every loglevel. */
	for (unsigned i = 0; i < count; i++)
		log_always("break", "%s: %s", known[i].name, known[i].help);
}
