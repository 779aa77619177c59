/* SPDX-License-Identifier: MIT */
/*
 * provoke.h: situations in which a call with right arguments must return an error that syscalls.def lists. others.c; situations.c: what
 * is dead, missing, sealed, there already; shortage.c: full tables, no memory. Main thread.
 */
#ifndef AMBER_USER_PROVOKE_H
#define AMBER_USER_PROVOKE_H

#include "scene.h"

void provoke(uint64_t call, enum error expected, const uint64_t a[ARGUMENTS_MAX]);
#define PROVOKE(call, expected, ...) provoke(SYS_##call, expected, (const uint64_t[ARGUMENTS_MAX]){ __VA_ARGS__ })

struct other {
	struct thread thread;
	handle_t handle; /* endpoint or notification */
	enum error error;
};

void other_receives(struct other *other, handle_t endpoint);
void other_waits(struct other *other, handle_t notification);
void other_calls(struct other *other, handle_t endpoint);
void other_ends(struct other *other);
void other_is_killed(struct other *other);

void provoke_all(bool has_module); /* situations.c; has_module: the test has brought bad programs */
void ends_as_killed(handle_t space); /* waits for the end of a space that was killed, in which no thread was started */
void provoke_full(void);           /* shortage.c */
void provoke_no_memory(void);

#endif
