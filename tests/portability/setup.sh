# What the scripts of this folder share, to be sourced: folders with another Debian in them.
source "$(dirname "${BASH_SOURCE[0]}")/../../examples/setup.sh"

if [ "$(id -u)" -ne 0 ]; then
  echo "Please run as root: debootstrap makes a folder that belongs to root" >&2
  exit 1
fi
install_packages debootstrap

# debian RELEASE FOLDER [FLAG...]: a small Debian, from the mirror that this machine's apt reads. Flags
# are those of debootstrap. A folder that was begun and not ended is begun anew.
debian() {
  local release=$1 folder=$2 mirror
  shift 2
  if [ -f "$folder/complete" ]; then return; fi
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed -n 1p)
  rm -rf --one-file-system "$folder"
  mkdir -p "$folder"
  echo "Making $folder: Debian $release"
  debootstrap --variant=minbase "$@" "$release" "$folder" "$mirror" >"$folder/making.log" 2>&1 || {
    tail -n 5 "$folder/making.log" >&2
    return 1
  }
  touch "$folder/complete"
}
