#!/usr/bin/env bash
# The memory that `weft train` says it takes, against its peak as the system measures it, for models of
# several kinds. Fails where they differ by more than a tenth.
#   bash tests/bench/memory.sh build/weft [PRETRAINED_FOLDER]
set -euo pipefail
weft=$(realpath "$1")
pretrained=${2:+$(realpath "$2")}
[ -x /usr/bin/time ] || { echo "skipped: there is no /usr/bin/time"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# texts COUNT WORDS: so many texts of 20 words each, of so many words.
texts() {
  awk -v n="$1" -v words="$2" 'BEGIN {
    srand(1); print "label\ttext"
    for (i = 0; i < n; ++i) {
      line = (i % 2 ? "good\tfine" : "bad\tdull")
      for (w = 0; w < 19; ++w) line = line " w" int(rand() * words)
      print line
    }
  }'
}
texts 4000 30000 >data.tsv
texts 20000 200000 >many.tsv
for starter in textcnn deepcnn bow; do "$weft" new $starter >$starter.model; done
bad=0
printf '%-44s %10s %10s\n' model counted measured
# measure NAME ARGUMENTS...
measure() {
  local name=$1
  shift
  /usr/bin/time -f '%M' -o peak "$weft" train "$@" --threads 1 -o x.plan 2>log || {
    cat log >&2
    exit 1
  }
  local counted measured
  counted=$(sed -n 's/.*, \([0-9]*\) MB of memory$/\1/p' log)
  measured=$(($(tail -1 peak) * 1024 / 1000000))
  printf '%-44s %7d MB %7d MB\n' "$name" "$counted" "$measured"
  awk -v c="$counted" -v m="$measured" 'BEGIN { exit !(c > 1.1 * m || c < 0.9 * m) }' && bad=1 || true
}
measure "textcnn" textcnn.model --data data.tsv --epochs 1
measure "textcnn, validated, mean of 2 epochs" textcnn.model --data data.tsv --epochs 2 \
  --valid-fraction 0.1 --average 2
measure "textcnn, width 2000" textcnn.model --data data.tsv --epochs 1 --set width=2000
measure "deepcnn" deepcnn.model --data data.tsv --epochs 1
measure "bow, 60,000 words" bow.model --data many.tsv --epochs 1 --set vocabulary=60000 \
  --set x.width=300
measure "bow of n-grams, 500,000 buckets" bow.model --data data.tsv --epochs 1 \
  --set tokenizer=ngrams --set buckets=500000
measure "that plan, trained on" x.plan --data data.tsv --epochs 1
if [ -n "$pretrained" ]; then
  "$weft" new bert >bert.model
  measure "bert" bert.model --pretrained "$pretrained" --data <(head -200 data.tsv) --format tsv \
    --epochs 1
fi
[ $bad -eq 0 ] || { echo "a count is wrong by more than a tenth"; exit 1; }
