# What both README commands share, to be sourced: install what is missing, build, nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build_packages=(
  cmake g++ ninja-build
  libdnnl-dev libflatbuffers-dev libfmt-dev libicu-dev libcli11-dev nlohmann-json3-dev
  libhwy-dev libxxhash-dev zlib1g-dev libbz2-dev libzstd-dev doctest-dev
)

# Installs the Debian packages among the arguments that are not installed; silent if there are none.
install_packages() {
  local package missing=() as_root=()
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
      missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if ! command -v apt-get >/dev/null; then
    echo "These Debian packages, or your system's like, must be installed: ${missing[*]}" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Please run as root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "Installing Debian packages${as_root:+ with sudo}: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  install_packages "${build_packages[@]}" &&
    cmake --preset "$preset" >/dev/null &&
    cmake --build --preset "$preset" ${1:+--target "$@"}
}

# One line per package in this machine's lists: the archive section it is filed under, a tab, and its
# one-line description.
package_lines() {
  apt-cache dumpavail | awk '
    /^Section: /            { section = $2; sub(/^(contrib|non-free|non-free-firmware)\//, "", section) }
    /^Description(-en)?: /  { text = $0; sub(/^[^:]*: */, "", text); gsub(/\t/, " ", text) }
    /^$/                    { if (section != "" && text != "") print section "\t" text
                              section = text = "" }'
}
