#!/usr/bin/env bash
# Builds and tests the last commit on Debian 13, with oneDNN 3, g++ 14 and newer libraries, in a
# folder of its own. As root; the folder stays for the next run.
#   bash tests/portability/debian13.sh
source "$(dirname "$0")/setup.sh"
root=$PWD/build-debian13
debian trixie "$root" --include=ca-certificates

source=$root/srv/weft
[ -d "$source" ] || git init -q "$source"
git -C "$source" fetch -q "$PWD" HEAD
git -C "$source" checkout -q --force FETCH_HEAD
cp /etc/resolv.conf "$root/etc/resolv.conf"

# Mounted for this process and its children only; with the development data, where it is.
unshare --mount bash -euc '
  if [ -d ../shared ]; then
    mkdir -p "$1/srv/shared"
    mount --bind ../shared "$1/srv/shared"
  fi
  for folder in proc sys dev; do mount --rbind "/$folder" "$1/$folder"; done
  exec chroot "$1" env LC_ALL=C.UTF-8 bash /srv/weft/tests/run.sh
' - "$root"
