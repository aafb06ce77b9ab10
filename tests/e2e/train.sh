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
# Without being told, it holds out the same texts again; of others it may have learnt some.
says "valid-fraction 0.3 of the data is held out again, as flag.plan" "${train[@]}" --rate 0.02 \
  flag.plan --epochs 1 -o more.plan
awk -v a="$(accuracy_of message)" 'BEGIN { exit !(a < 0.75) }' ||
  fail "validated on what it has learnt: $(cat message)"
"${train[@]}" --rate 0.02 more.plan --epochs 1 --quiet -o again.plan 2>log
[ ! -s log ] || fail "quiet, it said: $(cat log)"
says "was trained with --valid-fraction 0.3" "${train[@]}" flag.plan --valid-fraction 0.5 --epochs 1 \
  -o more.plan
says "no validation data: kept the last epoch" "${train[@]}" flag.plan --valid-fraction 0 \
  --epochs 1 --average 0 -o all.plan
says "was trained without validation" "${train[@]}" all.plan --valid-fraction 0.3 --epochs 1 -o more.plan
says "^kept epoch|^kept the" "${part[@]}" bow.model --epochs 1 -o more.plan
# A last epoch that is the best says so: 200 texts that a word tells apart, too few steps to learn it.
awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 300; ++i) print (i % 2 ? "good\tfine w" : "bad\tdull w") i % 11 " w" i % 7
}' >easy.tsv
says "^weft: the last of 3 epochs was the best, .* still improving; try --epochs 6$" "$weft" train \
  bow.model --data easy.tsv --valid-fraction 0.2 --rate 0.0003 --metric loss --epochs 3 --threads 1 -o x.plan
"$weft" train bow.model --data easy.tsv --valid-fraction 0.2 --schedule linear --rate 0.0003 --metric loss \
  --epochs 3 --threads 1 -o x.plan 2>message
! grep "still improving" message || fail "of a rate that falls: $(cat message)"
# The columns that a header decides are said, unless the run is to be quiet.
{ printf 'title\tbody\tlabel\n'; awk '{ print "t" NR "\tsome text " NR "\t" NR % 2 }' coins.tsv; } >columns.tsv
says "^columns.tsv: text: column .body., label: column .label.; not read: .title.$" "$weft" train \
  bow.model --data columns.tsv --epochs 1 -o x.plan
silent "$weft" train bow.model --data columns.tsv --epochs 1 --quiet -o x.plan
# A table that training leaves as it is, without vectors to hold.
"$weft" new textcnn-vectors >vectors.model
says "kept.embedding: static, but without vectors: it stays random" "${train[@]}" vectors.model \
  --set width=8 --set channels=8 --epochs 1 -o x.plan
refuses_hint() {
  refuses "did you mean .*width.\?" "${train[@]}" bow.model --set "$1" -o x.plan
}
refuses_hint y.width=200
refuses_hint widht=200
# Validation that cannot validate.
printf 'label\ttext\nedge\tw1 w2\nedge\tw3\n' >edge.tsv
refuses "no validation text has a label of the training data" "${train[@]}" bow.model --epochs 1 \
  --valid edge.tsv -o x.plan
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
"${train[@]}" --valid-fraction 0.3 flag.plan --epochs 2 --rate 1000 --metric loss -o kept.plan 2>log
grep -q "^as given  valid loss" log || fail "the start is not evaluated: $(cat log)"
grep -q "no epoch was better than the plan as given" log || fail "kept: $(cat log)"
cut -f 2 coins.tsv | "$weft" predict flag.plan >before
cut -f 2 coins.tsv | "$weft" predict kept.plan | cmp - before || fail "the start is not kept"

# Weights that are no numbers are never a plan: the loss of the last step does not tell of them.
cat >wild.model <<'MODEL'
model wild
text   tokenizer=words
x      = embedding(text, width=8, decay=true)
logits = x | mean_pool | linear(labels)
output softmax(logits)
train  sgd(rate=1000000, weight_decay=1000) batch=200 epochs=3
MODEL
for valid in "" "--valid coins.tsv"; do
  # shellcheck disable=SC2086
  refused "answers became no numbers in epoch 3, step 3" "${train[@]}" wild.model $valid -o wild.plan
  [ ! -e wild.plan ] || fail "a plan of no numbers was written"
done

echo "training goes on where it was, and says how"
