/* SPDX-License-Identifier: MIT */
/*
 * broken.h: the broken kernel (make BREAK=1), in which each protection can be left out by break=NAME so
 * that its test is seen to fail. In the ordinary kernel is_broken() is the constant false and nothing of
 * this is compiled in. kernel/broken.c; any context.
 */
#ifndef AMBER_BROKEN_H
#define AMBER_BROKEN_H

#include <amber/types.h>

enum broken {
	BROKEN_ALIAS,      /* the direct-map alias of sealed data stays writable */
	BROKEN_ARENA,      /* page tables are mapped writable */
	BROKEN_GATE_CHECK, /* the gate does not look into the frame table */
	BROKEN_CORE_CLASS, /* the chain decides about the protection's own data */
	BROKEN_WP,         /* x86_64: CR0.WP off; aarch64: TCR.HD on, DBM kept */
	BROKEN_ASID,       /* aarch64: the gate shares the kernel's ASID */
	BROKEN_WX,         /* one page is writable and executable */
	BROKEN_INIT,       /* init memory stays mapped */
	BROKEN_DRY_RUN,    /* the dry run makes one pass only */
	BROKEN_SHOOTDOWN,  /* other CPUs keep their stale translations */
	BROKEN_PROBE,      /* the last CPU does not probe the seal */
	BROKEN_APIC,       /* x86_64: the local APIC is mapped for all */
	BROKEN_FWCFG,      /* aarch64: fw_cfg is mapped */
	BROKEN_SMEP,       /* x86_64: the kernel may execute user pages */
	BROKEN_SMAP,       /* x86_64: … and touch user memory anywhere */
	BROKEN_PAN,        /* aarch64: the same */
	BROKEN_FIXUP,      /* copies from and to user memory have no fix-up addresses */
	BROKEN_FASTPATH,   /* the fast path of IPC delivers one word wrong */
	BROKEN_COUNT,
};

struct broken_name {
	enum broken id;
	const char *name, *help;
};

#ifdef AMBER_BREAK
#include <amber/options.h>
static inline bool is_broken(enum broken what)
{
	return options.broken & (1u << what);
}
/* The names that this machine knows; *count of them. */
const struct broken_name *broken_names(unsigned *count);
const char *broken_text(enum broken what); /* its name */
void broken_list_print(void);              /* break=list: one line each */
#else
static inline bool is_broken(enum broken what)
{
	(void)what;
	return false;
}
static inline const char *broken_text(enum broken what)
{
	(void)what;
	return "";
}
static inline void broken_list_print(void)
{
}
#endif

#endif
