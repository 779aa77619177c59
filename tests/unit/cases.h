/* SPDX-License-Identifier: MIT */
/* tests/unit/cases.h: tests that are built twice, with each machine's page-table entries: NAME_x86_64_test.c, NAME_aarch64_test.c. */
#ifndef AMBER_TESTS_CASES_H
#define AMBER_TESTS_CASES_H

int kernel_map_cases(void);
int pagetable_cases(void);
int gate_cases(void);
int gate_frames_cases(void);
int gate_run_cases(void);
int gate_lock_cases(void);
int gate_cpus_cases(void);
int gate_fast_cases(void);
int seal_cases(void);
int gate_user_cases(void);
int gate_spaces_cases(void);
int address_space_cases(void);
int user_frames_cases(void);
int space_cpus_cases(void);

#endif
