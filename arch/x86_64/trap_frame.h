/* SPDX-License-Identifier: MIT */
/*
 * arch/x86_64/trap_frame.h: the registers as trap.S stores them, vectors and selectors, and the offsets
 * that assembly uses. Also read by assembly. The size is a multiple of 16: the CPU aligns the stack
 * before it pushes (SDM vol. 3, 6.14.2), so the C code behind it gets the alignment that it expects.
 */
#ifndef AMBER_X86_TRAP_FRAME_H
#define AMBER_X86_TRAP_FRAME_H

#define VECTOR_DEBUG         1
#define VECTOR_NMI           2
#define VECTOR_DOUBLE_FAULT  8
#define VECTOR_PAGE_FAULT    14
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_EXCEPTIONS    32 /* below: the CPU's own */
#define VECTOR_PIC           32 /* 16 vectors of the 8259 pair: masked, only spurious ones can come */
#define VECTOR_PIC_END       48
#define VECTOR_TIMER         64
#define VECTOR_CALIBRATE     65
#define VECTOR_CPU           66 /* from another CPU */
#define VECTOR_UART          67 /* by the I/O APIC: in the order of enum user_device */
#define VECTOR_KEYBOARD      68
#define VECTOR_SPURIOUS      255
#define VECTOR_COUNT         256
#define VECTOR_SYSCALL       256 /* no vector: marks a frame that syscall.S made */
#define TRAP_VECTOR_BYTES      16 /* one vector's code in trap.S */

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_USER_DATA 0x1b /* with the privilege that user mode asks for */
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TSS  0x28 /* of CPU 0; each further CPU 16 more */
#define RFLAGS_AC     0x40000

#define FRAME_RDI    72
#define FRAME_RAX    112
#define FRAME_VECTOR 120
#define FRAME_RIP    136
#define FRAME_CS     144
#define FRAME_RFLAGS 152
#define FRAME_BYTES  176

#define STEP_RIP   0 /* from cpu_state.step_sp, see step.S */
#define STEP_LO    8
#define STEP_LAST  16
#define STEP_TURNS 24
#define STEP_BYTES 32

#define STATE_STEP_FRAME 8 /* in struct cpu_state */
#define STATE_STEP_SP    16
#define STATE_IS_STOPPED 36
#define STATE_KERNEL_SP  64
#define X86_GDT_BYTES    ((5 + 2 * CPUS_MAX) * 8)

#ifndef __ASSEMBLER__
#include <amber/percpu.h>
#include <amber/types.h>

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct trap_frame) == FRAME_BYTES && FRAME_BYTES % 16 == 0, "trap.S builds it");
_Static_assert(offsetof(struct trap_frame, rdi) == FRAME_RDI, "assembly reads it there");
_Static_assert(offsetof(struct trap_frame, rax) == FRAME_RAX, "assembly reads it there");
_Static_assert(offsetof(struct trap_frame, rip) == FRAME_RIP, "assembly reads it there");
_Static_assert(offsetof(struct trap_frame, cs) == FRAME_CS, "assembly reads it there");
_Static_assert(offsetof(struct trap_frame, vector) == FRAME_VECTOR, "assembly reads it there");
_Static_assert(offsetof(struct trap_frame, rflags) == FRAME_RFLAGS, "assembly reads it there");
_Static_assert(offsetof(struct cpu_state, step_frame) == STATE_STEP_FRAME, "assembly reads it there");
_Static_assert(offsetof(struct cpu_state, step_sp) == STATE_STEP_SP, "assembly reads it there");
_Static_assert(offsetof(struct cpu_state, kernel_sp) == STATE_KERNEL_SP, "assembly reads it there");
_Static_assert(offsetof(struct cpu_state, is_stopped) == STATE_IS_STOPPED, "assembly writes it there");
#endif

#endif
