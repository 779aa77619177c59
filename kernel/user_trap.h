/* SPDX-License-Identifier: MIT */
/* kernel/user_trap.h: faults of user threads: told to the pager as a call, or the end of the thread. Big lock held. */
#ifndef AMBER_USER_TRAP_H
#define AMBER_USER_TRAP_H

#include "thread.h"

/* Nobody answers its fault: one line, and it ends. It may be the current thread: then at its edge to user mode. */
void user_fault_unhandled(struct thread *thread, const char *why);
/* The pager's answer, as the arguments of its reply in *answer: the thread goes on, or ends. An error: nothing changed. */
enum error user_fault_answered(struct thread *thread, struct trap_frame *answer) __must_check;

#endif
