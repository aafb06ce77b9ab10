#!/usr/bin/env bash
# Compares weft with fastText on one thread: answers of one and the same model, and training of the
# same kind of model on the same texts. Processor time, which other work disturbs least.
#
#   bash tests/bench/fasttext.sh predict MODEL LINES       MODEL: .bin or .ftz; LINES: a text a line
#   bash tests/bench/fasttext.sh train DATA...             DATA: lines `__label__x text`, or LABEL<tab>TEXT
#
# Each command runs RUNS (3) times, one after the other in turn; medians are printed. Of DATA, a tenth
# is held out. fastText has 25 epochs and rate 0.5, as its tutorial ends with; both have pairs of
# words, 200,000 buckets and width 100.
source "$(dirname "$0")/../../examples/setup.sh"
what=${1:?predict or train}
shift
files=()
for file in "$@"; do files+=("$(cd "$OLDPWD" && realpath "$file")"); done
runs=${RUNS:-3}
build release weft >/dev/null
weft=$PWD/build/weft
work=build/bench/fasttext
mkdir -p "$work"
cd "$work"

# timed NAME COMMAND...: appends the processor seconds and the most memory in KB to NAME.times.
timed() { /usr/bin/time -a -o "$1.times" -f '%U %M' "${@:2}"; }
median() { sort -n "$1.times" | awk -v column="$2" '{ v[NR] = $column } END { print v[int((NR + 1) / 2)] }'; }

predict() {
  local model=$1 lines=$2 count
  count=$(wc -l <"$lines")
  "$weft" import "$model" -o model.plan --quiet
  rm -f ./*.times
  for _ in $(seq "$runs"); do
    timed weft "$weft" predict model.plan "$lines" --threads 1 >weft.out 2>/dev/null
    timed fasttext fasttext predict "$model" "$lines" >fasttext.out
  done
  cut -f 1 weft.out | sed 's/^/__label__/' >labels
  echo "labels that differ: $(diff labels fasttext.out | grep -c '^<' || true) of $count"
  printf '%-10s %14s %12s\n' "" "lines a second" "memory, MB"
  for name in weft fasttext; do
    awk -v name=$name -v count="$count" -v s="$(median $name 1)" -v kb="$(median $name 2)" \
      'BEGIN { printf "%-10s %14.0f %12.1f\n", name, count / s, kb / 1000 }'
  done
  awk -v w="$(median weft 1)" -v f="$(median fasttext 1)" 'BEGIN { printf "weft is %.1f times as fast\n", f / w }'
}

train() {
  "$weft" new fasttext >model
  printf '%-24s %10s %10s %12s %12s\n' data "weft" "fastText" "weft, s" "fastText, s"
  for data in "$@"; do
    awk -F '\t' '/^__label__/ { print; next } NR > 1 && NF == 2 { gsub(/ /, "_", $1); print "__label__" $1 " " tolower($2) }' \
      "$data" | awk 'BEGIN { srand(1) } { printf "%.9f\t%s\n", rand(), $0 }' | LC_ALL=C sort | cut -f 2- >all
    tenth=$(($(wc -l <all) / 10))
    head -n "$tenth" all >held
    tail -n +$((tenth + 1)) all >learn
    rm -f ./*.times
    for _ in $(seq "$runs"); do
      timed weft "$weft" train model --data learn --threads 1 --quiet -o weft.plan
      timed fasttext fasttext supervised -input learn -output fasttext -wordNgrams 2 -bucket 200000 -dim 100 \
        -epoch 25 -lr 0.5 -thread 1 -verbose 0
    done
    ours=$("$weft" eval weft.plan --data held --json | sed -nE 's/^ *"accuracy": ([0-9.]+),?$/\1/p' | head -n 1)
    theirs=$(fasttext test fasttext.bin held | sed -n 's/^P@1\t//p')
    printf '%-24s %10s %10s %12s %12s\n' "$(basename "$(dirname "$data")")/$(basename "$data")" "$ours" "$theirs" \
      "$(median weft 1)" "$(median fasttext 1)"
    ls -l weft.plan fasttext.bin | awk '{ printf "  %s: %.1f MB\n", $NF, $5 / 1e6 }'
  done
}

case $what in
  predict) predict "${files[@]}" ;;
  train) train "${files[@]}" ;;
  *) echo "say predict or train" >&2 && exit 2 ;;
esac
