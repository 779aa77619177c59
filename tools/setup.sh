#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/setup.sh: installs what building, running and testing Amber needs, on Debian 12 or Ubuntu: as root or
# by sudo, without a question. If nothing is missing it neither touches the network nor anything else. What
# belongs to arm64 (libfdt, which the aarch64 kernel is linked with) goes to build/deps/ by an APT
# configuration of its own, so that the system's list of architectures stays as it is.
set -eu

deps=build/deps
libfdt=$deps/usr/lib/aarch64-linux-gnu/libfdt.a

# Build (with the console's font); run and debug; ISO; tools/explain; make map; tests.
packages="gcc libc6-dev binutils gcc-aarch64-linux-gnu libc6-dev-arm64-cross binutils-aarch64-linux-gnu python3 cpio
console-setup-linux
qemu-system-x86 qemu-system-arm gdb-multiarch
grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools ovmf
python3-pyelftools
python3-jinja2
python3-pytest python3-pexpect libcmocka-dev libfdt-dev device-tree-compiler clang lld universal-ctags patch"

# clang's sanitizer and fuzzer libraries have the version in the package's name.
clang_runtime() {
	clang_version=$(dpkg-query -W -f '${Version}' clang 2>/dev/null || apt-cache policy clang | sed -n 's/^  Candidate: //p')
	echo "$clang_version" | sed -n 's/^[0-9]*:\{0,1\}\([0-9][0-9]*\)\..*/libclang-rt-\1-dev/p'
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	else
		sudo -n true 2>/dev/null || echo "setup: sudo is needed to install packages" >&2
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	fi
}

# Prints those of its arguments that are not installed.
missing_of() {
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p')
	for package in "$@"; do
		echo "$installed" | grep -qxF "$package" || printf '%s ' "$package"
	done
}

explain() {
	echo "setup: this is neither Debian nor Ubuntu (no apt-get). Amber needs, under the names that Debian gives them:"
	echo "$packages libclang-rt-dev" | tr '\n' ' ' | fold -s -w 100 | sed 's/^/  /'
	echo
	echo "and libfdt.a for arm64 (Debian: libfdt-dev:arm64) as $libfdt, its headers in $deps/usr/include."
}

# Everything that APT would write goes below $1; the host's package list is only read, to satisfy it.
fetch_libfdt() {
	apt=$1
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/unpacked"
	: > "$apt/status"
	private="-o Dir::State=$apt/state -o Dir::State::status=$apt/status -o Dir::Cache=$apt/cache -o APT::Architecture=arm64
		-o APT::Architectures::=arm64 -o Acquire::Languages=none -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root
		-o Dir::Etc::sourcelist=$apt/sources.list -o Dir::Etc::sourceparts=- -o Debug::NoLocking=1"
	arm64_sources > "$apt/sources.list"
	# shellcheck disable=SC2086
	apt-get $private -qq update
	# shellcheck disable=SC2086
	(cd "$apt/unpacked" && apt-get $private -qq download libfdt-dev:arm64)
	mkdir -p "$deps"
	dpkg-deb -x "$apt"/unpacked/libfdt-dev_*_arm64.deb "$apt/tree"
	mkdir -p "$deps/usr/lib" "$deps/usr/include"
	cp -r "$apt/tree/usr/include/." "$deps/usr/include/"
	cp -r "$apt/tree/usr/lib/aarch64-linux-gnu" "$deps/usr/lib/"
}

# The system's own mirror and keys for Debian; Ubuntu keeps arm64 on a server of its own.
arm64_sources() {
	. /etc/os-release
	if [ "$ID" = ubuntu ]; then
		echo "deb [arch=arm64 signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg]" \
			"http://ports.ubuntu.com/ubuntu-ports $VERSION_CODENAME main universe"
		return
	fi
	mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
		sed -n 's/^\(deb \(\[[^]]*\] \)\{0,1\}\|URIs: *\)\(https\{0,1\}:\/\/[^ ]*\/debian\/\{0,1\}\)\( .*\)\{0,1\}$/\3/p' | head -n 1)
	echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"${mirror:-http://deb.debian.org/debian} $VERSION_CODENAME main"
}

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	explain
	exit 1
fi

# shellcheck disable=SC2086
missing=$(missing_of $packages $(clang_runtime))
if [ -z "$missing" ] && [ -f "$libfdt" ]; then
	echo "setup: everything is installed"
	exit 0
fi
if [ -n "$missing" ]; then
	echo "setup: installing $missing"
	as_root apt-get -qq update
	runtime=$(clang_runtime)
	# shellcheck disable=SC2086
	as_root apt-get -qq -y --no-install-recommends install $missing $(missing_of $runtime) > /dev/null
fi
if [ ! -f "$libfdt" ]; then
	echo "setup: fetching libfdt for arm64 into $deps"
	temporary=$(mktemp -d)
	trap 'rm -rf "$temporary"' EXIT
	fetch_libfdt "$temporary"
fi
echo "setup: done"
