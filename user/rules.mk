# SPDX-License-Identifier: MIT
# user/rules.mk: the user programs, for the Makefile: user/program/NAME.c or user/program/NAME/*.c become build/ARCH/user/NAME.elf
# (with symbols, for gdb); without symbols they lie in an archive, which is linked into the kernel file.

programs := $(sort $(patsubst user/program/%.c,%,$(wildcard user/program/*.c)) \
	$(patsubst user/program/%/,%,$(dir $(wildcard user/program/*/*.c))))
# The text functions are the kernel's own: pure, and linked once more.
library   = $(wildcard user/lib/*.c user/services/*.c) kernel/string.c kernel/format.c user/arch/$1/crt0.S
# What is measured is fast, all others are small.
user_fast := user/program/bench%
user_flags_x86_64  := -fno-pie -mgeneral-regs-only -fcf-protection=none
user_flags_aarch64 := $(flags_aarch64)
user_cflags = $(language) $(if $(filter $(user_fast),$2),-O2,-Os) $(code) $(warnings) $(user_flags_$1) \
	-Wframe-larger-than=4096 -ffunction-sections -fdata-sections -I include -I user/lib -I user/services -I user/arch/$1 -I build/user -MMD -MP
user_link   := -nostdlib -static -n --gc-sections -z noexecstack --orphan-handling=error -T
user_objects = $(patsubst %,$(OUT)/$1/user/obj/%.o,$2)
program_sources = $(wildcard user/program/$2.c user/program/$2/*.c user/program/$2/$1/*.S)

build/user/calls.h: tools/syscalls.py include/amber/syscalls.def include/amber/error.h
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< --stubs > $@
build/user/call_table.h: tools/syscalls.py include/amber/syscalls.def include/amber/error.h
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< --table > $@

# $(call user_rules,MACHINE)
define user_rules
-include $$(wildcard $(OUT)/$1/user/obj/*/*.d $(OUT)/$1/user/obj/*/*/*.d $(OUT)/$1/user/obj/*/*/*/*.d)
$(OUT)/$1/user/obj/%.o: % build/user/calls.h build/user/call_table.h Makefile user/rules.mk
	@mkdir -p $$(@D)
	$$Q$(call compiler,$1) $$(call user_cflags,$1,$$<) -c $$< -o $$@
$(OUT)/$1/user/user.ld: user/user.ld.S linker/not_loaded.h Makefile user/rules.mk
	@mkdir -p $$(@D)
	$$Q$(call compiler,$1) -E -P -x assembler-with-cpp -I linker $$< -o $$@
$(foreach p,$(programs),$(call program_rule,$1,$p,$(call user_objects,$1,$(call program_sources,$1,$p) $(call library,$1))))
# A program that went away leaves no newer file: the list itself is what changed.
ifneq ($(programs),$$(file <$(OUT)/$1/user/programs.list))
$$(shell mkdir -p $(OUT)/$1/user)$$(file >$(OUT)/$1/user/programs.list,$(programs))
endif
$(OUT)/$1/user/programs.cpio: $(OUT)/$1/user/programs.list $(patsubst %,$(OUT)/$1/user/%.elf,$(programs))
	@rm -rf $$(@D)/archive && mkdir -p $$(@D)/archive
	$$Qfor p in $(programs); do $(call objcopy,$1) --strip-all $$(@D)/$$$$p.elf $$(@D)/archive/$$$$p || exit 1; done
	@chmod 644 $$(@D)/archive/* && touch -d @0 $$(@D)/archive/*
	$$Qcd $$(@D)/archive && printf '%s\n' $(programs) | cpio -o -H newc -R 0:0 --reproducible --quiet > ../programs.cpio
$(OUT)/$1/user/archive.o: user/archive.S $(OUT)/$1/user/programs.cpio
	$$Q$(call compiler,$1) -DARCHIVE='"$(OUT)/$1/user/programs.cpio"' -c $$< -o $$@

# Somebody's own programs (MODULE=DIR): with this tree's library and layout. Warnings don't stop those.
$(OUT)/$1/module/programs.cpio: always $(call user_objects,$1,$(call library,$1)) $(OUT)/$1/user/user.ld tools/module.py
	@mkdir -p $$(@D)
	@AMBER_COMPILER='$(call compiler,$1)' AMBER_FLAGS='$(filter-out -Werror -MMD -MP,$(call user_cflags,$1,)) -Wno-unused-parameter' \
		AMBER_LINKER='$(call linker,$1) $(user_link) $(OUT)/$1/user/user.ld' AMBER_OBJCOPY='$(call objcopy,$1)' \
		AMBER_LIBRARY='$(call user_objects,$1,$(call library,$1))' \
		$(PYTHON) tools/module.py build $1 $$(call quote,$$(value MODULE)) $$(@D)
endef
define program_rule
$(OUT)/$1/user/$2.elf: $3 $(OUT)/$1/user/user.ld
	$$Q$(call linker,$1) $(user_link) $(OUT)/$1/user/user.ld $3 -o $$@

endef
.PHONY: always
always:
$(foreach m,$(MACHINES),$(eval $(call user_rules,$m)))
