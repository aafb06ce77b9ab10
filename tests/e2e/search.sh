#!/usr/bin/env bash
# Cross-validation and tuning by the program: the same results on any number of threads, and after a
# kill; what they leave behind; and their errors.
#   bash tests/e2e/search.sh build/weft
set -euo pipefail
weft=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
# says PATTERN COMMAND...: the command fails, and its message matches.
says() {
  local pattern=$1 status=0
  shift
  "$@" >out 2>message </dev/null || status=$?
  [ "$status" -ne 0 ] || fail "no error from: $*"
  [ "$status" -lt 128 ] || fail "status $status from: $*"
  grep -qE -- "$pattern" message || fail "$* said: $(cat message), not: $pattern"
}

awk 'BEGIN {
  srand(1); print "label\ttext"
  for (i = 0; i < 300; ++i) {
    line = ""
    for (w = 0; w < 3 + i % 7; ++w) line = line "w" int(rand() * 60) " "
    last = rand() < 0.1 ? "film" : i % 2 ? "fine film" : "dull film"
    print (i % 2 ? "good" : "bad") "\t" line last
  }
}' >data.tsv
"$weft" new textcnn | sed 's/^width .*/width = 12/; s/^channels .*/channels = 8/' >m.model
echo "tune width=range(8, 24) rate=log(0.001, 0.03) batch=choice(10, 25)" >>m.model
"$weft" check m.model >/dev/null

cross=("$weft" crossval m.model --data data.tsv --folds 5 --repeats 2 --set train.epochs=3 --quiet)
"${cross[@]}" --threads 1 --json >one.json
"${cross[@]}" --threads 3 --json | cmp - one.json || fail "folds depend on the threads"
grep -q '"accuracy":{"mean":0\.[6-9]' one.json || fail "crossval: $(cat one.json)"
"${cross[@]}" --folds-by row --valid-fraction 0.2 | grep -q "confidence interval" || fail "no table"
says "300 examples|301 folds" "$weft" crossval m.model --data data.tsv --folds 301

tune=("$weft" tune m.model --data data.tsv --trials 10 --set train.epochs=5 --quiet)
"${tune[@]}" --threads 1 -o one.plan >board
grep -q "the description as it stands" board || fail "tune: $(cat board)"
"${tune[@]}" --threads 3 -o three.plan >/dev/null
cmp one.trials.jsonl three.trials.jsonl || fail "trials depend on the threads"
cmp one.model three.model
"$weft" eval one.plan --data data.tsv >/dev/null
"$weft" check one.model >/dev/null || fail "the best description: $(cat one.model)"

# Killed and resumed: the same trials, the same best.
for moment in 0.05 0.15 0.3; do
  rm -f cut.*
  "${tune[@]}" --threads 1 -o cut.plan >/dev/null 2>&1 &
  victim=$!
  sleep "$moment"
  kill -9 "$victim" 2>/dev/null || true
  wait "$victim" 2>/dev/null || true
  "${tune[@]}" --threads 1 -o cut.plan --resume >/dev/null
  cmp one.trials.jsonl cut.trials.jsonl || fail "killed after $moment: other trials"
  cmp one.model cut.model
done
says "other data" "${tune[@]}" --seed 9 -o cut.plan --resume
says "is no time" "$weft" tune m.model --data data.tsv --budget soon -o x.plan
sed 's/^tune .*/tune widht=range(1, 2)/' m.model >typo.model
says "typo.model:[0-9]+:6: error: .widht." "$weft" check typo.model
says "typo.model:[0-9]+:6: error: .widht." "$weft" tune typo.model --data data.tsv -o x.plan
[ ! -e x.plan ] || fail "a failed run left a plan"
echo "searches repeat, resume and say what is wrong"
