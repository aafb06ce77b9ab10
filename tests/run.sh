#!/usr/bin/env bash
# Builds weft and runs every test; the last line counts them.
#
#   bash tests/run.sh [PRESET]     release (default) or dev (address and undefined-behaviour sanitizers)
source "$(dirname "$0")/../examples/setup.sh"
preset=${1:-release}

build "$preset"
ctest --preset "$preset" --parallel 2 && status=0 || status=$?

# A test binary counts as the test cases it reports, anything else as one.
directory=build
if [ "$preset" != release ]; then directory=build-$preset; fi
awk '
  /^\[doctest\] test cases:/ { cases = 1; good = $6; bad = $9 }
  /^Test Passed\./           { passed += cases ? good : 1; cases = 0 }
  /^Test Failed\./           { passed += cases ? good : 0; failed += cases && bad ? bad : 1; cases = 0 }
  END                        { printf "%d passed, %d failed\n", passed, failed }
' "$directory/Testing/Temporary/LastTest.log"
exit "$status"
