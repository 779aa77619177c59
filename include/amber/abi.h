/* SPDX-License-Identifier: MIT */
/*
 * abi.h: what kernel and user programs share: handles' rights, messages, faults, addresses, limits. The system calls
 * themselves are in syscalls.def; errors in error.h. Declarations only.
 */
#ifndef AMBER_ABI_H
#define AMBER_ABI_H

#include <amber/error.h>
#include <amber/types.h>

/* --- The user half of the address space: one top-level slot -------------------------------------------------- */
#define USER_START     0x200000ull     /* below: never mapped, so that a null pointer faults */
#define USER_END       0x8000000000ull
#define VDSO_DATA_ADDRESS 0x7fffffe000ull /* in every space: struct vdso_data, read-only … */
#define VDSO_CODE_ADDRESS 0x7ffffff000ull /* … and code; sealed frames */
/* A program's first stack; its thread's message page lies directly above it. Stacks end on a multiple of their size. */
#define STACK_BYTES       0x10000ull
#define FIRST_STACK_TOP   0x7fff000000ull

/* --- Handles: small numbers, 0 is none. Low bits index the space's table, high bits count the entry's uses ------ */
typedef uint64_t handle_t;
#define HANDLE_NONE       0
#define HANDLE_INDEX_BITS 10
#define HANDLES_MAX       (1u << HANDLE_INDEX_BITS) /* in one space, index 0 included */

/* What the first program finds in its table. Other programs get what their parent gives, from 1 on. */
#define HANDLE_SPACE       1 /* its own space */
#define HANDLE_THREAD      2 /* its own first thread */
#define HANDLE_LAB         3 /* lab=on only: the deliberately vulnerable device */
#define HANDLE_UART        4 /* memory: the serial line's registers (aarch64) or ports (x86_64) */
#define HANDLE_UART_IRQ    5 /* irq: its interrupt */
#define HANDLE_SYSTEM      6 /* the kernel itself (system.h); without control for a program that init= names */
#define HANDLE_KEYBOARD    7 /* the supervisor only. Memory: ports of the PS/2 controller, read only; x86_64 */
#define HANDLE_KEYBOARD_IRQ 8 /* irq: the keyboard's */

enum object_type {
	OBJECT_NONE,
	OBJECT_THREAD,
	OBJECT_SPACE,
	OBJECT_ENDPOINT,
	OBJECT_NOTIFICATION,
	OBJECT_MEMORY,
	OBJECT_IRQ,
	OBJECT_REPLY, /* the right to answer one call, kept for later */
	OBJECT_LAB,
	OBJECT_SYSTEM, /* the kernel itself: see system.h */
	OBJECT_TYPES,
};

#define RIGHT_READ    1u   /* memory: map readable, device_read; thread, space: info; thread: watch; lab, system: read */
#define RIGHT_WRITE   2u   /* memory: map writable, device_write; lab: write */
#define RIGHT_MAP     4u   /* memory: map at all; space: map into it, load, seal */
#define RIGHT_SEND    8u   /* endpoint: send, call; notification: signal; reply: reply; system: console_write */
#define RIGHT_RECEIVE 16u  /* endpoint: receive; notification: wait; irq: bind, acknowledge; system: console_watch */
#define RIGHT_GRANT   32u  /* may be duplicated, sent in messages, given to a space */
#define RIGHT_CONTROL 64u  /* thread: start, kill, set; space: threads, give, kill, trace; system: orders; any: revoke */
#define RIGHTS_ALL    127u

/* --- Messages ---------------------------------------------------------------------------------------------------
 * Words 0 to 3 travel in registers, the others in the thread's message page. `info` says how much counts. */
#define MESSAGE_WORDS_MAX      64
#define MESSAGE_REGISTER_WORDS 4
#define MESSAGE_HANDLES_MAX    4
#define MESSAGE_INFO(label, words, handles) ((uint64_t)(label) << 16 | (uint64_t)(handles) << 8 | (words))
#define MESSAGE_WORDS(info)   ((unsigned)(info) & 127)
#define MESSAGE_HANDLES(info) ((unsigned)((info) >> 8) & 7)
#define MESSAGE_LABEL(info)   ((uint32_t)((info) >> 16))
#define MESSAGE_FROM_KERNEL   (1ull << 63) /* a fault; only the kernel can set it */
#define MESSAGE_IS_CALL       (1ull << 62) /* set on receipt: an answer is awaited */
#define MESSAGE_INFO_MASK     0x0000ffffffff077full /* what a sender may set: 0 … 64 words, 0 … 4 handles */

#define MESSAGE_ARGUMENTS_MAX 2048
/* The thread's own page, mapped where its creator said. */
struct message_page {
	uint64_t words[MESSAGE_WORDS_MAX];      /* words[0 … 3] are not used: they travel in registers */
	uint64_t handles[MESSAGE_HANDLES_MAX];  /* to send: handles; received: the new handles here */
	uint64_t rights[MESSAGE_HANDLES_MAX];   /* to send: rights that go along */
	uint64_t arguments_bytes;               /* written once, when the thread is made */
	char arguments[MESSAGE_ARGUMENTS_MAX];  /* words with a 0 behind each */
};

#define TIMEOUT_NOW     0ull /* don't wait */
#define TIMEOUT_FOREVER UINT64_MAX /* else microseconds */

/* --- Faults: a message to the space's pager, from the kernel, with these words; MESSAGE_LABEL = enum user_fault ------- */
enum user_fault {
	FAULT_READ = 1, FAULT_WRITE, FAULT_EXECUTE, /* word 0: address, 1: program counter, 2: thread id, 3: machine's code */
	FAULT_EXCEPTION,                            /* the same; no address */
};
/* The answer: label FAULT_RESUME (word 0, if there is one, is the new program counter) or FAULT_KILL. */
#define FAULT_RESUME 0
#define FAULT_KILL   1

/* --- Permissions of a user mapping -------------------------------------------------------------------------------- */
#define MAP_READ    1u
#define MAP_WRITE   2u
#define MAP_EXECUTE 4u /* never together with MAP_WRITE */

/* --- Threads ---------------------------------------------------------------------------------------------------------- */
#define PRIORITIES       32 /* 0 lowest … 31 */
#define PRIORITY_DEFAULT 16
#define PRIORITY_HIGHEST_USER 30
#define EXIT_KILLED  0x100000000ull /* in exit codes: not by itself; + enum exit_reason */
enum exit_reason { EXIT_REASON_KILLED = 1, EXIT_REASON_FAULT, EXIT_REASON_OOPS, EXIT_REASON_NO_HANDLE };

struct thread_info {
	uint64_t state, priority, cpu, exit_code, runs; /* runs: how often it was switched to */
};

/* --- vDSO: struct vdso_data at VDSO_DATA_ADDRESS, written while starting ----------------------------------------------- */
struct vdso_data {
	uint64_t version;      /* 1 */
	uint64_t counter_base; /* machine's counter at kernel entry */
	uint64_t scale;        /* microseconds = (counter - base) * scale >> shift, in 128 bits */
	uint64_t shift;
	uint64_t counts_instructions; /* 1: the instruction counter is exact and programs may read it */
	uint64_t entry_instructions;  /* that counter at kernel entry, waits for hardware added */
};

#endif
