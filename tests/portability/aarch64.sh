#!/usr/bin/env bash
# Builds the runtime for 64-bit ARM and runs tests of it under qemu: the golden plans, which answer
# and learn, loops of kernels, ops and their gradients, tokenizers. Tests that fork are left out: qemu
# 7.2 breaks off in the child of a process with threads. As root; the folder stays for the next run.
#   bash tests/portability/aarch64.sh
source "$(dirname "$0")/setup.sh"
install_packages g++-aarch64-linux-gnu qemu-user flatbuffers-compiler
root=$PWD/build-aarch64/sysroot
libraries=(libdnnl-dev libflatbuffers-dev libfmt-dev libicu-dev libhwy-dev libxxhash-dev doctest-dev)
debian "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$root" --foreign --arch=arm64 \
  --include="$(IFS=, && echo "${libraries[*]}")"

# Only the base is unpacked so far. The compiler of plan.fbs runs here, so it is this machine's.
if [ ! -f "$root/unpacked" ]; then
  for package in "$root"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
  ln -sf "$(command -v flatc)" "$root/usr/bin/flatc"
  touch "$root/unpacked"
fi
bash tests/run.sh aarch64
