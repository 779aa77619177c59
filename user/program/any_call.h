/* SPDX-License-Identifier: MIT */
/*
 * any_call.h: every system call as data (include/amber/syscalls.def by way of call_table.h), and a call of any number with any
 * arguments: for programs that attack the kernel with them.
 */
#ifndef AMBER_USER_ANY_CALL_H
#define AMBER_USER_ANY_CALL_H

#include "program.h"

#define ARGUMENTS_MAX 7

enum argument_kind { kind_handle, kind_number, kind_page, kind_pointer, kind_rights, kind_perms, kind_info, kind_word, kind_timeout };
struct call_argument {
	const char *name;
	enum argument_kind kind;
	uint64_t low, high;    /* number */
	enum object_type type; /* handle; OBJECT_NONE: any */
	uint32_t rights;       /* it needs all of these */
	bool is_optional;      /* it may be 0 */
};

#define ARGUMENT(name, kind, low, high, type, rights, is_optional) \
	{ #name, kind_##kind, low, high, OBJECT_##type, rights, is_optional }
#define CALL(number, name, errors, ...) [number] = { __VA_ARGS__ },
static const struct call_argument call_arguments[][ARGUMENTS_MAX] = {
#include <call_table.h>
};
#undef CALL
#define CALL(number, name, errors, ...) \
	[number] = sizeof((struct call_argument[]){ { 0 }, ##__VA_ARGS__ }) / sizeof(struct call_argument) - 1,
static const uint8_t call_argument_counts[] = {
#include <call_table.h>
};
#undef CALL
#define CALL(number, name, errors, ...) SYS_##name = number,
enum {
#include <call_table.h>
	CALLS = ARRAY_SIZE(call_argument_counts),
};
#undef CALL
#define CALL(number, name, errors, ...) [number] = #name,
static const char *const call_names[] = {
#include <call_table.h>
};
#undef CALL
/* Bit set: the call may return that error, says syscalls.def. */
#define CALL(number, name, errors, ...) [number] = errors,
static const uint32_t call_errors[] = {
#include <call_table.h>
};
#undef CALL

/* Returns the error. a: the arguments; then what their registers hold: results 1 to 5 in a[1] to a[5], if there are any. */
static inline uint64_t any_call(uint64_t call, uint64_t a[ARGUMENTS_MAX])
{
	register uint64_t number __asm__(REGISTER_NUMBER) = call;
	register uint64_t a0 __asm__(REGISTER_0) = a[0];
	register uint64_t a1 __asm__(REGISTER_1) = a[1];
	register uint64_t a2 __asm__(REGISTER_2) = a[2];
	register uint64_t a3 __asm__(REGISTER_3) = a[3];
	register uint64_t a4 __asm__(REGISTER_4) = a[4];
	register uint64_t a5 __asm__(REGISTER_5) = a[5];
	register uint64_t a6 __asm__(REGISTER_6) = a[6];

	__asm__ volatile(SYSCALL_INSTRUCTION
	                 : "+r"(number), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6)
	                 :
	                 : SYSCALL_LOST);
	a[1] = a1;
	a[2] = a2;
	a[3] = a3;
	a[4] = a4;
	a[5] = a5;
	a[6] = a6;
	/* The error's register is the number's or the first argument's. */
	return __builtin_strcmp(REGISTER_ERROR, REGISTER_NUMBER) == 0 ? number : a0;
}

#endif
