#!/usr/bin/env bash
# Measures weft on one core beside this machine's limits and, where installed, fastText and ONNX
# Runtime on the same lines, and prints one table.
#
#   bash tests/bench/run.sh [FILE]     FILE: your own lines, LABEL<tab>TEXT, in place of the package
#                                      lists; PYTHON names a Python that has onnx and onnxruntime
source "$(dirname "$0")/../../examples/setup.sh"
own_file=${1:+$(cd "$OLDPWD" && realpath "$1")}
seconds=${SECONDS_EACH:-1}
python=${PYTHON:-python3}

build release weft weft_bench_limits >/dev/null
weft=$PWD/build/weft
limits=$PWD/build/tests/weft_bench_limits
mkdir -p build/bench
cd build/bench

# 20,000 lines are enough to measure on; a header where the file has none.
if [ -n "$own_file" ]; then
  head -n 20001 "$own_file" >lines.tsv
else
  package_lines | LC_ALL=C sort -u | shuf -n 20000 --random-source=<(yes 42) >lines.tsv || true
  if [ ! -s lines.tsv ]; then
    echo "no package lists here: name a file of LABEL<tab>TEXT lines" >&2
    exit 1
  fi
fi
tab=$'\t'
head -n 1 lines.tsv | grep -qx "label${tab}text" || sed -i "1ilabel${tab}text" lines.tsv
tail -n +2 lines.tsv | cut -f 2 >texts
lines=$(wc -l <texts)

# field JSON PART NAME: a number of the object PART
field() { sed -E "s/.*\"$2\":\{[^}]*\"$3\":([0-9.e+-]+).*/\1/" <<<"$1"; }
bench() { "$weft" bench "$1" --data lines.tsv --threads 1 --seconds "$seconds" --json "${@:2}"; }
# row NAME SENTENCES/S P50 P99 [REMARK]
row() { printf '%-34s %12.0f %10.1f %10.1f  %s\n' "$1" "$2" "$3" "$4" "${5:-}"; }
number() { sed -E "s/.*\"$2\":([0-9.e+-]+).*/\1/" <<<"$1"; }  # JSON NAME: outside all objects
# rates NAME JSON PART [UNITS PER TOKEN, IN MILLIONS; UNIT]: of which the limits above are limits
rates() {
  local remark="" p50
  p50=$(field "$2" "$3" p50_us)
  if [ $# -gt 3 ]; then
    remark=$(awk -v b="$(number "$2" batch)" -v t="$(number "$2" tokens_per_sentence)" -v p="$p50" \
      -v u="$4" 'BEGIN { printf "%.1f", b * t / p * u * 1e3 }')" $5"
  fi
  row "$1" "$(field "$2" "$3" sentences_per_second)" "$p50" "$(field "$2" "$3" p99_us)" "$remark"
}
heading() { printf '\n%-34s %12s %10s %10s\n' "$1" "sentences/s" "p50 us" "p99 us"; }
wall() {
  local start=$EPOCHREALTIME
  "$@" >/dev/null 2>&1
  awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }'
}

echo "this machine, one core: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
taskset -c 0 "$limits"

"$weft" new textcnn >textcnn.model
"$weft" train textcnn.model --data lines.tsv --epochs 1 --quiet -o trained.plan
"$weft" compile trained.plan --predict-only -o fp32.plan
for table in int16 int8; do
  "$weft" compile trained.plan --table $table --data lines.tsv -o whole.plan 2>$table.change
  "$weft" compile whole.plan --predict-only -o $table.plan
done
"$weft" compile trained.plan --no-rewrites -o whole.plan 2>/dev/null
"$weft" compile whole.plan --predict-only -o plain.plan

heading "predicting $lines lines, from ids"
declare -A from
for table in fp32 int16 int8; do
  # f32[V, R] of the table -> bytes of a row, which a token reads once
  row_bytes=$("$weft" inspect $table.plan --program all | sed -nE \
    's/.*\.table[^ ]* : (f32|i16|i8)\[[0-9]+, ([0-9]+)\].*/\1 \2/p' | tail -1 |
    awk '{ print $2 * ($1 == "f32" ? 4 : $1 == "i16" ? 2 : 1) }')
  for batch in 50 1; do
    json=$(bench $table.plan --batch $batch)
    rates "table $table, requests of $batch" "$json" from_ids \
      "$(awk -v b="$row_bytes" 'BEGIN { print b / 1e6 }')" "GB/s of rows"
    if [ $batch = 50 ]; then from[$table]=$json; fi
  done
done
# 300 numbers a word, 12 taps, 100 channels: 0.72 million multiplications and additions
rates "no rewrites (oneDNN), 50" "$(bench plain.plan)" from_ids 0.72 "GFLOP/s"
if "$python" -c 'import onnx, onnxruntime' 2>/dev/null; then
  "$python" ../../tests/bench/onnx_textcnn.py lines.tsv "$seconds" |
    while IFS=$tab read -r name rate p50 p99; do row "$name" "$rate" "$p50" "$p99"; done ||
    echo "ONNX Runtime: failed"
else
  echo "ONNX Runtime: not installed for $python"
fi

heading "the same from text"
for table in fp32 int16 int8; do
  rates "table $table, requests of 50" "${from[$table]}" from_text
done
for table in int16 int8; do echo "table $table: $(cat $table.change)"; done

# Whole processes, text in and label out: the lines many times over, so that starting counts little.
for i in $(seq 10); do cat texts; done >many
many=$(wc -l <many)
printf '\n%-34s %12s %10s\n' "whole process, one thread" "lines/s" "seconds"
process() {
  local name=$1 time
  shift
  time=$(wall "$@")
  printf '%-34s %12.0f %10.2f\n' "$name" \
    "$(awk -v n="$many" -v t="$time" 'BEGIN { print n / t }')" "$time"
}
process "weft predict" "$weft" predict fp32.plan many --threads 1
if command -v fasttext >/dev/null; then
  sed "1d; s/^/__label__/; s/$tab/ /" lines.tsv >fasttext.txt
  fasttext supervised -input fasttext.txt -output fasttext -epoch 1 -thread 1 -verbose 0 \
    >/dev/null 2>&1
  process "fasttext predict" fasttext predict fasttext.bin many
else
  echo "fastText: not installed"
fi

# The median of 15 processes that label one line.
first_label() {
  head -n 1 texts >line
  for i in $(seq 15); do wall "$weft" predict "$1" line --threads 1; done | sort -n | sed -n 8p |
    awk -v name="$2" '{ printf "%-34s %12.1f\n", name, $1 * 1e3 }'
}
"$weft" compile trained.plan --fold -o folded.plan
printf '\n%-34s %12s\n' "process start to first label" "ms"
first_label trained.plan "as trained"
first_label fp32.plan "predict only"
first_label folded.plan "predict only, table stored"

printf '\n%-34s %12s %10s %10s\n' "a training step, one thread" "sentences/s" "p50 ms" "us/token"
for batch in 16 50 128 256 512 1024 2048 4096; do
  sed -E "s/batch=[0-9]+/batch=$batch/" textcnn.model >batch.model
  "$weft" compile batch.model --data lines.tsv -o batch.plan
  json=$(bench batch.plan)
  step=$(field "$json" train step_ms)
  printf '%-34s %12.0f %10.2f %10.3f\n' "batch $batch" \
    "$(field "$json" train sentences_per_second)" "$step" \
    "$(awk -v s="$step" -v b=$batch -v t="$(number "$json" tokens_per_sentence)" \
      'BEGIN { print s * 1e3 / b / t }')"
done
