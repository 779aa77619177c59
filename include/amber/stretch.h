/* SPDX-License-Identifier: MIT */
/*
 * stretch.h: labels around what is counted. The stretch NAME begins at the global label bench_NAME_begin and ends before
 * the instruction at bench_NAME_end, so that a tool outside (tools/plugin/count.c) can count the same. A label can exist
 * only once: the code around it must not be copied by the compiler (__single, no loop); if it is, the assembler says so.
 */
#ifndef AMBER_STRETCH_H
#define AMBER_STRETCH_H

#define STRETCH_LABEL(name) ".globl bench_" name "\nbench_" name ":\n"
#define STRETCH_MARK(name)  __asm__ volatile(STRETCH_LABEL(name) : : : "memory")

/* What a boot doesn't count (printing, waits for hardware) lies between bench_left_out_NAME_begin and _end. */
#define LEFT_OUT_BEGIN(name) STRETCH_MARK("left_out_" name "_begin")
#define LEFT_OUT_END(name)   STRETCH_MARK("left_out_" name "_end")

#endif
