/* SPDX-License-Identifier: MIT */
/*
 * log.h: lines for people. Each goes out whole, as "[seconds.micros] area: text", on serial and on a
 * text screen. kernel/log.c; any context (a panic does not wait for the lock).
 */
#ifndef AMBER_LOG_H
#define AMBER_LOG_H

#include <amber/annotate.h>
#include <amber/types.h>

/* LOG_ALWAYS: as little to be left out as an error, but none. */
enum log_level { LOG_ALWAYS = -1, LOG_ERROR, LOG_WARN, LOG_INFO, LOG_MORE, LOG_DEBUG };

/* Prints if level <= the boot option loglevel (default LOG_INFO). */
void log_line(enum log_level level, const char *area, const char *fmt, ...) __printf(3, 4);
#define log_always(area, ...) log_line(LOG_ALWAYS, area, __VA_ARGS__)
#define log_error(area, ...) log_line(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  log_line(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  log_line(LOG_INFO, area, __VA_ARGS__)
#define log_more(area, ...)  log_line(LOG_MORE, area, __VA_ARGS__)
#define log_debug(area, ...) log_line(LOG_DEBUG, area, __VA_ARGS__)

extern bool log_lock_live;                    /* kernel_main sets it once atomics and this_cpu() are known to work */
void log_raw(const char *text, size_t bytes); /* serial only, as it is (events, KTAP); ends a started line first */
void log_serial_only(bool on);                /* while on, log_line leaves the screen alone */
uint64_t log_instructions(void);              /* spent in printing until now: figures leave it out */
void log_break_lock(void);                    /* panic: from now on nobody waits for the log's lock */

/* The console driver's text, filtered in place (kernel/console_filter.c). One that begins with \r begins the line anew: the one
 * that stands, or a new one. stands: it is unfinished, and is ended by whatever line comes. False: one came since, and this text
 * was to go on where it stood: nothing was printed. Big lock not held. */
bool log_console(char *text, size_t bytes, bool stands);
void log_console_draw(void);                  /* shows it on the screen, bit by bit: others may print meanwhile */
bool log_console_news(void);                  /* did a line end the standing one since the last time? */

#endif
