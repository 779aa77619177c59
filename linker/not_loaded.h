/* SPDX-License-Identifier: MIT */
/*
 * linker/not_loaded.h: the sections that are no part of the running kernel, for linker/amber.ld.S: those that must stay
 * empty, and what debuggers read. They are listed because a section without a line stops the link.
 */
	/* These must stay empty (asserted below): nobody would relocate them. */
#ifndef HAS_LIBFDT
	.got : { *(.got .got.plt .igot .igot.plt .plt .iplt) }
#else
	.plt : { *(.igot .igot.plt .plt .iplt) }
#endif
	.rela : { *(.rela .rela.*) }

	/* For debuggers; not loaded. */
	.comment 0 : { *(.comment) }
	.symtab 0 : { *(.symtab) }
	.symtab_shndx 0 : { *(.symtab_shndx) }
	.strtab 0 : { *(.strtab) }
	.shstrtab 0 : { *(.shstrtab) }
	.debug_info 0 : { *(.debug_info) }
	.debug_abbrev 0 : { *(.debug_abbrev) }
	.debug_aranges 0 : { *(.debug_aranges) }
	.debug_ranges 0 : { *(.debug_ranges) }
	.debug_rnglists 0 : { *(.debug_rnglists) }
	.debug_line 0 : { *(.debug_line) }
	.debug_line_str 0 : { *(.debug_line_str) }
	.debug_str 0 : { *(.debug_str) }
	.debug_str_offsets 0 : { *(.debug_str_offsets) }
	.debug_addr 0 : { *(.debug_addr) }
	.debug_loc 0 : { *(.debug_loc) }
	.debug_loclists 0 : { *(.debug_loclists) }
	.debug_frame 0 : { *(.debug_frame) }
	.debug_macro 0 : { *(.debug_macro) }
	.debug_types 0 : { *(.debug_types) }
