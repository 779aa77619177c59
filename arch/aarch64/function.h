/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/function.h: for assembly: a function with type and size, so that the symbol table knows how
 * far it reaches, and an entry of the table of accesses that may fail.
 */
#ifndef AMBER_AARCH64_FUNCTION_H
#define AMBER_AARCH64_FUNCTION_H

#define FUNCTION(name)     .globl name; .type name, %function; .balign 4; name:
#define FUNCTION_END(name) .size name, . - name

/* A fault at the label `pc` continues at `target` (struct fixup in arch.h). */
#define FIXUP(pc, target)  .pushsection .fixup_table, "a"; .balign 8; .quad pc, target; .popsection

#endif
