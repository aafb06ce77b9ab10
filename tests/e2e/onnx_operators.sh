#!/usr/bin/env bash
# ONNX's own tests of operators that PyTorch exported: equal, or refused by name. They come with the
# package onnx of Python; WEFT_PYTHON names an interpreter that has it.
scripts=$(realpath "$(dirname "$0")/../onnx")
source "$(dirname "$0")/../e2e_setup.sh"

"${WEFT_PYTHON:-python3}" "$scripts/operator_tests.py" "$(dirname "$weft")" || fail "operator tests"
