#!/usr/bin/env bash
# Compares `weft tune` with fastText's autotune: the same texts to learn from and to choose by, the
# same time, one test set that neither sees; and the starter as it stands, for scale.
#
#   bash tests/bench/autotune.sh DATA [SECONDS]     DATA: lines LABEL<tab>TEXT; 300 seconds each
#
# STARTER names what is tuned; without it the starters compete. VECTORS is a file of word vectors in
# text for both, SEED (1) the split, THREADS (all) what both may use and GIGABYTES (4) the memory
# that fastText may.
source "$(dirname "$0")/../../examples/setup.sh"
data=$(cd "$OLDPWD" && realpath "${1:?name a file of LABEL<tab>TEXT lines}")
seconds=${2:-300}
starter=${STARTER:-}
seed=${SEED:-1}
threads=${THREADS:-$(nproc)}
gigabytes=${GIGABYTES:-4}
vectors=${VECTORS:+$(cd "$OLDPWD" && realpath "$VECTORS")}

build release weft >/dev/null
weft=$PWD/build/weft
mkdir -p build/bench/autotune
cd build/bench/autotune

# A tenth is for the test, a tenth to choose by; a header, if there is one, is not shuffled in.
tab=$'\t'
header="label${tab}text"
{ grep -vx "$header" "$data" || true; } | awk -v seed="$seed" \
  'BEGIN { srand(seed) } { printf "%.9f\t%s\n", rand(), $0 }' | LC_ALL=C sort | cut -f 2- >all
tenth=$(($(wc -l <all) / 10))
if [ "$tenth" -eq 0 ]; then
  echo "$data has too few lines: ten at least" >&2
  exit 1
fi
part() { # NAME FIRST [LAST]: lines of `all`
  { echo "$header" && sed -n "$2,${3:-\$}p" all; } >"$1.tsv"
  # fastText takes labels without spaces, and words that are cut already: of Chinese, characters.
  sed 1d "$1.tsv" | LC_ALL=C sed 's/[\xe3-\xe9][\x80-\xbf][\x80-\xbf]/ & /g' | awk -F "$tab" '{
    gsub(/ /, "_", $1); gsub(/[][.,:;!?"()\/\047]/, " & ", $2); print "__label__" $1 " " tolower($2)
  }' >"$1.txt"
}
part test 1 "$tenth"
part valid $((tenth + 1)) $((2 * tenth))
part train $((2 * tenth + 1))

row() { printf '%-40s %s\n' "$1" "$2"; }
accuracy() {
  "$weft" eval "$1" --data test.tsv --json | sed -nE 's/^ *"accuracy": ([0-9.]+),?$/\1/p' | head -n 1
}
weft_vectors=() fasttext_vectors=()
if [ -n "$vectors" ]; then
  weft_vectors=(--vectors "$vectors")
  width=$(awk 'NR == 2 { print NF - 1; exit }' "$vectors")
  # fastText wants the header that GloVe's files lack.
  awk 'NR > 1 || NF > 2' "$vectors" >vectors
  { echo "$(wc -l <vectors) $width" && cat vectors; } >vectors.vec
  fasttext_vectors=(-pretrainedVectors vectors.vec -dim "$width")
fi
echo "test accuracy: $tenth texts; each search has $seconds s and $threads threads"

description=()
if [ -n "$starter" ]; then
  "$weft" new "$starter" >starter.model
  description=(starter.model)
fi
"$weft" train "${description[@]}" --data train.tsv --valid valid.tsv --seed "$seed" \
  --threads "$threads" "${weft_vectors[@]}" --quiet -o starter.plan
row "weft, ${starter:-the starter it takes}" "$(accuracy starter.plan)"

rm -f tuned.*
"$weft" tune "${description[@]}" --data train.tsv --valid valid.tsv --seed "$seed" \
  --threads "$threads" "${weft_vectors[@]}" --budget "$seconds" --quiet -o tuned.plan >board
row "weft tune${starter:+, $starter}" "$(accuracy tuned.plan)"

if command -v fasttext >/dev/null; then
  # Some of what it tries takes many GB: what has no room there it leaves aside. Its time is for the
  # search alone; training the best and writing it come on top, and may take longer than that.
  limit=$((4 * seconds + 120))
  if (
    ulimit -v $((gigabytes << 20))
    timeout "$limit" fasttext supervised -input train.txt -output fasttext -seed "$seed" \
      -thread "$threads" "${fasttext_vectors[@]}" \
      -autotune-validation valid.txt -autotune-duration "$seconds"
  ) >fasttext.log 2>&1; then
    row "fastText autotune" "$(fasttext test fasttext.bin test.txt | awk '/^P@1/ { print $2 }')"
  else
    row "fastText autotune" "no model after $limit s: $PWD/fasttext.log may say why"
  fi
  rm -f fasttext.bin fasttext.vec vectors vectors.vec
else
  row "fastText autotune" "not installed"
fi
