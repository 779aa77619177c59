/* SPDX-License-Identifier: MIT */
/*
 * user/user.ld.S: the layout of every user program (the C preprocessor runs over it). What gets permissions of its own starts on
 * a page; the program seals what is marked __ro_after_init as the kernel does with its own: see user/lib/seal.c.
 * A section that has no line here stops the link (--orphan-handling=error).
 */
#define PAGE 4096
#define TO_PAGE . = ALIGN(PAGE);

ENTRY(user_first_instruction)

PHDRS
{
	text   PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	sealed PT_LOAD FLAGS(6);
	data   PT_LOAD FLAGS(6);
}

SECTIONS
{
	/DISCARD/ : {
		*(.note.* .eh_frame .eh_frame_hdr .interp .dynamic .gnu.hash .dynsym .dynstr .hash)
		*(.ARM.attributes .ARM.exidx* .llvm_addrsig)
	}

	. = 0x400000;
	.text : {
		*crt0.S.o(.text)
		*(.text .text.*)
	} :text

	TO_PAGE
	.rodata : {
		*(.rodata .rodata.* .data.rel.ro .data.rel.ro.*)
		/* A table that grows by a line in any file (include/amber/linkerset.h): the shell's commands. */
		. = ALIGN(8);
		__start_set_command = .;
		KEEP(*(.set.command))
		__stop_set_command = .;
	} :rodata

	/* Writable until the program seals it: whole pages of its own. */
	TO_PAGE
	.data..ro_after_init : {
		__ro_after_init_start = .;
		*(.data..ro_after_init)
		TO_PAGE
		__ro_after_init_end = .;
	} :sealed

	TO_PAGE
	.data : { *(.data .data.*) } :data
	.bss : { *(.bss .bss.* COMMON) } :data
	__program_end = .;

	/* Not part of the running program: must stay empty (asserted below), or for debuggers. */
#include "not_loaded.h"
}

ASSERT((__ro_after_init_start & 4095) == 0 && (__ro_after_init_end & 4095) == 0, "sealed data has pages of its own")
ASSERT(SIZEOF(.rela) == 0, "relocations that nobody would apply")
ASSERT(SIZEOF(.got) == 0, "a global offset table: compile with -fno-pic")
