#!/usr/bin/env bash
# Makes the small models of this folder, and what fastText 0.9 answers: `bash make.sh` with
# `fasttext` installed (Debian's package). The folder holds the results: they are never made again,
# for fastText's training is not the same twice.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk 'BEGIN {
  srand(3)
  split("film book plot story actor scene 电影 café", nouns, " ")
  split("fine good great lovely", good, " "); split("dull bad awful boring", bad, " ")
  for (i = 0; i < 400; ++i) {
    kind = int(3 * rand())
    word = kind == 0 ? good[1 + int(4 * rand())] : kind == 1 ? bad[1 + int(4 * rand())] : "so so"
    print "__label__" (kind == 0 ? "good" : kind == 1 ? "bad" : "mixed") " the " \
      nouns[1 + int(8 * rand())] (rand() < 0.5 ? " is " : " was ") word " , n" int(60 * rand())
  }
}' >"$work/texts"
# As many labels as an output matrix must have to be quantised.
awk 'BEGIN { srand(5); for (i = 0; i < 1600; ++i) print "__label__t" i % 270 " word" i % 270 " and w" int(40 * rand()) }' \
  >"$work/topics"

printf '%s\n' 'the film is fine , n3' 'the café was bad' 'a story  so	so' 'THE plot' \
  'unseen words only' '电影 is great' 'n1 n2 __label__good n3' 'x' '' \
  'word7 and w3' 'word211' 'words12 and' >texts.txt
printf 'the \377\376 film\n' >>texts.txt

# model NAME DATA FLAG...
model() {
  fasttext supervised -input "$work/$2" -output "$work/$1" -dim 6 -thread 1 -epoch 20 -lr 0.5 \
    -minCount 1 "${@:3}" >"$work/log" 2>&1
}
answers() { fasttext predict-prob "$1" texts.txt "${2:--1}" >"${1%.*}.golden.txt"; }  # [LABELS]

for loss in softmax hs ova ns; do
  model $loss texts -loss $loss
  cp "$work/$loss.bin" .
  answers $loss.bin
done
model subwords texts -minn 2 -maxn 4 -wordNgrams 2 -bucket 300
cp "$work/subwords.bin" .
answers subwords.bin
# quantised NAME FLAG...: of a model that was just made.
quantised() {
  fasttext quantize -input "$work/$3" -output "$work/$1" "${@:4}" >"$work/log" 2>&1
  cp "$work/$1.ftz" "$2.ftz"
  answers "$2.ftz" "${labels:--1}"
}
quantised subwords whole texts -dsub 4
quantised subwords pruned texts -qnorm -cutoff 280 -dsub 2
model topics topics -wordNgrams 2 -bucket 200
labels=20 quantised topics qout topics -qout -qnorm -dsub 5
model topics topics -loss hs
cp "$work/topics.bin" tree.bin
answers tree.bin 20
fasttext skipgram -input "$work/texts" -output "$work/vectors" -dim 4 -thread 1 -minCount 60 \
  -bucket 10 >"$work/log" 2>&1
cp "$work/vectors.bin" .
