#!/usr/bin/env bash
# The second half of a course on text classification: takes a published language model (BERT,
# RoBERTa, DistilBERT, GPT-2), gives it the head of a classifier, trains it further on labelled
# texts, measures it on texts it has not seen, explains an answer, and writes it back in the form it
# was published in.
#
#   bash examples/finetune.sh [FOLDER [FILE]]
#
# FOLDER: config.json, model.safetensors and the tokenizer's files, as models are published; without
# it a tiny one with random weights is made, which shows the steps but has learnt nothing. FILE: your
# own lines, LABEL<tab>TEXT; without it, package descriptions of this machine, of two kinds.
source "$(dirname "$0")/setup.sh"
absolute() { (cd "$OLDPWD" && realpath "$1"); }
folder=${1:+$(absolute "$1")}
own_file=${2:+$(absolute "$2")}

build release weft
weft=build/weft
work=build/finetune
mkdir -p "$work"
tab=$'\t'

if [ -n "$own_file" ]; then
  cp "$own_file" "$work/lines.tsv"
else
  package_lines | awk -F '\t' '$1 ~ /^(games|python|science|fonts)$/' >"$work/lines.tsv"
  if [ ! -s "$work/lines.tsv" ]; then
    echo "This machine has no package lists (apt-get update fetches them). Or name your own file of" >&2
    echo "LABEL<tab>TEXT lines:  bash examples/finetune.sh FOLDER FILE" >&2
    exit 1
  fi
fi

# A seeded shuffle; 2,000 lines to train on, 500 held out.
LC_ALL=C sort -u "$work/lines.tsv" >"$work/sorted.tsv"
shuf -n 2500 --random-source=<(yes 42) "$work/sorted.tsv" >"$work/shuffled.tsv"
{ echo "label${tab}text" && head -n 500 "$work/shuffled.tsv"; } >"$work/test.tsv"
{ echo "label${tab}text" && tail -n +501 "$work/shuffled.tsv"; } >"$work/train.tsv"

rate=0.00005
epochs=3
if [ -z "$folder" ]; then
  folder=$work/tiny-bert
  echo "No folder is named: a tiny model with random weights is made in $folder."
  cut -f 2 "$work/train.tsv" >"$work/texts"
  bash examples/tiny_bert.sh "$work/texts" "$folder"
  rate=0.005 # random weights have far to go
  epochs=6
fi
starter=bert
if grep -q '"model_type": *"gpt2"' "$folder/config.json"; then starter=gpt2; fi

echo
echo "1. A head on the model, and both trained further ($work/$starter.model):"
$weft new $starter >"$work/$starter.model"
$weft train "$work/$starter.model" --pretrained "$folder" --data "$work/train.tsv" \
  --valid-fraction 0.1 --rate $rate --epochs $epochs -o "$work/tuned.plan"

echo
echo "2. On texts it has not seen:"
$weft eval "$work/tuned.plan" --data "$work/test.tsv"

echo
echo "3. A convolutional network over the rows of the model, which stays as it is:"
$weft new bert-cnn >"$work/bert-cnn.model"
$weft train "$work/bert-cnn.model" --pretrained "$folder" --data "$work/train.tsv" \
  --valid-fraction 0.1 -o "$work/cnn.plan"

echo
echo "4. Back in the form it was published in: $work/home"
$weft export "$work/tuned.plan" --to "$work/home"
ls "$work/home"

cat <<END

What to try next:
  # the label of your own words
  echo "your own words" | $weft predict $work/tuned.plan
  # half of the layers as they are: faster, and for few texts often as good
  $weft train $work/$starter.model --pretrained $folder --data $work/train.tsv --set pretrained.freeze=3 -o $work/half.plan
  # what is in the file
  $weft inspect $work/tuned.plan
END
