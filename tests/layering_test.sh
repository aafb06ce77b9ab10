#!/bin/sh
# Breaks every rule of tests/layering.sh in a tree of its own, and expects the script to say so.
set -eu
layering=$(cd "$(dirname "$0")" && pwd)/layering.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CEILING_DIRECTORIES="${work%/*}"  # the tree is no repository, even inside of one
failures=0

# file PATH LINE...: a new tree of this file alone.
file() {
  rm -rf "$work/tree"
  mkdir -p "$work/tree/$(dirname "$1")"
  path=$work/tree/$1
  shift
  printf '%s\n' "$@" >"$path"
}
keeps() {
  sh "$layering" "$work/tree" >"$work/out" || {
    echo "FAILED: $1 breaks no rule, but: $(cat "$work/out")"
    failures=$((failures + 1))
  }
}
breaks() { # breaks PATTERN: the message for the tree
  if sh "$layering" "$work/tree" >"$work/out" || ! grep -qE -- "$1" "$work/out"; then
    echo "FAILED: expected '$1', got: $(cat "$work/out")"
    failures=$((failures + 1))
  fi
}
lines() { # lines COUNT: adds lines to the file until it has so many
  yes '// more' | head -n $(($1 - $(wc -l <"$path"))) >>"$path"
}
of_columns() { head -c "$1" /dev/zero | tr '\0' x; }

first="// A file that says what it is."
file ir/a.cpp "$first" '#include "ir/b.h"' '#include <vector>' "// $(of_columns 97)"
lines 400
keeps "a file of the house"
file tests/unit/a_test.cpp "$first" '#include <doctest/doctest.h>' '#include "runtime/session.h"'
lines 500
keeps "a test"
file frontend/report/a.cpp "$first" '#include "frontend/train/metrics.h"' '#include "passes/pass.h"'
keeps "an include that points back"

file ir/a.cpp "$first" '#include "ir/a.h"' '#include <vector>'
printf '%s\n' "$first" >"$work/tree/ir/a.h"
keeps "its own header first"
file ir/a.cpp "$first" '#include <vector>' '#include "ir/a.h"'
printf '%s\n' "$first" >"$work/tree/ir/a.h"
breaks "^ir/a.cpp:2: the first include is another: include ir/a.h first"

file other/a.txt text
breaks "^other: not a permitted name at the top level; move it"
file ir/new/a.cpp "$first"
breaks "^ir/new/a.cpp:1: the folder ir/new is new: give it its place"
file ir/a.cpp "int a;"
breaks "^ir/a.cpp:1: .*first line be a // sentence"
file frontend/cli/a.cpp "$first" 'fmt::print(stderr, "x");'
breaks "^frontend/cli/a.cpp:2: fmt::print ends the program"
file frontend/cli/a.cpp "$first"
file ir/a.def "A(b)"
breaks "^ir/a.def:1: .*first line be a // sentence"
file ir/a.cpp "$first"
lines 401
breaks "^ir/a.cpp:401: more than 400 lines: split the file"
file tests/unit/a_test.cpp "$first"
lines 501
breaks "^tests/unit/a_test.cpp:501: more than 500 lines"
file ir/a.cpp "$first" "	int a;"
breaks "^ir/a.cpp:2: a tab: indent with spaces"
file ir/a.cpp "$first" "// $(of_columns 98)"
breaks "^ir/a.cpp:2: a line of 101 columns: break it"
file ir/a.h "$first" 'namespace weft {' 'struct A {' 'enum class B : int { one };'
printf '%s\n' "$first" 'namespace weft {' 'struct C;' 'class A final : public C {' >"$work/tree/ir/b.h"
breaks "^ir/[ab].h:[34]: weft::A is another type in ir/[ab].h: give one of them a name of its own"
printf '%s\n' "$first" 'namespace weft::b {' 'struct A {' >"$work/tree/ir/b.h"
printf '%s\n' "$first" 'namespace weft {' 'struct A;' >"$work/tree/ir/c.h"
keeps "a type of another namespace, and a forward declaration"
file ir/a.cpp "$first" '#include "runtime/session.h"'
breaks "^ir/a.cpp:2: ir/ may not include runtime/session.h: move"
file passes/a.cpp "$first" '#include "runtime/session.h"'
breaks "passes/ may not include runtime/session.h"
file runtime/a.cpp "$first" '#include "passes/pass.h"'
breaks "runtime/ may not include passes/pass.h"
file frontend/data/a.cpp "$first" '  #  include "frontend/train/metrics.h"'
breaks "frontend/data/ may not include frontend/train/metrics.h: it stands later"
file ir/a.h "$first" '#include "ir/ops/ops.h"'
breaks "^ir/a.h:2: ir/ may not include ir/ops/ops.h: it stands later"
file runtime/a.cpp "$first" '#include <oneapi/dnnl/dnnl.hpp>'
breaks "oneDNN is included only under runtime/kernels/"
file ir/plan/a.cpp "$first" '#include "ir/plan/plan_generated.h"'
breaks "generated header of plans is included only in"
targets='#include "runtime/kernels/simd/targets.h"'
file runtime/kernels/simd/a.cpp "$first" "$targets" '#include <hwy/foreach_target.h>'
keeps "a file of loops"
file runtime/kernels/simd/a.cpp "$first" '#include <hwy/foreach_target.h>' "$targets"
breaks "^runtime/kernels/simd/a.cpp:2: include runtime/kernels/simd/targets.h before it"
file runtime/text/a.cpp "$first" '#include <unicode/uchar.h>'
breaks "^runtime/text/a.cpp:2: the runtime includes ICU only under runtime/text/icu/"
file ir/a.cpp "$first" '#include <doctest/doctest.h>'
breaks "doctest is included only under tests/"

[ "$failures" -eq 0 ] && echo "every rule is held"
