/* SPDX-License-Identifier: MIT */
/* error.h: the named errors that functions return. Zero is success. Pure, any context. */
#ifndef AMBER_ERROR_H
#define AMBER_ERROR_H

enum error {
	OK = 0,
	ERR_INVALID,     /* an argument makes no sense */
	ERR_RANGE,       /* a number or address out of bounds */
	ERR_NO_MEMORY,   /* nothing left to allocate */
	ERR_DENIED,      /* the rules forbid it (a gate check) */
	ERR_NOT_FOUND,   /* no such thing */
	ERR_AMBIGUOUS,   /* several such things */
	ERR_NOT_MAPPED,  /* no translation at that address */
	ERR_UNSUPPORTED, /* the machine lacks it */
	ERR_FULL,        /* a fixed table has no room */
	ERR_HARDWARE,    /* a device did not answer */
	ERR_BUSY,        /* another CPU is at it: again */
	ERR_OPEN,        /* not sealed any more */
	ERR_HANDLE,      /* no such handle */
	ERR_TYPE,        /* a handle to another kind of object */
	ERR_RIGHTS,      /* the handle lacks a right */
	ERR_GONE,        /* the partner or the object has died */
	ERR_TIMEOUT,     /* nobody came in time */
	ERR_SEALED,      /* immutable until the space dies */
	ERR_COUNT,
};

const char *error_text(enum error error); /* kernel/format.c: "denied", … */

#endif
