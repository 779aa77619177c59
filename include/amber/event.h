/* SPDX-License-Identifier: MIT */
/*
 * event.h: the "@amber {json}" lines for tools. event_begin flushes an open violation record first
 * (kernel/violation_log.c), so events come out in the order in which things happened. kernel/event.c;
 * interrupts are masked between begin and end; not nestable.
 */
#ifndef AMBER_EVENT_H
#define AMBER_EVENT_H

#include <amber/json.h>

/* Starts an event line: first key "event", then "nonce" if the command line gave one. */
struct json *event_begin(const char *name);
/* The same without flushing (the flush itself, and a panic that is already printing). */
struct json *event_begin_unflushed(const char *name);
void event_end(struct json *json); /* writes the line out */

#endif
