#!/usr/bin/env bash
# Builds weft and runs its tests; says why any were skipped; the last line counts them.
#
#   bash tests/run.sh [PRESET]     release (default), dev (address and undefined-behaviour sanitizers;
#                                  without the tests that take longest),
#                                  tsan (thread sanitizer, the tests that start threads), clang or
#                                  aarch64 (tests/portability/aarch64.sh makes what it needs)
source "$(dirname "$0")/../examples/setup.sh"
preset=${1:-release}

case $preset in
  dev | clang) install_packages clang-14 libclang-rt-14-dev libomp-14-dev ;;
esac
install_packages pkg-config dpkg-dev file python3  # for tests/e2e
build "$preset"
# The thread sanitizer ends at once where the system spreads addresses too far, unless that is off.
fixed=()
if [ "$preset" = tsan ] && setarch --addr-no-randomize true 2>/dev/null; then
  fixed=(setarch --addr-no-randomize)
fi
"${fixed[@]}" ctest --preset "$preset" --parallel 2 && status=0 || status=$?

# A test binary counts as the test cases it reports, anything else as one.
directory=build
if [ "$preset" != release ]; then directory=build-$preset; fi
awk '
  /^[0-9]+\/[0-9]+ Testing: / { cases = 0 }
  /^\[doctest\] test cases:/ { cases = 1; good = $6; bad = $9 }
  /skipped: [^]]/             { reason = $0 }
  /^Test Passed\./           { passed += cases ? good : 1 }
  /^Test Failed\./           { passed += cases ? good : 0; failed += cases && bad ? bad : 1 }
  /^Skip regular expression/ { skipped += 1; print reason }
  END { printf "%d passed, %d failed%s\n", passed, failed, skipped ? ", " skipped " skipped" : "" }
' "$directory/Testing/Temporary/LastTest.log"
exit "$status"
