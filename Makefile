# SPDX-License-Identifier: MIT
# Makefile: builds, runs and tests Amber for both machines. `make help` lists what it can do.
# Reading it needs nothing but make; `make setup` installs the rest.

VERSION  := 0.1
MACHINES := x86_64 aarch64
COMPILER ?= gcc
PYTHON   ?= /usr/bin/python3

# $(call no_word_of,KNOWN,GIVEN): not empty if what is given is something else, or more than one word.
no_word_of = $(filter-out $1,$2)$(word 2,$2)
ifneq ($(call no_word_of,$(MACHINES),$(ARCH)),)
$(error ARCH=$(ARCH): unknown machine (known: $(MACHINES)))
endif
ifneq ($(call no_word_of,gcc clang,$(or $(strip $(COMPILER)),none)),)
$(error COMPILER=$(COMPILER): unknown (known: gcc clang))
endif
# QEMU makes one processor of 0; the second limit is its own.
ifneq ($(strip $(SMP)),)
ifneq ($(call no_word_of,$(shell seq $(if $(filter aarch64,$(ARCH)),8,255)),$(SMP)),)
$(error SMP=$(SMP): no number of processors (1 to $(if $(filter aarch64,$(ARCH)),8,255); Amber uses 8 at most))
endif
endif

jobs     := -j$(shell nproc 2>/dev/null || echo 2)

# `make setup run`: the packages first, alone; the other goals then by a fresh make that finds them.
goals_after_setup := $(if $(filter setup,$(MAKECMDGOALS)),$(filter-out setup,$(MAKECMDGOALS)))
.PHONY: setup
setup: ## install the packages that are missing (Debian, Ubuntu); nothing to do = no network
	@sh tools/setup.sh
ifneq ($(goals_after_setup),)
.PHONY: $(goals_after_setup)
$(firstword $(goals_after_setup)): setup
	@+$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,$(jobs)) $(goals_after_setup)
$(wordlist 2,99,$(goals_after_setup)): $(firstword $(goals_after_setup))
	@:
else

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += $(jobs)
endif
Q := $(if $(V),,@)

# --- What is built where -----------------------------------------------------------------------------
OUT      := build$(if $(filter clang,$(COMPILER)),/clang)
machines := $(or $(ARCH),$(MACHINES))
machine  := $(or $(ARCH),x86_64)
kind     := $(if $(filter-out 0,$(BREAK)),/break)
kernel   = $(OUT)/$1$(kind)/$(if $(filter aarch64,$1),Image,amber.elf)
# MODULE=DIR: programs of somebody's own, as a boot module (user/rules.mk).
module   := $(if $(value MODULE),$(OUT)/$(machine)/module/programs.cpio)
iso      := $(OUT)/x86_64$(kind)$(if $(module),/module)/amber.iso

.PHONY: all kernels iso
all: kernels $(if $(filter x86_64,$(machines)),$(if $(kind),,$(iso)))
kernels: $(foreach m,$(machines),$(call kernel,$m))
ifeq ($(ARCH),aarch64)
iso:
	@echo "iso: there is no ISO for aarch64 yet; boot build/aarch64/Image" >&2; exit 1
else
iso: $(iso) ## build/ARCH/amber.iso (x86_64: BIOS and UEFI)
endif

# --- Compiler and flags, by purpose ------------------------------------------------------------------
ifeq ($(COMPILER),clang)
# tools/explain's reader of debug information doesn't know clang's DWARF 5.
compiler = clang --target=$1-unknown-none-elf -gdwarf-4 -Qunused-arguments
linker   = ld.lld
else
compiler = $1-linux-gnu-gcc
linker   = $1-linux-gnu-ld --no-warn-mismatch
endif
objcopy  = $1-linux-gnu-objcopy

language := -std=gnu17 -ffreestanding -fno-strict-aliasing -fno-stack-protector -fno-pic -fno-common
code     := -g -fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-unwind-tables
# What only talks, parses or tests: small rather than fast.
small    := boot/% $(patsubst %,kernel/%%,selftest/ cmdline format inject_parse json panic violation_print boot_report \
	chain_parse objects_check census program_first)
