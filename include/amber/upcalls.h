/* SPDX-License-Identifier: MIT */
/*
 * upcalls.h: the only functions that are implemented above their caller. arch/ and boot/ call the first
 * group, mm/ the second. Ground floor (log, event, panic, lock, string) is callable from everywhere.
 */
#ifndef AMBER_UPCALLS_H
#define AMBER_UPCALLS_H

#include <amber/annotate.h>
#include <amber/boot_info.h>
#include <amber/fault.h>
#include <amber/percpu.h>
#include <amber/violation.h>

/* boot/: first C function for each protocol, called by arch/ARCH/entry.S on the boot stack, boot tables live. */
void multiboot2_entry(uint64_t info) __noreturn;
void pvh_entry(uint64_t start_info) __noreturn;
void fdt_entry(uint64_t fdt) __noreturn;

/* kernel/main.c: story 1. boot_info lies in init memory. */
void kernel_main(struct boot_info *boot_info) __noreturn;

/* kernel/cpus.c: the first C function of every other CPU: on its idle stack, interrupts masked, kernel root loaded. */
void cpu_main(struct percpu *cpu) __noreturn;
/* kernel/cpus.c: what a CPU owes to the others while it spins with interrupts masked. */
void cpu_poll(void);
/* kernel/cpus.c, for mm/: runs it on every CPU, one after the other, in a kernel thread. */
void on_each_cpu(void (*fn)(void *), void *argument);
/* kernel/irq.c: another CPU asks (tlb shootdown), or only wakes this one. */
void irq_from_cpu(enum cpu_interrupt what);

/* kernel/main.c: boot information that can't be used: one line, then as after a panic. boot_info->cmdline counts
 * as far as it was read. */
void kernel_boot_failed(struct boot_info *boot_info, const char *why) __noreturn;

/* mm/fault.c: story 2. Interrupts masked. Returns if execution may go on at frame; never, if the frame
 * was moved to the dry-run stack. */
void fault_handle(struct trap_frame *frame, const struct fault *fault);

/* kernel/irq.c: an interrupt. `timer` = it is this CPU's timer tick, else an unexpected one (number). */
void irq_handle(struct trap_frame *frame, bool timer, unsigned number);

/* kernel/violation_log.c, for mm/: where this CPU's next record is built. / Prints what a story closed, once the gate's lock
 * is free again. */
struct violation *violation_room(void);
void violation_log_print(void);
/* kernel/decide.c, for mm/fault.c: adds time, thread, context, backtrace; asks the chain; records. The verdict is in
 * violation->verdict afterwards. */
void policy_decide(struct violation *violation, const struct trap_frame *frame);
/* kernel/thread.c: the current thread dies (verdict oops). */
void thread_oops(const struct violation *violation) __noreturn;

/* kernel/syscall.c, for arch/: a system call, the registers in *frame (at the top of the current thread's kernel stack);
 * interrupts masked. Returns the frame to go on with: this one, or that of the thread that runs now. Never a frame of
 * kernel mode. They return with the big lock held: the assembly stores 0 to big_lock_holder (release) when the stack pointer
 * is that frame; so does arch_switch_to_user. */
extern uint32_t big_lock_holder; /* kernel/big_lock.c: CPU + 1; 0 = free */
struct trap_frame *syscall_handle(struct trap_frame *frame) __must_check;
/* kernel/user_trap.c, for arch/: the same for a fault in user mode / an interrupt that came in user mode (`handle` has been
 * called inside: irq_handle or irq_from_cpu). */
struct trap_frame *user_fault(struct trap_frame *frame, const struct fault *fault) __must_check;
struct trap_frame *user_interrupted(struct trap_frame *frame) __must_check;
/* kernel/irq_object.c, from irq_handle: line `number`, which is masked now. False: nobody waits for it. */
bool irq_object_fire(unsigned number);

#endif
