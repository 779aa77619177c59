/* SPDX-License-Identifier: MIT */
/*
 * gate_ops.h: the numbers of the gate's operations, for whoever calls arch_gate_call. The functions and
 * their checks are in mm/gate.c and mm/gate_*.c; the table gate_functions[] lies in .rodata.
 */
#ifndef AMBER_GATE_OPS_H
#define AMBER_GATE_OPS_H

#define GATE_EMPTY        0  /* nothing: for measuring */
#define GATE_SET_ENTRIES  1  /* table, index, first entry, step, count */
#define GATE_TABLE        2  /* arena frame, level */
#define GATE_TABLE_FREE   3  /* arena frame */
#define GATE_FRAME_TYPE   4  /* first frame, count, type */
#define GATE_DRY_BEGIN    5  /* page, neighbour (or 0) */
#define GATE_DRY_FLIP     6  /* frame before the step, if stored flags need mending */
#define GATE_DRY_END      7  /* whether to commit the difference, its start, its bytes; whether the copies are spoilt */
#define GATE_RING_APPEND  8  /* struct violation * */
#define GATE_RING_MERGE   9  /* struct violation *: the last record, longer */
#define GATE_STATE        10 /* chain element, used, state */
#define GATE_UNPROTECT    11 /* virtual address */
#define GATE_DEVICE       12 /* register, value: arch_gate_device */
#define GATE_DRY_FIX      13 /* frame before the step */
#define GATE_FAST_BEGIN   14 /* address of the store */
#define GATE_HOLD         15 /* takes the gate's lock for several calls */
#define GATE_LET_GO       16
#define GATE_CPU_START    17 /* CPU, step: arch_gate_cpu_start */
#define GATE_INTERRUPT    18 /* CPU, enum cpu_interrupt */
#define GATE_SHOOT        19 /* a shootdown's request: which CPUs (a bit for each) */
#define GATE_SHOOT_ANSWER 20
#define GATE_USER_ENTRIES 21 /* table, index, first frame + permissions (0 = none), count */
#define GATE_USER_PROTECT 22 /* table, index, permissions, count */
#define GATE_SEAL_USER    23 /* space root, user address, pages */
#define GATE_UNSEAL_USER  24 /* dead root, user address, pages */
#define GATE_USER_TABLE   25 /* arena frame, the table above, index there */
#define GATE_USER_TABLE_FREE 26 /* dead root, user address, level */
#define GATE_SPACE_ROOT   27 /* two arena frames: root, the table below it */
#define GATE_SPACE_KILL   28 /* space root */
#define GATE_SPACE_FREE   29 /* dead root */
#define GATE_OP_COUNT     30

#ifndef __ASSEMBLER__
#include <amber/types.h>
typedef uint64_t (*gate_function)(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e);
extern const gate_function gate_functions[GATE_OP_COUNT];
#endif

#endif