warnings := -Wall -Wextra -Werror -Wstrict-prototypes -Wvla -Wframe-larger-than=1024
# The gate's stack has one page and no guard: small frames, whose sizes a test adds up.
gate     := -Wframe-larger-than=256 -fstack-usage
# The framebuffer console's font; machine-neutral, so both compilers and kernels use the same file.
font     := build/font.bin
psf      := /usr/share/consolefonts/Lat15-VGA16.psf.gz
flags_x86_64  := -Wa,-I,build -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fcf-protection=none
flags_aarch64 := -march=armv8.1-a -mgeneral-regs-only -mno-outline-atomics -mstrict-align
libfdt   := build/deps/usr/lib/aarch64-linux-gnu/libfdt.a
flags_libfdt := -isystem build/deps/usr/include -isystem /usr/aarch64-linux-gnu/include
# Each folder sees the headers of its own layer and of those below it (tools/check_layers.py).
includes = -I include $(if $(filter kernel/policy/%,$(filter-out %/chain.c,$2)),,-I arch -I arch/$1 \
	$(if $(filter boot/%,$2),-I boot) $(if $(filter mm/% kernel/%,$2),-I mm) $(if $(filter kernel/%,$2),-I kernel))
cflags   = $(language) $(if $(filter $(small),$2),-Os,-O2) $(code) $(warnings) $(flags_$1) \
	$(if $(filter mm/gate%,$2),$(gate)) $(call includes,$1,$2) \
	$(if $(filter boot/fdt%,$2),$(flags_libfdt)) -DAMBER_VERSION='"$(VERSION)"' -MMD -MP

