/* SPDX-License-Identifier: MIT */
/*
 * sh.h: the shell: what its files share. A command is a function and a COMMAND() line in any cmd_*.c of this folder; the rest is
 * main.c (where lines come from), words.c, records.c, complete.c.
 */
#ifndef AMBER_SH_H
#define AMBER_SH_H

#include <amber/linkerset.h>
#include <amber/system.h>

#include "console.h"
#include "supervisor.h"

#define WORDS_MAX 32 /* a program can't have more */

struct command {
	const char *name, *usage, *text; /* usage: what stands behind its name */
	/* words[0] is its name, words[count] NULL. False: wrong use, which is all that is said then. NULL: it is a program of the
	 * archive, of which only help says more than the name. */
	bool (*run)(int count, char **words);
	bool needs_lab; /* without lab=on it is not there */
};
SET_DECLARE(command, const struct command);
/* One line in a cmd_*.c makes a command. */
#define COMMAND_IF(name, usage, text, run, needs_lab) \
	static const struct command command_##name = { #name, usage, text, run, needs_lab }; \
	SET_ENTRY(command, const struct command, command_##name)
#define COMMAND(name, usage, text, run) COMMAND_IF(name, usage, text, run, false)
#define COMMAND_IS_PROGRAM(name, usage, text) COMMAND_IF(name, usage, text, NULL, false)

/* --- main.c -------------------------------------------------------------------------------------------------------- */
#define say(...) console_printf(HANDLE_CONSOLE, __VA_ARGS__) /* at most 504 bytes; lines end with \n */
#define SCREEN_COLUMNS 80
#define PLURAL(count) ((count) == 1 ? "" : "s")
/* Word by word, so that no line is wider than the screen: a blank and the text, or where that doesn't fit a new line, indented.
 * *column is where the line stands now; 0: no blank. */
void say_item(unsigned *column, const char *text);
extern bool is_in_run;      /* the command that runs is one of run= */
extern handle_t signals;    /* notification: */
#define SIGNAL_INTERRUPT 1ull /* Ctrl-C while a command runs */
#define SIGNAL_ENDED     2ull /* the program in the foreground has ended; others: cmd_programs.c */
/* Waits for one of these; which came. They are gone then, the others stay. */
uint64_t signals_take(uint64_t wanted, uint64_t timeout);
bool was_interrupted(void); /* Ctrl-C since the command began, or since it was last asked: for what prints much */
void listen_for_interrupts(void); /* again and again while waiting: the console driver may be another one by now */
bool has_lab(void);
const struct command *command_find(const char *name); /* NULL: there is none */
const struct command *command_behind(const char *name); /* the next one in the alphabet; NULL: it was the last */

/* --- words.c: the words of a line, in place. NULL = OK, else what is wrong ------------------------------------------- */
const char *words_split(char *line, char *words[WORDS_MAX + 1], int *count) __must_check;

/* --- records.c: what system_read shows, record by record --------------------------------------------------------------- */
struct records {
	enum system_kind what;
	uint64_t of, bytes_each;
	uint64_t cursor;
	bool is_last;
	size_t at, bytes;
	enum error error; /* why it ended too early */
	uint64_t buffer[256];
};
#define RECORDS(kind, type) { .what = (kind), .bytes_each = sizeof(type) }
const void *records_next(struct records *records); /* NULL: that was all, or an error */
enum error record_read(enum system_kind what, void *record, size_t bytes) __must_check; /* the only one of its kind */
/* The sealed object at that address; NULL: there is none. It is in *records, which begins anew. */
const struct system_sealed *sealed_find(struct records *records, uint64_t address);
/* An address: a number, or a symbol's. False: says why it is none, as `command` does. */
bool address_of(const char *command, const char *text, uint64_t *address) __must_check;
bool number_of(const char *command, const char *text, uint64_t *number) __must_check; /* the same for any number */

/* --- cmd_programs.c ------------------------------------------------------------------------------------------------------ */
/* Runs a program to its end, or until Ctrl-C. before: with the child that isn't started yet; may be NULL. ERR_NOT_FOUND: there is no
 * such program; everything else that goes wrong is said here. */
enum error program_run(char **words, enum error (*before)(struct child *child), uint64_t *exit_code) __must_check;
enum error program_in_background(char **words) __must_check; /* the same errors */
void jobs_report(void); /* those in the background that have ended */
bool is_service(const char *name); /* a program that the supervisor alone starts */
bool is_for_init(const char *name); /* it needs handles that the shell doesn't give */
const char *failed_program(void); /* the first one whose failure is one of this boot; NULL: none, as far as this shell knows */
void program_names(void (*visit)(void *context, const char *name), void *context);

/* --- complete.c: Tab ------------------------------------------------------------------------------------------------------- */
void complete(struct console_line *line);

#endif
