#!/usr/bin/env bash
# Builds the program without oneDNN, and the runtime without oneDNN and ICU, in folders of their own;
# tests both and shows their sizes. Objects come from the compiler cache, if the release build is in it.
#   bash tests/portability/without.sh
source "$(dirname "$0")/../../examples/setup.sh"
build release weft weft_shared
weft=$PWD/build/weft source=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
variant() {  # FOLDER FLAG...: configures it
  cmake -S . -B "$1" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWEFT_WITH_ONEDNN=OFF "${@:2}" >"$work/log" 2>&1 ||
    fail "$(tail -n 20 "$work/log")"
}

# Without oneDNN everything works: weft's own loops multiply.
variant build-without-onednn
cmake --build build-without-onednn --target weft weft_tests weft_no_allocation weft_faults
build-without-onednn/weft --version | grep "without oneDNN$" >/dev/null || fail "weft --version says nothing"
ldd build-without-onednn/weft | grep dnnl && fail "it needs oneDNN"
ctest --test-dir build-without-onednn --output-on-failure -R \
  '_test$|^no_allocation$|^passes$|^e2e_(train|program|resume|limits|fasttext|pretrained)$'

# Without ICU, too, there is the runtime alone.
cmake -S . -B "$work/refused" -G Ninja -DWEFT_WITH_ICU=OFF >"$work/log" 2>&1 && fail "a frontend without ICU"
grep -e "-DWEFT_BUILD_FRONTEND=OFF" "$work/log" >/dev/null || fail "no remedy: $(cat "$work/log")"
variant build-without-icu -DWEFT_WITH_ICU=OFF -DWEFT_BUILD_FRONTEND=OFF
cmake --build build-without-icu
cmake --install build-without-icu --prefix "$work/lean" >"$work/log"
cmake --install build --prefix "$work/full" >"$work/log"

# An application in C, by each: plans that need no ICU are answered alike, others refused.
cd "$work"
printf 'label\ttext\n' >data.tsv
for i in 1 2 3 4 5 6 7 8 9; do printf 'good\ta fine film %s\nbad\t电影 dull %s\n' $i $i; done >>data.tsv
for tokenizer in fasttext whitespace words; do
  plain="lowercase=false nfkc=false"
  printf '%s\n' "model a" "text tokenizer=$tokenizer $plain max_tokens=50" \
    "x = embedding(text, width=8)" "logits = x | conv1d(channels=40, kernel=2) | relu | max_pool | linear(40) | relu | linear(labels)" \
    "output softmax(logits)" "train adam(rate=0.05) epochs=8" >a.model
  "$weft" train a.model --data data.tsv --threads 1 --quiet -o "$tokenizer.plan" 2>/dev/null
done
printf '%s\n' "a fine film" "电影 dull" "Film" "" >lines
for kind in lean full; do
  lib=$(dirname "$(find "$kind" -name libweft.so)")
  # shellcheck disable=SC2046  # flags are words
  cc -std=c99 "$source/examples/predict.c" -o "$kind.app" \
    $(PKG_CONFIG_LIBDIR=$lib/pkgconfig pkg-config --cflags --libs weft)
  for plan in fasttext whitespace; do
    LD_LIBRARY_PATH=$lib "./$kind.app" "$plan.plan" <lines >"$kind.$plan" || fail "$kind: $plan"
  done
done
for plan in fasttext whitespace; do
  cmp lean."$plan" full."$plan" || fail "$plan: $(diff lean."$plan" full."$plan")"
done
lib=$(dirname "$(find lean -name libweft.so)")
ldd "$lib/libweft.so" | grep -E "dnnl|icu" && fail "it needs what it was built without"
LD_LIBRARY_PATH=$lib ./lean.app words.plan <lines 2>message && fail "words without ICU"
grep -F "words needs ICU" message >/dev/null || fail "said: $(cat message)"

# One in C++, by the static libraries, on a machine without ICU and oneDNN.
mkdir parent
cat >parent/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.25)
project(parent CXX)
find_package(weft REQUIRED)
add_executable(app $source/examples/embed.cpp)
target_link_libraries(app PRIVATE weft::runtime)
END
cmake -S parent -B app -G Ninja "-DCMAKE_PREFIX_PATH=$work/lean" -DCMAKE_DISABLE_FIND_PACKAGE_ICU=ON \
  >log 2>&1 && cmake --build app >>log || fail "$(tail -n 20 log)"
ldd app/app | grep -E "dnnl|icu" && fail "the static libraries need what they were built without"
app/app whitespace.plan good "a fine film" >log || fail "an application in C++ says: $(cat log)"

# What has to be installed for libweft.so, beside the C and C++ libraries: bytes, stripped.
for kind in full lean; do
  lib=$(find "$kind" -name libweft.so)
  strip -o stripped "$(realpath "$lib")"
  ldd "$lib" | awk '/=> \// && !/lib(c|m|stdc\+\+|gcc_s)\.so/ { print $3 }' | xargs realpath |
    xargs stat -L -c %s | awk -v kind="$kind" -v own="$(stat -c %s stripped)" '
      { sum += $1 } END { printf "%s: libweft.so %.1f MB, %d libraries that it needs %.1f MB\n", kind, own / 1e6, NR, sum / 1e6 }'
done
