/* SPDX-License-Identifier: MIT */
/*
 * kernel/thread.h: threads. A user thread belongs to a space and lives at its kernel stack's two ends: the frame of its user
 * registers at the very top, and below it whatever a system call needs. sp == 0: nothing of the kernel is under way, it goes on
 * with that frame. A kernel thread has no space. Fields are guarded by the big lock unless said otherwise.
 */
#ifndef AMBER_THREAD_H
#define AMBER_THREAD_H

#include <amber/abi.h>
#include <amber/annotate.h>
#include <amber/error.h>
#include <amber/types.h>
#include <amber/violation.h>

#include <arch.h>

#include "object.h"
#include "trace.h"

struct space;
struct endpoint;
struct notification;
struct trap_frame;

/* The order matters: up to THREAD_READY it may run. */
enum thread_state {
	THREAD_RUNNING,    /* on some CPU */
	THREAD_READY,      /* in a run queue */
	THREAD_STOPPED,    /* made, not started */
	THREAD_SENDING,    /* in an endpoint's queue: send or call */
	THREAD_RECEIVING,  /* in an endpoint's queue */
	THREAD_CALLING,    /* its message was received, waits for the answer */
	THREAD_WAITING,    /* for a notification */
	THREAD_SLEEPING,
	THREAD_BLOCKED,    /* a kernel thread that waits for another one, or for an interrupt */
	THREAD_ENDED,
	THREAD_KILLED,
	THREAD_STATES,
};

struct thread {
	struct object object;
	/* The fast path's fields first, together. */
	enum thread_state state;
	uint8_t priority, cpu;       /* cpu: whose queue, or where it runs or ran last */
	uint8_t cpus;                /* bit set: where it may run */
	union {
		struct {
			bool is_killed; /* ends at the next edge to user mode, or where it would block */
			bool is_traced; /* its calls are printed, or the one that isn't over: kernel/trace.c */
		};
		uint16_t attention;  /* any of the two: what comes isn't the plain way */
	};
	vaddr_t sp;                  /* saved kernel stack pointer; 0 = resumes at its user frame */
	struct trap_frame *frame;    /* user registers: the top of its kernel stack */
	vaddr_t stack_top;
	struct space *space;         /* NULL: a kernel thread */
	struct message_page *message;/* kernel address of its message page */
	struct link queue;           /* a run queue, an endpoint's or a notification's queue */
	struct link timeout;         /* kernel/timeout.c */
	uint64_t wakes_at_us;        /* UINT64_MAX = never */
	/* IPC (kernel/ipc.c) */
	struct endpoint *endpoint;   /* SENDING, RECEIVING: where */
	uint64_t badge;              /* SENDING: of the handle used */
	bool wants_reply;            /* SENDING: it is a call */
	bool is_fault;               /* SENDING, CALLING: the message is its fault (kernel/user_trap.c), not its registers */
	struct thread *caller;       /* whom it may answer: CALLING, and its `server` is this thread; NULL = nobody */
	bool caller_is_gone;         /* the caller died before it was answered */
	struct thread *server;       /* CALLING: who may answer it; NULL while a reply object may */
	struct reply *reply;         /* CALLING: the kept right, or NULL */
	uint64_t fault_words[4];     /* is_fault: the message */
	uint64_t fault_label;
	/* Life */
	uint32_t id;
	uint64_t serial;             /* no other thread of this boot has it */
	struct link all;             /* in all_threads, until its end */
	uint64_t ticks;              /* that found it running */
	uint32_t commit_depth;       /* > 0 between commit_begin and commit_end: oops has no victim then */
	bool is_idle, is_essential;  /* kernel threads; essential: nothing goes on without it */
	bool is_started;             /* user threads */
	bool in_syscall;
	uint32_t syscall;            /* its number, while in_syscall */
	struct traced_call traced;   /* is_traced */
	uint64_t exit_code, runs;
	struct link of_space;
	struct notification *watcher;/* signalled at its end */
	uint64_t watch_bits;
	paddr_t message_frame;
	vaddr_t message_address;     /* in its space; no region: it goes with the thread */
	struct thread *joiner;       /* kernel threads: who waits for its end */
	void (*fn)(void *);
	void *argument;
	char name[THREAD_NAME_MAX];
};

extern struct link all_threads; /* kernel/thread.c: by serial */

/* --- kernel threads: co-operative, on one CPU ------------------------------------------------------------------ */
void thread_init(const char *name, vaddr_t stack_top); /* what runs now becomes a thread */
enum error thread_start(const char *name, void (*fn)(void *), void *argument, struct thread **thread) __must_check;
enum error thread_start_on(unsigned cpu, const char *name, void (*fn)(void *), void *argument,
                           struct thread **thread) __must_check;
void thread_yield(void);
void thread_wait(void); /* for an interrupt, unless another thread is ready here */
/* Waits until it has ended, frees it, and says how: THREAD_ENDED or THREAD_KILLED. */
enum thread_state thread_join(struct thread *thread);
__noreturn void thread_exit(void);
/* Big lock held before and behind: the current kernel thread sleeps until the space has ended. It holds a reference. */
void thread_wait_for_space(struct space *space);

/* --- user threads: big lock held ----------------------------------------------------------------------------------- */
/* Stopped; nothing refers to it. The message page's frame is the thread's; it is not mapped here. */
enum error thread_new_user(struct space *space, struct thread **thread) __must_check;
/* It may run from here on; its space lives as long as it does. */
void thread_start_user(struct thread *thread);
/* It ends: at once if it waits, else at its next edge to user mode. Its partners hear ERR_GONE. */
void thread_kill(struct thread *thread, enum exit_reason reason);
/* The current one, from a system call or the edge to user mode: its end, in its own context, on its own stack. */
__noreturn void thread_end(uint64_t exit_code);
bool thread_destroy_step(struct object *object); /* struct object_kind */

/* --- any context --------------------------------------------------------------------------------------------------- */
static inline struct thread *thread_current(void)
{
	return this_cpu()->state->current;
}

void thread_copy_name(char name[THREAD_NAME_MAX]); /* of the current one */
const char *thread_name(void); /* "boot" before there are threads */
uint64_t thread_serial(void); /* of the current one; 0 before there are threads */
bool thread_may_be_killed(void);
uint8_t thread_syscall(void); /* the number of the one that the current thread is in, + 1; 0 = none */

/* Brackets a part of a system call that must not be left half done. */
static inline void commit_begin_of(struct thread *current)
{
	current->commit_depth++;
}

static inline void commit_end_of(struct thread *current)
{
	current->commit_depth--;
}

static inline void commit_begin(void)
{
	thread_current()->commit_depth++;
}

static inline void commit_end(void)
{
	thread_current()->commit_depth--;
}

#endif
