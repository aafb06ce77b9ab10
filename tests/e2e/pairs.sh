#!/usr/bin/env bash
# Pairs of texts by the program: two columns in, both texts of a line in, refused where there is one.
#   bash tests/e2e/pairs.sh build/weft
scripts=$(realpath "$(dirname "$0")/../../examples")
source "$(dirname "$0")/../e2e_setup.sh"

# Whether the second text has the word of the first.
awk 'BEGIN {
  srand(1); print "id\tpremise\thypothesis\tlabel"
  for (i = 0; i < 400; ++i) {
    a = int(rand() * 2); b = int(rand() * 2)
    print i "\t" (a ? "fine" : "dull") " film\t" (b ? "fine" : "dull") " book\t" (a == b ? "same" : "other")
  }
}' >data.tsv
sed 's/\t/,/g' data.tsv >data.csv
awk -F '\t' 'NR > 1 { printf "{\"label\": \"%s\", \"premise\": \"%s\", \"hypothesis\": \"%s\"}\n", $4, $2, $3 }' \
  data.tsv >data.jsonl
tail -n +2 data.tsv | cut -f 2,3 >lines
cut -f 1 lines >words
bash "$scripts/tiny_bert.sh" words folder
"$weft" new bert | sed 's/max_tokens=128/max_tokens=32 pair=true/' >pair.model
base=(--pretrained folder --rate 0.005 --threads 1 --quiet)
run=("${base[@]}" --epochs 12 --text-column premise,hypothesis)
"$weft" train pair.model --data data.tsv "${run[@]}" -o pair.plan 2>message
accuracy=$("$weft" eval pair.plan --data data.tsv --text-column premise,hypothesis --json |
  sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' | head -n 1)
awk -v a="$accuracy" 'BEGIN { exit !(a > 0.95) }' || fail "accuracy $accuracy of pairs"

# Every format, and columns by number, give the same plan.
for data in data.csv data.jsonl; do
  "$weft" train pair.model --data "$data" "${run[@]}" -o other.plan 2>message
  cmp pair.plan other.plan || fail "$data gives another plan"
done
says "text: column .premise, hypothesis., label: column .label.; not read: .id." "$weft" train pair.model \
  --pretrained folder --data data.tsv --text-column premise,hypothesis --epochs 1 --threads 1 -o told.plan
tail -n +2 data.tsv >bare.tsv
"$weft" train pair.model --data bare.tsv "${base[@]}" --epochs 12 --text-column 2,3 --label-column 4 -o other.plan 2>message
cmp pair.plan other.plan || fail "columns by number give another plan"

# A line holds both texts; the order matters to the model, and a line of one text is told.
"$weft" predict pair.plan lines --threads 1 >answers
paste <(cut -f 1 answers) <(tail -n +2 data.tsv | cut -f 4) | awk '$1 != $2' | wc -l >wrong
[ "$(cat wrong)" -lt 20 ] || fail "$(cat wrong) of 400 lines are answered wrongly"
"$weft" predict pair.plan lines --threads 2 | cmp - answers || fail "two threads answer otherwise"
printf 'fine film\tfine book\na fine film\n' >mixed
says "1 of 2 lines has no tab \(line 2\): the model reads pairs" "$weft" predict pair.plan mixed
"$weft" inspect pair.plan | grep ", pairs, at most 32 tokens" >/dev/null || fail "inspect says no pairs"
"$weft" explain pair.plan "$(printf 'fine film\tdull book')" >explanation
grep -E '10-14 +dull' explanation >/dev/null || fail "explain says: $(cat explanation)"
# An argument, a file and standard input are read as pairs, with the probabilities of predict.
head -n 5 lines >five
probabilities() { grep -oE '"probability": ?[0-9.e-]+' | sed 's/.*: *//' | awk '{ printf "%.4f\n", $1 }'; }
"$weft" predict pair.plan five --threads 1 | awk '{ printf "%.4f\n", $2 }' >expected
"$weft" explain pair.plan --file five --json | probabilities | cmp - expected || fail "explain --file: not what predict says"
"$weft" explain pair.plan - --json <five | probabilities | cmp - expected || fail "explain -: not what predict says"
while IFS= read -r line; do "$weft" explain pair.plan "$line" --json; done <five | probabilities | cmp - expected ||
  fail "explain TEXT: not what predict says"
"$weft" explain pair.plan --file five | sed -nE 's/.* probability ([0-9.]+)$/\1/p' | cmp - expected ||
  fail "explain shows other probabilities than predict"
"$weft" bench pair.plan --data data.tsv --text-column premise,hypothesis --seconds 0.05 >/dev/null
"$weft" crossval pair.model --data data.tsv "${run[@]::2}" --text-column premise,hypothesis --folds 2 --threads 1 \
  --set train.epochs=1 >scores 2>message || fail "crossval: $(cat message)"
"$weft" eval pair.plan --data data.tsv --text-column premise,hypothesis --report report.html >/dev/null
"$weft" train pair.plan --data data.tsv --text-column premise,hypothesis --epochs 1 --quiet -o more.plan 2>message

# Sent home and imported again, it answers alike.
"$weft" export pair.plan --to home 2>message
"$weft" import home --pair -o back.plan
"$weft" predict back.plan lines --threads 1 >again
cmp answers again || fail "sent home, it answers otherwise"

# A model of one text reads both as one.
"$weft" new bert | sed 's/max_tokens=128/max_tokens=32/' >single.model
"$weft" train single.model --data data.tsv "${base[@]}" --epochs 1 \
  --text-column premise,hypothesis -o single.plan 2>message
awk -F '\t' 'NR > 1 { print $4 "\t" $2 " " $3 }' data.tsv >one.tsv
"$weft" train single.model --data one.tsv "${base[@]}" --epochs 1 -o other.plan 2>message
cmp single.plan other.plan || fail "two columns of one text give another plan"

# Refused, with the remedy.
refuses "the model reads pairs of texts, but the data has one" "$weft" train pair.model --data data.tsv \
  --pretrained folder --text-column premise -o x.plan
refuses "no such column" "$weft" train pair.model --data data.tsv --pretrained folder --text-column premise,nosuch -o x.plan
refuses "is named twice" "$weft" train pair.model --data data.tsv --pretrained folder \
  --text-column premise,premise -o x.plan
refuses "reads pairs of texts, but the data has one" "$weft" eval pair.plan --data data.tsv --text-column premise
"$weft" new textcnn | sed 's/^text /text pair=true /' >cnn.model
refuses "reads one text, but the line" "$weft" train cnn.model --data data.tsv --text-column premise,hypothesis -o x.plan
sed 's/pair=true/pair=true long=windows/' pair.model >both.model
refuses "cannot be combined" "$weft" train both.model --data data.tsv "${run[@]}" -o x.plan
[ ! -e x.plan ] || fail "a refused command left a plan"
echo "pairs of texts are read together"