# --- Sources: whatever stands in the folders; the boot protocols belong to one machine each ----------
boot_x86_64  := boot/pvh% boot/multiboot2%
boot_aarch64 := boot/fdt% boot/image% boot/efi%
folders  = boot kernel kernel/policy kernel/selftest mm arch/$1
sources  = $(sort $(filter-out $(foreach m,$(filter-out $1,$(MACHINES)),$(boot_$m)),\
	$(foreach f,$(folders),$(wildcard $f/*.c $f/*.S))))

include user/rules.mk

# $(call kernel_rules,MACHINE,FOLDER,FLAGS,LEFT OUT): one kernel. It is linked three times: see tools/symbols.py.
define kernel_rules
objects_$2 := $(patsubst %,$2/obj/%.o,$(filter-out $4,$(call sources,$1)))
-include $$(objects_$2:.o=.d)

$2/obj/%.o: % Makefile
	@mkdir -p $$(@D)
	$$Q$(call compiler,$1) $$(call cflags,$1,$$<) $3 -c $$< -o $$@
$2/amber.ld: linker/amber.ld.S linker/$1.h linker/not_loaded.h include/amber/layout.h Makefile
	@mkdir -p $$(@D)
	$$Q$(call compiler,$1) -E -P -x assembler-with-cpp -I include -DLINKER_MACHINE='"$1.h"' $$< -o $$@
# A source that went away leaves no newer object: the list itself is what changed.
ifneq ($$(objects_$2),$$(file <$2/objects.list))
$$(shell mkdir -p $2)$$(file >$2/objects.list,$$(objects_$2))
endif
$2/amber.elf: $2/objects.list $2/amber.ld $$(objects_$2) $(OUT)/$1/user/archive.o \
		tools/symbols.py tools/elf.py tools/check_elf.py Makefile $(if $(filter aarch64,$1),$(libfdt))
	$$Q$(PYTHON) tools/symbols.py --empty > $2/symbols.S
	$$Q$$(call link_$2,$2/link1.elf) && $(PYTHON) tools/symbols.py $2/link1.elf $2/objects.list > $2/symbols.S
	$$Q$$(call link_$2,$2/link2.elf) && $(PYTHON) tools/symbols.py $2/link2.elf $2/objects.list > $2/symbols.S
	$$Q$$(call link_$2,$2/link3.elf) && $(PYTHON) tools/symbols.py --check $2/link3.elf $2/objects.list $2/symbols.S
	$$Q$(PYTHON) tools/check_elf.py $1 $2/link3.elf --name $$@
	@mv $2/link3.elf $$@ && rm -f $2/link1.elf $2/link2.elf
link_$2 = $(call compiler,$1) -c $2/symbols.S -o $2/symbols.o && \
	$(call linker,$1) -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=sha1 --orphan-handling=error \
	-T $2/amber.ld $$(objects_$2) $2/symbols.o $(OUT)/$1/user/archive.o $(if $(filter aarch64,$1),$(libfdt)) -o $$1
$2/Image: $2/amber.elf
	$$Q$(call objcopy,$1) -O binary $$< $$@
endef
$(foreach m,$(MACHINES),$(eval $(call kernel_rules,$m,$(OUT)/$m,,kernel/broken.c)))
$(foreach m,$(MACHINES),$(eval $(call kernel_rules,$m,$(OUT)/$m/break,-DAMBER_BREAK,)))

$(libfdt):
	@echo "$@ is missing: run 'make setup' first" >&2; exit 1

$(font): tools/psf_font.py $(wildcard $(psf))
	@mkdir -p $(@D)
	$(Q)$(PYTHON) $< $(psf) $@
$(foreach k,/ /break/,$(OUT)/x86_64$kobj/arch/x86_64/font.S.o): $(font)

# --- The ISO for BIOS and UEFI: GRUB, its menu, the kernel without debug information -----------------
# $(call iso_rules,KERNEL'S FOLDER,ISO'S FOLDER,BOOT MODULE)
define iso_rules
$2/amber.iso: $1/amber.elf boot/grub.cfg $3 Makefile
	@rm -rf $2/iso && mkdir -p $2/iso/boot/grub
	$$Q$(call objcopy,x86_64) --strip-debug $1/amber.elf $2/iso/boot/amber.elf && cp boot/grub.cfg $2/iso/boot/grub/
	$(if $3,@cp $3 $2/iso/boot/)
	$$Qgrub-mkrescue -o $$@ $2/iso > $2/iso.log 2>&1 || { cat $2/iso.log >&2; exit 1; }
	@echo "$$@: boots by BIOS and UEFI"
endef
$(foreach f,$(OUT)/x86_64 $(OUT)/x86_64/break,$(eval $(call iso_rules,$f,$f)) \
	$(eval $(call iso_rules,$f,$f/module,$(OUT)/x86_64/module/programs.cpio)))

# --- Running: the command lines of QEMU --------------------------------------------------------------
define newline


endef
# Whatever stands in $1 as one word for the shell.
quote    = '$(subst ','\'',$(subst $(newline), ,$1))'
comma    := ,
override quoted_cmdline := $(call quote,$(value CMDLINE))
smbios   := $(call quote,type=1$(comma)serial=$(subst $(comma),$(comma)$(comma),$(value CMDLINE)))
FIRMWARE ?= bios
ifneq ($(call no_word_of,bios uefi,$(or $(strip $(FIRMWARE)),none)),)
$(error FIRMWARE=$(FIRMWARE): unknown (known: bios uefi))
endif
qemu_x86_64  := qemu-system-x86_64 -M q35 -cpu max -m 128M -nodefaults -no-reboot
qemu_aarch64 := qemu-system-aarch64 -M virt,dtb-randomness=off -cpu max -m 128M -nodefaults -no-reboot
exit_x86_64  := -device isa-debug-exit,iobase=0xf4,iosize=4
exit_aarch64 := -semihosting-config enable=on,target=gdb
# A machine in a window has a display device, too; it always has a keyboard.
$(if $(call no_word_of,0 1,$(or $(strip $(WINDOW)),0)),$(error WINDOW=$(WINDOW): unknown (known: 0 1)))
$(if $(filter 1-aarch64,$(strip $(WINDOW))-$(machine)),$(error WINDOW=1: there is no screen on aarch64))
display  = $(if $(filter 1,$(WINDOW)),-device VGA,-display none)
qemu     = $(qemu_$(machine)) -serial $1 $(display) $(exit_$(machine)) $(if $(strip $(SMP)),-smp $(call quote,$(strip $(SMP))))
qemu_run = $(qemu) -kernel $(call kernel,$(machine)) -append $(quoted_cmdline) $(addprefix -initrd ,$(module))
qemu_iso = $(qemu) $(if $(filter uefi,$(FIRMWARE)),-bios /usr/share/ovmf/OVMF.fd) \
	-drive if=none,id=cd,media=cdrom,readonly=on,format=raw,file=$(iso) -device ide-cd,drive=cd,bootindex=0 \
	$(if $(value CMDLINE),-smbios $(smbios))
# QEMU's status with exit=debug (docs/reference.md); 0 is also that of a machine that powered off, or that was quit.
interactive = @echo "QEMU: Ctrl-A X quits"; $1; status=$$?; case $(machine)-$$status in x86_64-33) word=ok;; \
	x86_64-35) word=failed;; x86_64-37|aarch64-2) word=panic;; x86_64-39|aarch64-3) word=sealed;; *) word=; esac; \
	echo "QEMU has ended with status $$status$${word:+: $$word} (Ctrl-A X quits it)"; [ $$status -eq 0 ] || [ "$$word" = ok ]

.PHONY: run run-iso debug console record replay ide qemu-line program map
run: $(call kernel,$(machine)) $(module) ## build and boot in QEMU, serial console on the terminal; Ctrl-A X quits
	$(call interactive,$(call qemu_run,mon:stdio))
run-iso: iso ## boot the ISO
	$(call interactive,$(call qemu_iso,mon:stdio))
debugger     := $(PYTHON) tools/debug.py
debug_folder := $(OUT)/$(machine)$(kind)
debug_elf    := $(debug_folder)/amber.elf
qemu-line: ## print the command that run (with ISO=1: run-iso) uses
	@$(MAKE) --no-print-directory -s $(if $(ISO),iso,$(call kernel,$(machine)) $(module)) >&2
	@printf '%s\n' $(call quote,$(if $(ISO),$(call qemu_iso,mon:stdio),$(call qemu_run,mon:stdio)))
debug: $(call kernel,$(machine)) $(module) ## QEMU stopped at the first instruction, and gdb with the `amber` commands; AT=violation:N: stopped there
	@$(debugger) debug $(debug_folder) $(debug_elf) $(if $(value AT),--at $(call quote,$(value AT))) $(if $(WAIT),--wait) -- $(call qemu_run,null)
console: ## the serial line of the machine that debug has started, for another terminal
	@$(debugger) console $(debug_folder)
record: $(call kernel,$(machine)) $(module) ## run, and record what comes in on the serial line
	@$(debugger) record $(debug_folder) $(debug_elf) -- $(call qemu_run,null)
replay: ## the recorded session once more, the same to the instruction; GDB=1: under gdb
	@$(debugger) replay $(debug_folder) $(if $(GDB),$(debug_elf) --with-gdb)
ide: ## compile_commands.json, .clangd, VS Code's tasks and launch file
	@$(PYTHON) tools/ide.py $(machine)

map: $(foreach m,$(machines),$(call kernel,$m)) ## a picture of memory before and after the seal: build/ARCH/map.html, map.svg
	@$(foreach m,$(machines),$(PYTHON) tools/map.py $m $(OUT)/$m$(kind) $(quoted_cmdline) &&) true
program: ## NAME=foo: a program of your own to start from, my/foo/main.c; then make run MODULE=my
	@$(PYTHON) tools/module.py new $(call quote,$(value NAME)) $(call quote,$(or $(value DIR),my))

# --- Tests, measurements, fuzzing --------------------------------------------------------------------
# A unit test's head names the sources that it links (" * sources: kernel/json.c") and, if it needs any,
# more flags (" * flags: -I arch/aarch64"); it runs on this computer, under the sanitizers.
unit_tests  := $(patsubst tests/unit/%_test.c,build/unit/%,$(sort $(wildcard tests/unit/*_test.c)))
fuzzers     := $(patsubst tests/fuzz/%_fuzz.c,build/fuzz/%,$(sort $(wildcard tests/fuzz/*_fuzz.c)))
host_flags  := -std=gnu17 -g -O1 -Wall -Wextra -Werror -fno-omit-frame-pointer -I include -I arch -I mm -I kernel -I boot -I tests/unit
head_line   = $(shell sed -n '1,12s/^ \* $1: //p' $2)
-include $(wildcard build/unit/*.d build/fuzz/*.d build/host/*.d)

# gcc -MMD notes the headers of the last source only; this asks for those of all.
host_dependencies = $(Q)clang -Qunused-arguments $(host_flags) $(or $(call head_line,flags,$<),-I arch/x86_64) \
		-MM -MP -MT $@ $< $(call head_line,sources,$<) > $@.d && \
		tr -s ' \\' '\n\n' < $@.d | sed -n 's/^\([^ :]*\.c\)$$/\1:/p' > $@.d2 && cat $@.d2 >> $@.d && rm -f $@.d2
host_sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=undefined

build/unit/%: tests/unit/%_test.c Makefile
	@mkdir -p $(@D)
	$(host_dependencies)
	$(Q)gcc $(host_flags) $(host_sanitizers) $(or $(call head_line,flags,$<),-I arch/x86_64) \
		$< $(call head_line,sources,$<) -lcmocka $(call head_line,libraries,$<) -o $@
build/fuzz/%: tests/fuzz/%_fuzz.c $(wildcard tests/fuzz/*.list) Makefile
	@mkdir -p $(@D)
	$(host_dependencies)
	$(Q)clang $(host_flags) -fsanitize=fuzzer -fsanitize-coverage-ignorelist=tests/fuzz/coverage.list $(host_sanitizers) \
		$(or $(call head_line,flags,$<),-I arch/x86_64) $< $(call head_line,sources,$<) $(call head_line,libraries,$<) -o $@
# Programs for tests, without cmocka: build/host/replay is used by tests/qemu.
host_programs := build/host/replay
build/host/replay: kernel/policy $(wildcard kernel/policy/*.c) # the folder: one may have gone away
build/host/%: tests/unit/%.c Makefile
	@mkdir -p $(@D)
	$(host_dependencies)
	$(Q)gcc $(host_flags) $(host_sanitizers) $(call head_line,flags,$<) $< $(call head_line,sources,$<) -o $@

# The plugin that counts what QEMU executes (docs/measuring.md); what it calls is in QEMU itself.
build/host/count.so: $(wildcard tools/plugin/*.[ch]) Makefile
	@mkdir -p $(@D)
	$(Q)gcc -std=gnu17 -g -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden $(filter %.c,$^) -o $@

# Both kernels of each machine are tested.
everything := $(foreach m,$(machines),$(foreach k,/ /break/,build/$m$k$(if $(filter aarch64,$m),Image,amber.elf))) \
	$(if $(filter x86_64,$(machines)),build/x86_64/amber.iso) $(unit_tests) $(fuzzers) $(host_programs) build/host/count.so
.PHONY: check check-all bench stats fuzz clean help
check: $(everything) ## every everyday test, on this computer and in QEMU
	@$(PYTHON) tests/run.py $(if $(ARCH),--arch $(ARCH)) $(if $(value T),--filter $(call quote,$(value T)))
check-all: $(everything) ## also the long ones
	@$(PYTHON) tests/run.py --all $(if $(ARCH),--arch $(ARCH)) $(if $(value T),--filter $(call quote,$(value T)))
bench: kernels build/host/count.so ## instruction counts: a table, build/bench.json and build/bench-counts.json
	@$(PYTHON) tools/bench.py $(machines)
stats: kernels ## how large it is: files, lines, functions, the core path; sections and largest objects of each kernel
	@$(PYTHON) tools/stats.py $(machines)
fuzz: $(fuzzers) ## random inputs for each parser on this computer, T seconds each (default 30)
	@$(PYTHON) tests/fuzz/fuzzing.py fuzz $(call quote,$(or $(value T),30))
clean: ## remove build/ except for what setup fetched
	@if [ -d build ]; then find build -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +; fi
help: ## this list
	@echo "Targets:"
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/  \1|\2/p; s/^all:.*/  all|everything, both machines (the default)/p' Makefile \
		| awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'
	@echo "Variables:"
	@sed -n 's/^## \([A-Z]*\) /  \1|/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'
endif

## ARCH x86_64 or aarch64; without it, builds and tests take both and run takes x86_64
## CMDLINE the kernel's command line, for run, run-iso, debug, qemu-line and map
## SMP number of processors that QEMU offers
## FIRMWARE bios or uefi, for run-iso
## WINDOW 1: run, run-iso, qemu-line: with a screen, in a window of QEMU's (x86_64)
## MODULE run, run-iso, iso, debug, qemu-line: a folder with programs of your own, which come as a boot module
## NAME program: its name
## DIR program: the folder where it gets one of its own (default my)
## ISO 1: qemu-line prints the command of run-iso
## BREAK 1: the kernel whose protections can be left out (build/ARCH/break/)
## AT violation:N, for debug: stop at the store of that record of an unattended run
## GDB 1: replay under gdb
## WAIT 1: debug without gdb, for an editor's own
## T check: only tests whose name contains it; fuzz: seconds for each target
## COMPILER gcc or clang (clang and lld build into build/clang/)
## V 1: print every command
