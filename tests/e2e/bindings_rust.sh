#!/usr/bin/env bash
# The example in Rust compiles, and answers as the program does where there is a shared library.
#   bash tests/e2e/bindings_rust.sh build/weft
tests=$(realpath "$(dirname "$0")/..")
source "$tests/e2e_setup.sh"
source "$tests/bindings_setup.sh"

rustc --version >/dev/null 2>&1 || skip "there is no rustc"
rustc -D warnings --emit=metadata -o predict.rmeta "$examples/predict.rs" || fail "it does not compile"
[ -e "$library" ] || skip "compiled only: there is no $library"
rustc -D warnings -L "$(dirname "$library")" -o predict "$examples/predict.rs" || fail "it does not link"
check_program
echo "Rust answers as the program does"
