#!/usr/bin/env bash
# `weft train` beyond one run: a plan that goes on learning, and what it is validated on.
#   bash tests/e2e/train.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

# Every label is a coin's throw: only of texts that it has learnt can a plan know more.
awk 'BEGIN {
  srand(3); print "label\ttext"
  for (i = 0; i < 200; ++i) {
    line = ""
    for (w = 0; w < 6; ++w) line = line " w" int(rand() * 2000)
    print (rand() < 0.5 ? "heads" : "tails") "\t" line
  }
}' >coins.tsv
"$weft" new bow >bow.model
"$weft" new bow | sed -E 's/^(train .*)/\1 seed=7/' >seven.model
train=("$weft" train --data coins.tsv --threads 1)
part=("${train[@]}" --valid-fraction 0.3 --rate 0.02)

# accuracy_of LOG: of its last epoch.
accuracy_of() { grep -E '^epoch' "$1" | tail -1 | sed -E 's/.*accuracy ([0-9.]+).*/\1/'; }

# However the seed was given, a plan goes on being validated on what it has not learnt.
"${part[@]}" bow.model --epochs 10 --seed 7 -o flag.plan 2>flag.log
"${part[@]}" bow.model --epochs 10 --set train.seed=7 -o set.plan 2>set.log
"${part[@]}" seven.model --epochs 10 -o described.plan 2>described.log
for way in flag set described; do
  cmp -s <(sed -n 's/ [0-9.]*s .*//p' flag.log) <(sed -n 's/ [0-9.]*s .*//p' $way.log) ||
    fail "seed 7 by $way goes another way: $(cat flag.log $way.log)"
  "${part[@]}" $way.plan --epochs 1 -o more.plan 2>log
  awk -v a="$(accuracy_of log)" 'BEGIN { exit !(a < 0.75) }' ||
    fail "validated on what it has learnt: $(cat log)"
done
says "own seed, 7" "${part[@]}" flag.plan --epochs 1 --seed 8 -o more.plan
awk -v a="$(accuracy_of message)" 'BEGIN { exit !(a < 0.75) }' ||
  fail "validated on what it has learnt: $(cat message)"
silent "${part[@]}" flag.plan --epochs 1 --seed 7 --quiet -o more.plan
# What has no effect is said, or refused; errors name what was typed.
says "patience stops nothing without validation" "${train[@]}" bow.model --epochs 1 --patience 2 \
  -o x.plan
says "patience stops nothing" "${train[@]}" bow.model --epochs 1 --set train.patience=2 -o x.plan
says "metric chooses nothing" "${train[@]}" bow.model --epochs 1 --metric loss -o x.plan
says "kept the last epoch; wrote" "${train[@]}" bow.model --epochs 1 --average 3 -o x.plan
refused() {
  local pattern=$1
  shift
  ! "$@" >out 2>message || fail "no error from: $*"
  grep -qE -- "$pattern" message || fail "$* said: $(cat message), not: $pattern"
}
refused "this plan is compiled" "${train[@]}" x.plan --no-rewrites -o y.plan
refused "--epochs: epochs=-1 must be" "${train[@]}" bow.model --epochs -1 -o y.plan
refused "--set: epochs=-1 must be" "${train[@]}" bow.model --set epochs=-1 -o y.plan
for flag in --valid-fraction --checkpoint; do
  refused "$flag: nan is not a number from 0" "${train[@]}" bow.model $flag nan -o y.plan
done
refused "--rate: rate=nan must be" "${train[@]}" bow.model --rate nan -o y.plan
silent "${train[@]}" bow.model --set train.batch=1e2 --epochs 1 --quiet -o x.plan

# Kept as it was where no epoch is better.
"${part[@]}" flag.plan --epochs 2 --rate 1000 --metric loss -o kept.plan 2>log
grep -q "^as given  valid loss" log || fail "the start is not evaluated: $(cat log)"
grep -q "no epoch was better than the plan as given" log || fail "kept: $(cat log)"
cut -f 2 coins.tsv | "$weft" predict flag.plan >before
cut -f 2 coins.tsv | "$weft" predict kept.plan | cmp - before || fail "the start is not kept"

echo "training goes on where it was, and says how"
