#!/usr/bin/env bash
# Training without a description: the starter that fits the data, and data in the place of one.
#   bash tests/e2e/starters.sh build/weft
scripts=$(realpath "$(dirname "$0")/../../examples")
source "$(dirname "$0")/../e2e_setup.sh"

awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 60; ++i) print (i % 2 ? "good\tfine w" : "bad\tdull w") i % 5
}' >data.tsv
awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 40; ++i) print (i % 2 ? "好\t房间很好，我很满意" : "差\t服务太差，我不满意") i % 5
}' >zh.tsv

# Every starter is listed with what it is for, and the list names one for everything below.
"$weft" new >list
for starter in tfidf tfidf-zh bow bow-zh textcnn textcnn-zh textcnn-vectors bert gpt2; do
  grep -qE "^$starter +[a-z]" list || fail "no $starter: $(cat list)"
done

# The starter that is named makes the same plan.
short=(--epochs 2 --threads 1)
says '^no description was given: the starter `tfidf` is used \(60 texts of 2 labels\); `weft new tfidf` prints it$' \
  "$weft" train data.tsv "${short[@]}" -o found.plan
"$weft" new tfidf >tfidf.model
"$weft" train tfidf.model --data data.tsv "${short[@]}" --quiet -o named.plan
cmp found.plan named.plan || fail "the starter, chosen and named, makes two plans"
silent "$weft" train data.tsv "${short[@]}" --quiet -o x.plan
says 'the starter `tfidf-zh` is used \(Chinese, 40 texts of 2 labels\)' \
  "$weft" train --data zh.tsv "${short[@]}" -o zh.plan
"$weft" predict zh.plan <<<"房间很好" >answer
grep -q "^好" answer || fail "answered: $(cat answer)"
says 'the starter `tfidf-zh` is used \(Chinese, 100 texts of 4 labels\)' \
  "$weft" train --data data.tsv --data zh.tsv --valid-fraction 0.2 "${short[@]}" -o x.plan
grep -q "^kept" message || fail "not validated: $(cat message)"

# Data of every kind, in the place of a description.
fits() { says "the starter .$1. is used \($2" "$weft" train "${@:3}" "${short[@]}" -o x.plan; }
sed 's/\t/,/' data.tsv >data.csv
awk -F '\t' 'NR > 1 { print "{\"label\": \"" $1 "\", \"text\": \"" $2 "\"}" }' data.tsv >data.jsonl
awk -F '\t' 'NR > 1 { print "__label__" $1 " " $2 }' data.tsv >lines
cp data.jsonl json
cp data.tsv data.txt
gzip -c data.tsv >data.tsv.gz
mkdir -p folder/good folder/bad
echo "fine w1" >folder/good/1
echo "dull w1" >folder/bad/1
for file in data.csv data.jsonl lines json data.tsv.gz; do fits tfidf "60 texts" "$file"; done
fits tfidf "60 texts" data.txt --format tsv
fits tfidf "2 texts of 2 labels" folder
# Several labels for a text, in a column.
printf 'labels\ttext\na|b\tone\nb\ttwo\na\tthree\n' >several.tsv
says 'the starter `tfidf` with output sigmoid.logits., train.rate=120 is used' "$weft" train several.tsv \
  --label-separator '|' "${short[@]}" -o x.plan
# Files to begin with have a starter of their own.
printf 'fine 1 2 3 4\ndull 4 3 2 1\n' >four.txt
says 'the starter `textcnn-vectors` with width=4 is used' "$weft" train data.tsv --vectors four.txt \
  --set channels=4 "${short[@]}" -o x.plan
grep -q "four.txt (GloVe text, 4 numbers) has 2 of" message || fail "not begun with: $(cat message)"
cut -f 2 data.tsv >texts
bash "$scripts/tiny_bert.sh" texts encoder
fits bert "60 texts" data.tsv --pretrained encoder

# What is wrong is said as ever.
refuses "cannot read nosuch.model" "$weft" train nosuch.model -o x.plan
refuses "cannot read nosuch.model" "$weft" train nosuch.model --data data.tsv -o x.plan
refuses "nosuch.tsv" "$weft" train nosuch.tsv -o x.plan
refuses "^weft: --data is required: labelled texts" "$weft" train -o x.plan
refuses "^weft: --data is required beside tfidf.model" "$weft" train tfidf.model -o x.plan
refuses "^weft: --data is required beside found.plan" "$weft" train found.plan -o x.plan
refuses "^weft: --data is required beside -" "$weft" train - -o x.plan
"$weft" train data.txt --epochs 1 --threads 1 --quiet -o x.plan 2>message ||
  fail "a TSV file of another name: $(cat message)"
cut -f 2 data.tsv >plain.txt
refuses "cannot tell the format of plain.txt" "$weft" crossval --data plain.txt
refuses "a pipe there is read as a description" "$weft" train <(cat data.tsv) --format tsv -o x.plan
sed 's/^output/outptu/' tfidf.model >typo.model
refuses "did you mean .output." "$weft" train typo.model --data data.tsv -o x.plan
refuses "no such setting" "$weft" train data.tsv --set channels=3 -o x.plan
refuses "data.tsv already|data.tsv is the file|is not a plan" "$weft" train data.tsv -o data.tsv
[ "$(head -1 data.tsv)" = "label	text" ] || fail "the data is lost"
[ ! -e x.plan.checkpoint ] || fail "a checkpoint was left"
echo "data finds its starter, and stands in the place of a description"
