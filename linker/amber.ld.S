/* SPDX-License-Identifier: MIT */
/*
 * linker/amber.ld.S: the one layout of the kernel image, for both machines (the C preprocessor runs over
 * it). Every range that gets permissions of its own starts and ends on a page, so that sealing never
 * splits a page between two kinds of data; the assertions at the end and tools/check_elf.py hold this.
 * A section that has no line here stops the link (--orphan-handling=error): nothing lands by chance.
 */
#include <amber/layout.h>
#include LINKER_MACHINE

#define PAGE     4096
#define LMA(s)   AT(ADDR(s) - LMA_OFFSET)
#define SET(s)   . = ALIGN(8); __start_set_##s = .; KEEP(*(.set.s)) __stop_set_##s = .;
#define TO_PAGE  . = ALIGN(PAGE);

OUTPUT
ENTRY(ENTRY_POINT) /* virtual: GRUB looks for the segment that holds it */

PHDRS
{
	text      PT_LOAD FLAGS(5);
	rodata    PT_LOAD FLAGS(4);
	note      PT_NOTE FLAGS(4);
	init_text PT_LOAD FLAGS(5);
	data      PT_LOAD FLAGS(6);
}

SECTIONS
{
	/DISCARD/ : {
		*(.note.GNU-stack .note.gnu.property .eh_frame .eh_frame_hdr .interp .dynamic .gnu.hash .dynsym .dynstr .hash)
		*(.ARM.attributes .ARM.exidx* .llvm_addrsig)
	}

	. = IMAGE_BASE;
	__image_start = .;

	/* What loaders look for comes first: the Image header at byte 0, Multiboot2's within 32 KiB. */
	.text : LMA(.text) {
		__text_start = .;
		KEEP(*(.head.text))
		. = ALIGN(8);
		KEEP(*(.multiboot2))
		*(NOT_LIBFDT .text NOT_LIBFDT .text.*)
		TO_PAGE
		__text_end = .;
	} :text TEXT_FILL

	/* Constants. The build-id's 20 bytes follow its note header of 16. QEMU wants notes aligned to 4. */
	.notes : LMA(.notes) {
		__rodata_start = .;
		__build_id_note = .;
		KEEP(*(.note.gnu.build-id))
		__build_id_start = __build_id_note + 16;
		__build_id_end = .;
		KEEP(*(NOT_LIBFDT .note.*))
	} :rodata :note

	.rodata : LMA(.rodata) {
		*(NOT_LIBFDT .rodata NOT_LIBFDT .rodata.*)
		*(NOT_LIBFDT .data.rel.ro NOT_LIBFDT .data.rel.ro.*)
		. = ALIGN(16);
		__fixup_start = .;
		KEEP(*(.fixup_table))
		__fixup_end = .;
		SET(policy)
		SET(selftest)
		/* Last, because the first link has none: tools/symbols.py makes it from the linked kernel. */
		. = ALIGN(16);
		KEEP(*(.symbol_table))
		TO_PAGE
	} :rodata

	/* The user programs: a cpio archive (user/rules.mk), constants like the others. */
	.user_archive : LMA(.user_archive) {
		__user_archive_start = .;
		KEEP(*(.user_archive))
		__user_archive_end = .;
		TO_PAGE
		__rodata_end = .;
	} :rodata

	/* Code and data that go when the image is sealed. */
	.init.text : LMA(.init.text) {
		__init_start = .;
		__init_text_start = .;
		*(.init.text .init.text.*)
#ifdef HAS_LIBFDT
		*libfdt.a:*(.text .text.*)
#endif
		TO_PAGE
		__init_text_end = .;
	} :init_text TEXT_FILL

	.init.data : LMA(.init.data) {
		__init_data_start = .;
		*(.init.data .init.data.* .init.rodata .init.rodata.*)
		. = ALIGN(8);
		__start_set_initcall = .;
		KEEP(*(.init.set.initcall))
		__stop_set_initcall = .;
#ifdef HAS_LIBFDT
		*libfdt.a:*(.rodata .rodata.* .data .data.* .bss .bss.* COMMON)
		. = ALIGN(8);
		*(.got .got.plt)
#endif
		TO_PAGE
		__init_bss_start = .;
		*(.init.bss .init.bss.*)
		TO_PAGE
		__init_data_end = .;
		__init_end = .;
	} :data

	/* Sealed after the initcalls: class data … */
	.data..ro_after_init : LMA(.data..ro_after_init) {
		__ro_after_init_start = .;
		*(.data..ro_after_init)
		/* 64 bytes that may be overwritten for an experiment without hitting the kernel's own data. */
		. = ALIGN(64);
		*(.data..ro_after_init.lab_word)
		. += 64;
		TO_PAGE
		*(.data..ro_after_init.lab_page)
		*(.data..ro_after_init.lab_next)
		__ro_after_init_used_end = .;
		TO_PAGE
		__ro_after_init_end = .;
	} :data

	/* … and class core, the protection itself. */
	.data..ro_core : LMA(.data..ro_core) {
		__ro_core_start = .;
		*(.data..ro_core .data..ro_core.*)
		__ro_core_used_end = .;
		TO_PAGE
		__ro_core_end = .;
	} :data

	.data : LMA(.data) {
		__data_start = .;
		*(NOT_LIBFDT .data NOT_LIBFDT .data.*)
		TO_PAGE
		__data_end = .;
	} :data

	.bss : LMA(.bss) {
		__bss_start = .;
		*(NOT_LIBFDT .bss NOT_LIBFDT .bss.* COMMON)
		TO_PAGE
		__bss_end = .;
	} :data

	__image_end = .;
	__image_bytes = ABSOLUTE(__image_end - __image_start);

	/* Not part of the running kernel: must stay empty (asserted below), or for debuggers. */
#include "not_loaded.h"
}

ASSERT(__image_start == IMAGE_BASE, "the image must start at IMAGE_BASE")
ASSERT((IMAGE_BASE & 0x1fffff) == 0, "IMAGE_BASE must lie on a 2 MiB boundary")
ASSERT((__text_end & 4095) == 0, ".text must end on a page")
ASSERT(__rodata_start == __text_end, ".rodata must follow .text")
ASSERT((__user_archive_start & 4095) == 0, ".rodata must end on a page")
ASSERT((__rodata_end & 4095) == 0, "the programs must end on a page")
ASSERT(__init_start == __rodata_end, ".init.text must follow the programs")
ASSERT((__init_text_end & 4095) == 0, ".init.text must end on a page")
ASSERT(__init_data_start == __init_text_end, ".init.data must follow .init.text")
ASSERT((__init_end & 4095) == 0, ".init.data must end on a page")
ASSERT(__ro_after_init_start == __init_end, "sealed data must follow .init.data")
ASSERT((__ro_after_init_end & 4095) == 0, "sealed data must end on a page")
ASSERT(__ro_core_start == __ro_after_init_end, "the core section must follow sealed data")
ASSERT((__ro_core_end & 4095) == 0, "the core section must end on a page")
ASSERT(__data_start == __ro_core_end, ".data must follow the core section")
ASSERT((__data_end & 4095) == 0, ".data must end on a page")
ASSERT(__bss_start == __data_end, ".bss must follow .data")
ASSERT((__image_end & 4095) == 0, "the image must end on a page")
ASSERT(SIZEOF(.rela) == 0, "relocations that nobody would apply")
#ifdef HAS_LIBFDT
ASSERT(SIZEOF(.plt) == 0, "indirect functions that nobody would resolve")
#else
ASSERT(SIZEOF(.got) == 0, "a global offset table: compile with -fno-pic")
#endif
