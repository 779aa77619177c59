/* SPDX-License-Identifier: MIT */
/* siege.h: what the parts of `siege` share. main.c. */
#ifndef AMBER_USER_SIEGE_H
#define AMBER_USER_SIEGE_H

#include "ipc.h"
#include "memory.h"
#include "program.h"
#include "thread.h"

#define NOWHERE 0x2800000000ull /* nothing is ever mapped there */
#define SECOND  1000000ull
#define PATIENCE (60 * SECOND) /* what takes longer hangs */

void expect(bool is_right, const char *what);
static inline void may_fail(enum error error)
{
	(void)error;
}

/* Until it waits there, or has ended. How long that takes is the host's business: QEMU may not run a CPU for seconds. */
void wait_for_state(handle_t thread, uint64_t state);
void wait_until_alone(const char *else_what); /* until no other thread of this space is left */

/* This program once more, in a space of its own: `siege NAME NUMBER`, with these handles. */
void spawn_part(const char *name, uint64_t number, const handle_t *handles, unsigned count, handle_t pager, struct child *child);

typedef void part(uint64_t number);
part many_faults, faults_inside, fault_chain, fault_chain_inside, pager_answers, fault_inside; /* faults.c */
part luggage, luggage_inside;         /* luggage.c */
part hold_registers, hold_inside;      /* hold.c */
part fresh, fresh_inside;              /* fresh.c */
part message_pages, vdso;              /* pages.c */
part orphans, orphans_inside, failed_create, thief, thief_inside; /* ends.c */
part revoked, closed_while_revoked;    /* revoked.c */
part tables, tables_inside;            /* tables.c */
part revive, revive_inside, reaper, idle_helps, hurry; /* dying.c */
part many_sleepers, bad_senders, storm, sleep_inside; /* crowd.c */

#endif
