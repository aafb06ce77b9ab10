#!/usr/bin/env bash
# Fuzzes what weft reads (libFuzzer, with sanitizers): one target, or all, each for so many seconds.
#   bash tests/fuzz/run.sh TARGET|all [SECONDS]       TARGET: plan, ir, data_csv …; SECONDS: 60
# `all 3` is a quick look. Inputs that were worth keeping stay in build-fuzz/corpus/TARGET, the next
# run begins with them; an input that breaks weft lies in build-fuzz/found, and
# `build-fuzz/tests/fuzz/targets/TARGET_fuzz FILE` runs it again.
set -euo pipefail
cd "$(dirname "$0")/../.."
wanted=${1:?"a target, or all"}
seconds=${2:-60}
folder=build-fuzz

[ -f "$folder/build.ninja" ] || cmake --preset fuzz >/dev/null
ninja -C "$folder" weft_fuzzers | tail -n 1
programs=$folder/tests/fuzz/targets
rm -rf "$folder/seeds"
"$programs/weft_fuzz_seeds" "$folder/seeds"
mkdir -p "$folder/found"

status=0
for program in "$programs"/*_fuzz; do
  target=$(basename "$program")
  [ "$wanted" = all ] || [ "$wanted" = "${target%_fuzz}" ] || continue
  mkdir -p "$folder/corpus/$target"
  # Nothing that small may ask for much memory.
  "$program" -max_total_time="$seconds" -timeout=20 -malloc_limit_mb=512 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$folder/found/$target-" \
    "$folder/corpus/$target" "$folder/seeds/$target" >"$folder/found/$target.log" 2>&1 || {
    echo "$target: FAILED: $folder/found/$target.log"
    status=1
  }
  echo "$target: $(sed -n 's/.*number_of_executed_units: *//p' "$folder/found/$target.log") executions"
done
exit "$status"
