/* SPDX-License-Identifier: MIT */
/*
 * scene.h: what `attacks` calls the kernel with when all is right: an object of each type, text, a space with one page mapped.
 * scene.c. Main thread.
 */
#ifndef AMBER_USER_SCENE_H
#define AMBER_USER_SCENE_H

#include "../any_call.h"
#include "thread.h"

#define FREE         0x3000100000ull /* in the scene's space: nothing is mapped there */
#define SOUND_WORD   0x400000ull     /* a user address, too */
#define SOUND_LENGTH 5               /* of text that a pointer leads to */

/* Objects of each type, all others' rights, made anew for each call. */
struct scene {
	handle_t right[OBJECT_TYPES]; /* HANDLE_NONE: there is no such object */
	handle_t stale[OBJECT_TYPES];
	handle_t any, uart;
	handle_t endpoint;            /* of the caller that waits for an answer */
	struct thread stopped, caller;
	char *text;                   /* a page; nothing is mapped behind it */
};
extern struct scene scene;

void make_text(void); /* once */
void make_scene(void);
void end_scene(void);

uint64_t right_argument(uint64_t call, unsigned i);
void right_arguments(uint64_t call, uint64_t a[ARGUMENTS_MAX]);

void do_nothing(void *argument); /* a thread */
handle_t copy_of(handle_t handle, uint32_t rights);
uint32_t rights_of(handle_t handle);
/* errors.c: a call, and its error; one that syscalls.def doesn't list for it is wrong. */
uint64_t noted_call(uint64_t call, uint64_t a[ARGUMENTS_MAX]);
void note(uint64_t call, uint64_t error);
void report_errors(void);

/* main.c */
void went_wrong(uint64_t call, const char *name, uint64_t value, const char *what, enum error expected, uint64_t got);

void need(enum error error, const char *what); /* else the program ends */

#endif
