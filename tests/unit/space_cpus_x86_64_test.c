/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/space_cpus_x86_64_test.c: space_cpus_cases.c with x86_64's page-table entries.
 * sources: tests/unit/space_cpus_cases.c tests/unit/gate_scene.c tests/unit/user_scene.c tests/unit/fake_kernel.c tests/unit/fake_machine/fake_machine.c
 * sources: tests/unit/fake_machine/fake_events.c tests/unit/fake_machine/table_walk.c kernel/format.c
 * sources: mm/arena.c mm/arena_plan.c mm/frame.c mm/frame_run.c mm/gate.c mm/gate_calls.c mm/gate_cpus.c mm/gate_dry.c
 * sources: mm/gate_fast.c mm/gate_frames.c mm/gate_lock.c mm/gate_records.c mm/gate_run.c mm/pagetable.c mm/percpu_map.c
 * sources: mm/kernel_map.c mm/memory_map.c mm/phys.c mm/shootdown.c mm/gate_spaces.c mm/gate_user.c mm/gate_user_seal.c mm/call_gate.c mm/vdso_pages.c mm/address_space.c mm/space_tables.c mm/user_frames.c
 * flags: -include tests/unit/fake_machine/layout.h -I tests/unit/fake_machine -I arch/x86_64 -no-pie -fno-pie
 * flags: -Wl,-T,tests/unit/fake_machine/image.ld
 */
#include "cases.h"

int main(void)
{
	return space_cpus_cases();
}
