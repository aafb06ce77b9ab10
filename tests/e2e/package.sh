#!/usr/bin/env bash
# What is made for others to install: an archive and a Debian package, in them libweft.so for C,
# weft.pc and the bill of materials.
#   bash tests/e2e/package.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"
build=$(dirname "$weft")
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
source=$(cached weft_SOURCE_DIR)
[ "$(cached CMAKE_BUILD_TYPE)" = Release ] || skip "packages are made of a release build"
[ "$(cached WEFT_BUILD_SHARED)" = ON ] || skip "built without libweft.so"
command -v pkg-config >/dev/null || skip "there is no pkg-config"
made() { "$@" >log 2>&1 || fail "$* said: $(tail -n 30 log)"; }
cc=("$(cached CMAKE_C_COMPILER)" -std=c99 -pedantic-errors -Wall -Werror)

made cpack --config "$build/CPackConfig.cmake" -B "$work/packages"
tar -xzf packages/weft-*.tar.gz
root=$(echo "$work"/weft-*)
header=$root/include/weft/runtime/weft.h
library=$(find "$root" -name libweft.so)
lib=$(dirname "$library")

# Each library exports the functions of its headers and nothing else.
exports() {  # LIBRARY HEADER...
  sed 's|//.*||' "${@:2}" | grep -oE 'weft_[a-z_]+ ?\(' | tr -d ' (' | sort -u >declared
  nm -D --defined-only "$1" | awk '{ print $3 }' | sort >exported
  [ "$(wc -l <declared)" -gt 20 ] || fail "the headers declare: $(cat declared)"
  cmp declared exported || fail "$1 exports otherwise: $(diff declared exported)"
}
exports "$library" "$header"
frontend=$lib/libweft_frontend.so
exports "$frontend" "$header" "$root/include/weft/frontend/c/weft_frontend.h"
version=$("$root/bin/weft" --version | sed -n '1s/^weft //p')
[ -e "$library.$version" ] || fail "no libweft.so.$version"
for file in libweft_frontend.so libweft.so; do
  soname=$file.${version%.*}
  readelf -d "$lib/$file" | grep -F "[$soname]" >/dev/null || fail "$file has not the name $soname"
  [ -e "$lib/$soname" ] || fail "no $soname"
done

# The header by itself, then the example in C by weft.pc: of the shared library, which needs no other
# library's package file, and of the static ones. It answers like the program.
"${cc[@]}" -fsyntax-only -x c "$header"
printf 'label\ttext\nbad\ta dull film\ngood\ta fine film\n' >data.tsv
"$weft" new bow >bow.model
"$weft" train bow.model --data data.tsv --epochs 20 --rate 0.05 --threads 1 --quiet -o bow.plan
texts=("a fine film" "a dull film" "fine fine")
printf '%s\n' "${texts[@]}" | "$weft" predict bow.plan | cut -f 1 >expected
[ "$(sort -u expected | wc -l)" -eq 2 ] || fail "the plan has one answer: $(cat expected)"
flags() { PKG_CONFIG_LIBDIR=$1/pkgconfig pkg-config "${@:2}"; }
[ "$(flags "$lib" --modversion weft)" = "$version" ] || fail "weft.pc has another version"
# shellcheck disable=SC2046  # flags are words
"${cc[@]}" "$source/examples/embed.c" -o shared $(flags "$lib" --cflags --libs weft)
ldd shared | grep -F "$soname" >/dev/null || fail "libweft.so is not used: $(ldd shared)"
LD_LIBRARY_PATH=$lib ./shared bow.plan - "${texts[@]}" | cmp - expected || fail "C answers otherwise"
# shellcheck disable=SC2046
"${cc[@]}" "$source/examples/fit.c" -o fit $(flags "$lib" --cflags --libs weft_frontend)
ldd fit | grep -F "libweft.so" && fail "libweft_frontend.so needs libweft.so, too"
LD_LIBRARY_PATH=$lib ./fit >fit.out || fail "an application in C cannot train: $(cat fit.out)"
grep -x "right on 100 % of what it has learnt" fit.out >/dev/null || fail "C learnt: $(cat fit.out)"
cp -R "$root" static
static=static/${lib#"$root"/}
rm "$static"/libweft*.so*
# shellcheck disable=SC2046
"${cc[@]}" "$source/examples/embed.c" -o embed \
  $(flags "$static" --static --cflags --libs weft)
ldd embed | grep libweft && fail "linked with libweft.so, not with its archive"
./embed bow.plan - "${texts[@]}" | cmp - expected || fail "C, linked statically, answers otherwise"
# shellcheck disable=SC2046
"${cc[@]}" "$source/examples/fit.c" -o fit_static \
  $(flags "$static" --static --cflags --libs weft_frontend)
./fit_static | cmp - fit.out || fail "C, linked statically, learns otherwise"

# The bill of materials: what the files need, in the versions that pkg-config knows, and no date of
# today; `weft --version` says the same.
bill=$root/share/doc/weft/weft.spdx
has() { grep -xF -- "$1" "$2" >/dev/null || fail "$2 has no line: $1"; }
for line in "SPDXVersion: SPDX-2.3" "DataLicense: CC0-1.0" "PackageName: weft" \
  "PackageVersion: $version" "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-weft"; do
  has "$line" "$bill"
done
known=0
for needed in $(readelf -d "$root/bin/weft" "$library" | sed -n 's/.*NEEDED.*\[\(.*\)\.so.*/\1/p' |
  sort -u); do
  module=$needed name=$needed
  case $needed in
    libc | libm | libstdc++ | libgcc_s | ld-linux*) continue ;;
    libdnnl) name=oneDNN ;;
    libhwy) name=Highway ;;
    libicuuc) name=ICU module=icu-uc ;;
    libfmt) name=fmt module=fmt ;;
    libxxhash) name=xxHash ;;
    libz) name=zlib module=zlib ;;
    libbz2) name=bzip2 ;;
    libzstd) name=zstd ;;
  esac
  has "Relationship: SPDXRef-weft DEPENDS_ON SPDXRef-$name" "$bill"
  sed -n "/^PackageName: $name$/,/^$/p" "$bill" >entry
  listed=$(sed -n 's/^PackageVersion: //p' entry)
  "$weft" --version | grep -F "$name $listed" >/dev/null || fail "weft --version lacks $name $listed"
  grep -E '^PackageLicenseDeclared: [A-Za-z]' entry >/dev/null || fail "no licence: $(cat entry)"
  pkg-config --exists "$module" || continue
  [ "$listed" = "$(pkg-config --modversion "$module")" ] || fail "another version: $(cat entry)"
  known=$((known + 1))
