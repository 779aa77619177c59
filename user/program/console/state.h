/* SPDX-License-Identifier: MIT */
/*
 * state.h: what outlives the driver. It lies in memory that the supervisor keeps and hands to each new driver, which so goes on with
 * the line that was being typed, the lines before, and what was typed ahead. state.c, sane.c.
 */
#ifndef AMBER_CONSOLE_STATE_H
#define AMBER_CONSOLE_STATE_H

#include <amber/annotate.h>
#include <amber/error.h>

#include "keys.h"
#include "line.h"
#include "queue.h"

/* All 0 at first. */
struct state {
	struct editor editor;
	struct queue queue;
	struct terminal_input terminal; /* half a sequence may have come */
	struct keyboard_input keyboard; /* Shift may be down */
	bool is_reading;    /* the editor's line belongs to whoever reads with the same prompt and badge */
	uint64_t badge;
	bool is_completing; /* the last answer was CONSOLE_COMPLETE: the line will be read on … */
	bool is_cut;        /* … but Ctrl-C came meanwhile; or while nobody read what is_reading tells of */
	bool is_owed;       /* Ctrl-C came before anybody had told this driver that it wants to know */
	bool is_dropping;   /* the line that is being typed: half of it must not become a command */
	bool is_busy;       /* with a message: who finds it set follows one that died of that, or was killed meanwhile */
	unsigned deaths;    /* of this kind, since a line was shown for the last time */
};

/* Maps it, or memory of its own if none was given. What is no use any more, or has been fatal twice, begins anew, and a line says so. */
enum error state_open(struct state **state) __must_check;
/* Is everything in it what keys.c, line.c, queue.h and server.c can leave there? Pure. */
bool state_is_sane(const struct state *state);

#endif
