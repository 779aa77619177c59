/* SPDX-License-Identifier: MIT */
/*
 * kernel/thread.h: kernel threads, scheduled co-operatively: each belongs to one CPU and runs until it yields, waits or
 * ends. Enough for `oops` to have a victim. Process context unless said otherwise.
 */
#ifndef AMBER_THREAD_H
#define AMBER_THREAD_H

#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>
#include <amber/violation.h>

#define THREADS_MAX 32

enum thread_state { THREAD_UNUSED, THREAD_NEW, THREAD_READY, THREAD_ENDED, THREAD_KILLED };

struct thread {
	vaddr_t sp;         /* saved stack pointer while it doesn't run */
	vaddr_t stack_top;
	enum thread_state state;
	uint32_t id;
	uint64_t serial;    /* no other thread of this boot has it */
	uint32_t cpu, creator; /* where it runs; the CPU that waits for its end */
	uint32_t commit_depth; /* > 0 between commit_begin and commit_end: oops has no victim then */
	bool is_idle;       /* runs when its CPU has nothing else */
	bool is_essential;  /* main and idle: nothing goes on without them, so oops can't take them */
	void (*fn)(void *);
	void *argument;
	char name[THREAD_NAME_MAX];
};

void thread_init(const char *name, vaddr_t stack_top); /* what runs now becomes a thread */
/* On the next CPU in turn, or on that one. */
enum error thread_start(const char *name, void (*fn)(void *), void *argument, struct thread **thread) __must_check;
enum error thread_start_on(unsigned cpu, const char *name, void (*fn)(void *), void *argument,
                           struct thread **thread) __must_check;
void thread_yield(void);
void thread_wait(void); /* for an interrupt, unless another thread is ready here */
/* Waits until it has ended, frees it, and says how: THREAD_ENDED or THREAD_KILLED. Halts the CPU while nothing else is ready. */
enum thread_state thread_join(struct thread *thread);
__noreturn void thread_exit(void);
struct thread *thread_current(void);
void thread_copy_name(char name[THREAD_NAME_MAX]); /* of the current one */
const char *thread_name(void); /* any context; "boot" before there are threads */
uint64_t thread_serial(void); /* of the current one; 0 before there are threads */
bool thread_may_be_killed(void);

/* Brackets a part of a system call that must not be left half done. */
void commit_begin(void);
void commit_end(void);

#endif