done
[ "$known" -ge 4 ] || fail "only $known versions were compared"
for folder in one two; do
  made env SOURCE_DATE_EPOCH=86400 cmake -S "$source" -B "$folder" -G Ninja \
    -DWEFT_BUILD_FRONTEND=OFF "-DCMAKE_CXX_COMPILER=$(cached CMAKE_CXX_COMPILER)"
done
cmp one/made/weft.spdx two/made/weft.spdx || fail "the bill of materials depends on the folder"
has "Created: 1970-01-02T00:00:00Z" one/made/weft.spdx
if grep CLI11 one/made/weft.spdx; then fail "the runtime alone has no flags"; fi

# The Debian package says what it needs, and its program works where it is unpacked.
deb=$(echo "$work"/packages/weft_"$version"_*.deb)
if ! command -v dpkg-shlibdeps >/dev/null; then
  [ ! -e "$deb" ] || fail "a Debian package without its dependencies"
  exit 0
fi
depends=" $(dpkg-deb -f "$deb" Depends),"
for package in libc6 'libstdc\+\+6' 'libdnnl[0-9.]+' 'libfmt[0-9]+' 'libhwy[0-9]+' 'libicu[0-9]+' \
  'lib(gomp1|omp5[-0-9]*)' libxxhash0 zlib1g libbz2-1.0 libzstd1; do
  grep -E " $package(t64)?[ ,]" <<<"$depends" >/dev/null ||
    fail "the Debian package does not need $package, only $depends"
done
dpkg-deb -c "$deb" | awk '{ print $6 }' >contents
for file in ./usr/bin/weft ./usr/include/weft/runtime/weft.h ./usr/share/man/man1/weft.1; do
  has "$file" contents
done
grep -E "^\./usr/lib/.*$soname$" contents >/dev/null || fail "no $soname: $(cat contents)"
dpkg-deb --ctrl-tarfile "$deb" | tar -xO ./postinst | grep ldconfig >/dev/null ||
  fail "libweft.so would not be found after the installation"
dpkg -x "$deb" unpacked
printf '%s\n' "${texts[@]}" | unpacked/usr/bin/weft predict bow.plan | cut -f 1 | cmp - expected ||
  fail "the program of the Debian package answers otherwise"
echo "the packages have what C, pkg-config and Debian ask for"
