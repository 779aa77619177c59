/* SPDX-License-Identifier: MIT */
/* syscall.h: how an aarch64 program enters the kernel: what the functions that tools/syscalls.py makes are built from. */
#ifndef AMBER_USER_SYSCALL_H
#define AMBER_USER_SYSCALL_H

#define SYSCALL_INSTRUCTION "svc #0"
#define SYSCALL_LOST        "memory"
#define REGISTER_NUMBER     "x8"
#define REGISTER_ERROR      "x0"
#define REGISTER_0          "x0"
#define REGISTER_1          "x1"
#define REGISTER_2          "x2"
#define REGISTER_3          "x3"
#define REGISTER_4          "x4"
#define REGISTER_5          "x5"
#define REGISTER_6          "x6"
#define REGISTER_RESULT_6   "x6"

#endif
