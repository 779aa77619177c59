/* SPDX-License-Identifier: MIT */
/* syscall.h: how an x86_64 program enters the kernel: what the functions that tools/syscalls.py makes are built from. */
#ifndef AMBER_USER_SYSCALL_H
#define AMBER_USER_SYSCALL_H

#define SYSCALL_INSTRUCTION "syscall"
#define SYSCALL_LOST        "rcx", "r11", "r14", "memory"
#define REGISTER_NUMBER     "rax"
#define REGISTER_ERROR      "rax"
#define REGISTER_0          "rdi"
#define REGISTER_1          "rsi"
#define REGISTER_2          "rdx"
#define REGISTER_3          "r10"
#define REGISTER_4          "r8"
#define REGISTER_5          "r9"
#define REGISTER_6          "r12"
#define REGISTER_RESULT_6   "rdi"

#endif
