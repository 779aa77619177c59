/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/registers.h: bits of system registers and of saved processor state, for C and assembly.
 * Names and numbers: Arm Architecture Reference Manual (DDI 0487), D17 (registers) and D8.3 (descriptors).
 */
#ifndef AMBER_AARCH64_REGISTERS_H
#define AMBER_AARCH64_REGISTERS_H

/* MAIR_EL1: index 0 = normal write-back memory, index 1 = device memory nGnRE. */
#define MAIR_VALUE       0x04ff
#define MAIR_NORMAL      0
#define MAIR_DEVICE      1

/* TCR_EL1: 48-bit halves, 4 KiB pages, walks inner shareable write-back like MAIR's index 0; the ASID is
 * TTBR1's (A1), so that one register write changes root and ASID together. HA and HD stay 0. */
#define TCR_T0SZ         (16 << 0)
#define TCR_WALK0        ((1 << 8) | (1 << 10) | (3 << 12))
#define TCR_T1SZ         (16 << 16)
#define TCR_A1           (1 << 22)
#define TCR_WALK1        ((1 << 24) | (1 << 26) | (3 << 28))
#define TCR_TG1_4K       0x80000000
#define TCR_IPS_SHIFT    32
#define TCR_IPS_48_BITS  5
#define TCR_AS_BIT       36 /* ASIDs of 16 bits */
#define TCR_HA_BIT       39
#define TCR_HD_BIT       40
#define TCR_E0PD1_BIT    56 /* user mode's accesses to the kernel's half fault without a walk */
#define TCR_VALUE        (TCR_T0SZ | TCR_WALK0 | TCR_T1SZ | TCR_A1 | TCR_WALK1 | TCR_TG1_4K)

/* SCTLR_EL1: MMU, caches, stack alignment check, and the bits that are 1 where they mean nothing. */
#define SCTLR_M          (1 << 0)
#define SCTLR_C          (1 << 2)
#define SCTLR_SA         (1 << 3)
#define SCTLR_ITD        (1 << 7)
#define SCTLR_SED        (1 << 8)
#define SCTLR_EOS        (1 << 11)
#define SCTLR_I          (1 << 12)
#define SCTLR_NTWI       (1 << 16)
#define SCTLR_NTWE       (1 << 18)
#define SCTLR_WXN_BIT    19
#define SCTLR_TSCXT      (1 << 20)
#define SCTLR_EIS        (1 << 22)
#define SCTLR_SPAN       (1 << 23)
#define SCTLR_NTLSMD     (1 << 28)
#define SCTLR_LSMAOE     (1 << 29)
#define SCTLR_OFF        (SCTLR_ITD | SCTLR_SED | SCTLR_EOS | SCTLR_NTWI | SCTLR_NTWE | SCTLR_TSCXT | SCTLR_EIS | \
                          SCTLR_NTLSMD | SCTLR_LSMAOE)
#define SCTLR_ON         (SCTLR_OFF | SCTLR_M | SCTLR_C | SCTLR_SA | SCTLR_I)

/* MDSCR_EL1 */
#define MDSCR_SS         (1 << 0)
#define MDSCR_TDCC       (1 << 12) /* user mode can't reach the debugger's channel */
#define MDSCR_KDE        (1 << 13)

/* Saved processor state (SPSR_EL1); DAIF has its mask bits in the same places. */
#define PSTATE_F         (1 << 6)
#define PSTATE_I_BIT     7
#define PSTATE_I         (1 << 7)
#define PSTATE_A         (1 << 8)
#define PSTATE_D         (1 << 9)
#define PSTATE_MASKS     (PSTATE_F | PSTATE_I | PSTATE_A | PSTATE_D)
#define PSTATE_SS        (1 << 21)
#define PSTATE_EL1H      5
#define PSTATE_MODE      15 /* exception level and stack pointer; 0 = user mode */
/* What user mode keeps of its processor state: flags, DIT, TCO. All else is 0: user mode, 64 bits, nothing masked. */
#define PSTATE_USER_MASK 0xff000000

/* TTBR1_EL1 */
#define TTBR_ASID_SHIFT  48
#define TTBR_FRAME_MASK  0x0000fffffffff000
#define ASID_KERNEL      1
#define ASID_GATE        2
#define ASID_DRY         3
#define ASID_LAST_OWN    3 /* behind it those of spaces */

/* CNTKCTL_EL1: user mode reads the virtual counter, and nothing else of the timers. */
#define CNTKCTL_VALUE    2
/* PMUSERENR_EL0.ER: user mode reads the event counters. */
#define PMUSERENR_ER_BIT 3

/* ESR_EL1 of `svc #0`: class 0x15, 32-bit instruction, immediate 0 (D17.2.37). */
#define ESR_SVC_0        0x56000000

/* Where the instruction counter stands: pmu_kind. */
#define PMU_NONE         0 /* there is none */
#define PMU_NARROW       1 /* 32 bits */
#define PMU_CHAINED      2 /* two counters of 32 bits */
#define PMU_WIDE         3 /* 64 bits */
#define PMU_EVENT_INST_RETIRED 8
#define PMU_EVENT_CHAIN        0x1e

#endif
