#!/usr/bin/env bash
# The head for many labels: hierarchical softmax learns, and all that works on plans works on its.
#   bash tests/e2e/many_labels.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

# A word of each text tells its label; some labels are much more frequent than others.
texts() { # COUNT SEED SHARE_OF_WRONG_LABELS
  awk -v count="$1" -v seed="$2" -v wrong="$3" 'BEGIN {
    srand(seed); print "label\ttext"
    for (i = 0; i < count; ++i) {
      k = int(exp(rand() * log(60))) - 1
      print "l" (rand() < wrong ? 0 : k) "\tn" int(rand() * 40) " word" k " n" int(rand() * 40)
    }
  }'
}
texts 3000 7 0.02 >train.tsv
texts 400 8 0.1 >valid.tsv
description() { # NAME OUTPUT TRAIN
  printf 'model topics\ntext tokenizer=whitespace\nx = embedding(text, width=16) | mean_pool\n%s\n%s\n' \
    "$2" "train adam(rate=0.02) epochs=6 batch=16 $3" >"$1.model"
}
description tree 'output hierarchical_softmax(x)' ''
description flat 'output softmax(x | linear(labels))' ''

# It learns as softmax does, the same on any number of threads; a step touches only its paths.
train() { # MODEL|PLAN FLAG...; what it warns of the data is not the matter here
  "$weft" train "$1" --data train.tsv --valid valid.tsv --quiet "${@:2}" 2>message ||
    fail "$* said: $(cat message)"
}
train tree.model -o tree.plan --threads 1
train tree.model -o again.plan --threads 2
cmp tree.plan again.plan || fail "threads matter"
train flat.model -o flat.plan
accuracy() { "$weft" eval "$1" --data valid.tsv | awk '/accuracy/ { print $4; exit }'; }
awk -v tree="$(accuracy tree.plan)" -v flat="$(accuracy flat.plan)" \
  'BEGIN { exit !(tree > 0.85 && tree > flat - 0.02) }' || fail "accuracy $(accuracy tree.plan)"
"$weft" inspect tree.plan --program train >inspection
grep -qE 'a step touches at most .* rows of %output.weight' inspection || fail "a step is dense"
[ "$(grep -c tree_softmax inspection)" = 0 ] || fail "training computes all labels"

# Probabilities add up to 1, and the loss of `eval` is the mean of -log of the right ones.
cut -f 2 valid.tsv | tail -n +2 >lines
cut -f 1 valid.tsv | tail -n +2 >right
"$weft" predict tree.plan lines --top 1000 >answers
loss=$("$weft" eval tree.plan --data valid.tsv --json | sed -n 's/^ *"loss": \([0-9.e-]*\),/\1/p')
paste right answers | awk -F '\t' -v loss="$loss" '{
    sum = 0
    for (i = 2; i < NF; i += 2) { sum += $(i + 1); if ($i == $1) total -= log($(i + 1) + 1e-9) }
    if (sum < 0.999 || sum > 1.001) exit bad = 1
  } END { difference = total / NR - loss; exit bad || difference > 1e-3 || difference < -1e-3 }' ||
  fail "the answers do not add up, or to another loss than $loss"

# What works on plans.
train tree.plan --epochs 8 -o longer.plan
"$weft" calibrate tree.plan --data valid.tsv -o calibrated.plan >out 2>&1 || fail "$(cat out)"
silent "$weft" eval calibrated.plan --data valid.tsv
silent "$weft" explain tree.plan 'n1 word5 n2'
grep -q 'word5' out || fail "explain: $(cat out)"
grep -q 'log-odds of the decisions' out || fail "explain: $(cat out)"
"$weft" explain tree.plan 'n1 word5 n2' --json | grep -c '"exact":true' >count || fail "not exact"
silent "$weft" check tree.plan --seconds 1
silent "$weft" check tree.model --labels 100000
silent "$weft" inspect tree.plan --json
silent "$weft" inspect tree.plan --html page.html
"$weft" compile tree.plan --deploy -o deployed.plan 2>change || fail "$(cat change)"
"$weft" predict deployed.plan lines --top 1 | cut -f 1 >deployed
cut -f 1 answers | cmp - deployed || fail "the deployed plan answers otherwise"
"$weft" crossval tree.model --data valid.tsv --folds 2 >out 2>&1 || fail "$(cat out)"
silent "$weft" bench tree.plan --data valid.tsv --seconds 0.1
silent "$weft" layers hierarchical_softmax
grep -q epsilon out || fail "layers: $(cat out)"
refuses 'tree_softmax' "$weft" export tree.plan --onnx tree.onnx
[ ! -e tree.onnx ] || fail "a file was written all the same"

# Where it does not apply.
description weights 'output hierarchical_softmax(x)' 'class_weights=balanced'
refuses 'weights.model:4:8: error: hierarchical_softmax: there is no class_weights' \
  "$weft" train weights.model --data train.tsv -o no.plan
description smooth 'output hierarchical_softmax(x)' 'label_smoothing=0.1'
refuses 'there is no label_smoothing' "$weft" train smooth.model --data train.tsv -o no.plan
printf '{"text": "a", "labels": ["x", "y"]}\n{"text": "b", "labels": ["x"]}\n' >several.jsonl
refuses 'hierarchical_softmax gives each text one label' \
  "$weft" train tree.model --data several.jsonl -o no.plan
printf 'label\ttext\nx\ta\nx\tb\n' >one.tsv
refuses 'two labels at least' "$weft" train tree.model --data one.tsv -o no.plan
description epsilon 'output hierarchical_softmax(x, epsilon=2)' ''
refuses 'epsilon' "$weft" train epsilon.model --data train.tsv -o no.plan
[ ! -e no.plan ] || fail "a plan was written all the same"
