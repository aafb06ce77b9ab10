#!/usr/bin/env bash
# Texts longer than max_tokens, read by windows: trained, predicted, measured, resumed, explained.
#   bash tests/e2e/long_texts.sh build/weft
scripts=$(realpath "$(dirname "$0")/../../examples")
source "$(dirname "$0")/../e2e_setup.sh"

# The word that tells the label stands anywhere in 4 to 60 others.
data() {
  awk -v seed="$1" 'BEGIN {
    srand(seed); print "label\ttext"
    for (i = 0; i < 400; ++i) {
      words = 4 + int(rand() * 57); place = int(rand() * words); line = ""
      for (w = 0; w < words; ++w) line = line (w == place ? (i % 2 ? "fine" : "dull") : "word" int(rand() * 30)) " "
      print (i % 2 ? "good\t" : "bad\t") line
    }
  }'
}
data 1 >data.tsv
data 2 >test.tsv
cut -f 2 data.tsv >lines
accuracy() { "$weft" eval "$1" --data test.tsv --json | sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' | head -n 1; }
above() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b) }'; }

cat >cnn.model <<'END'
model long
text   max_tokens=12
x      = embedding(text, width=16)
logits = x | conv1d(channels=16, kernel=3) | relu | max_pool | linear(labels)
output softmax(logits)
train  adam(rate=0.01) batch=16 epochs=8
END
sed 's/max_tokens=12/max_tokens=12 long=windows max_windows=8 overlap=4/' cnn.model >windows.model
run=(--data data.tsv --threads 1 --quiet)
says "longer than max_tokens=12: what follows is not read" "$weft" train cnn.model "${run[@]}" -o cut.plan
says "longer than max_tokens=12: they are read by windows that overlap by 4" \
  "$weft" train windows.model "${run[@]}" -o windows.plan
above "$(accuracy windows.plan)" 0.95 || fail "windows: accuracy $(accuracy windows.plan)"
above 0.9 "$(accuracy cut.plan)" || fail "cut texts: accuracy $(accuracy cut.plan), as if they were whole"

# What is beyond the last window is cut, and said.
says "longer than max_windows=2: what follows is not read" \
  "$weft" train windows.model "${run[@]}" --epochs 1 --set text.max_windows=2 -o two.plan

# A run that is cut short ends with the same bytes; so does prediction with any number of threads.
"$weft" train windows.model "${run[@]}" -o again.plan 2>message
cmp windows.plan again.plan || fail "two equal runs, two plans"
"$weft" train windows.model "${run[@]}" --set train.epochs=60 -o whole.plan 2>message
"$weft" train windows.model "${run[@]}" --set train.epochs=60 --checkpoint 0.02 -o killed.plan 2>message &
victim=$!
sleep 0.3
kill -9 "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
"$weft" train windows.model "${run[@]}" --set train.epochs=60 --checkpoint 0.02 --resume -o killed.plan 2>message
cmp whole.plan killed.plan || fail "a resumed run ends otherwise"
"$weft" predict windows.plan lines --threads 1 >answers
"$weft" predict windows.plan lines --threads 2 | cmp - answers || fail "two threads answer otherwise"
head -n 5 lines | "$weft" predict windows.plan | cmp - <(head -n 5 answers) || fail "few lines, other answers"
"$weft" compile windows.plan --predict-only -o small.plan
"$weft" predict small.plan lines | cmp - answers || fail "--predict-only answers otherwise"
"$weft" compile windows.plan --predict-only --fold -o small.plan 2>message
"$weft" predict small.plan lines | cut -f 1 | cmp - <(cut -f 1 answers) || fail "--fold answers otherwise"
"$weft" train windows.plan "${run[@]}" --epochs 1 -o more.plan 2>message

# Seen from outside.
"$weft" inspect windows.plan | grep "at most 12 tokens, in up to 8 windows that overlap by 4" >/dev/null ||
  fail "inspect says: $("$weft" inspect windows.plan)"
"$weft" inspect windows.plan --program all >/dev/null
"$weft" inspect windows.plan --json | grep '"max_windows": *8' >/dev/null || fail "inspect --json has no windows"
"$weft" bench windows.plan --data data.tsv --seconds 0.05 >/dev/null
awk -F '\t' -v OFS='\t' 'NR % 20 == 5 { $1 = $1 == "good" ? "bad" : "good" } 1' data.tsv >noisy.tsv
"$weft" calibrate windows.plan --data noisy.tsv -o calibrated.plan >/dev/null 2>message ||
  fail "calibrate: $(cat message)"
"$weft" eval windows.plan --data data.tsv --report report.html >/dev/null
"$weft" check windows.model >shapes
grep '\[W, ' shapes >/dev/null || fail "check says: $(cat shapes)"
long="$(printf 'word%s ' $(seq 1 25))fine"
"$weft" explain windows.plan "$long" --label good --top 1 >explanation
grep -E '[0-9]-170 +.*fine' explanation >/dev/null || fail "explain says: $(cat explanation)"

# A pretrained encoder, which cannot read more than it has positions for.
bash "$scripts/tiny_bert.sh" lines folder
"$weft" new bert | sed 's/max_tokens=128/max_tokens=16 long=windows/' >bert.model
"$weft" train bert.model "${run[@]}" --pretrained folder --rate 0.005 --epochs 8 -o bert.plan 2>message
above "$(accuracy bert.plan)" 0.9 || fail "a pretrained model by windows: accuracy $(accuracy bert.plan)"
"$weft" inspect bert.plan | grep "in up to 8 windows that overlap by 4" >/dev/null || fail "no quarter overlap"
"$weft" explain bert.plan "$long" >explanation
grep "an approximation" explanation >/dev/null || fail "explain says: $(cat explanation)"
says "cuts a text to max_tokens=16" "$weft" export bert.plan --to home
"$weft" new bert | sed 's/max_tokens=128/max_tokens=999 long=windows/' >long.model
"$weft" compile long.model --data data.tsv --pretrained folder -o long.plan 2>message
"$weft" inspect long.plan | grep "at most 128 tokens, in up to 8 windows that overlap by 32" >/dev/null ||
  fail "positions do not limit windows: $("$weft" inspect long.plan)"

# Refused, with the remedy.
bad() { sed "s/max_tokens=12/$1/" cnn.model >bad.model; }
bad "max_tokens=12 long=windows overlap=12"
refuses "bad.model:2.*max_tokens=12 cannot overlap by 12" "$weft" train bad.model "${run[@]}" -o x.plan
bad "max_tokens=12 long=windows tokenizer=ngrams"
refuses "ngrams has no long=windows" "$weft" train bad.model "${run[@]}" -o x.plan
bad "max_tokens=12 long=window"
refuses "long=window must be cut or windows" "$weft" train bad.model "${run[@]}" -o x.plan
bad "max_tokens=12 long=windows max_windows=1"
refuses "max_windows=1 must be an integer from 2" "$weft" train bad.model "${run[@]}" -o x.plan
[ ! -e x.plan ] || fail "a refused command left a plan"
echo "long texts are read by windows"
