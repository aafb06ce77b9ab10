#!/usr/bin/env bash
# Data that is odd but legal: thousands of labels, one label, one text, nearly one label, the same
# texts on both sides of a split, labels that training lacks. Each behaves, and says what it did.
#   bash tests/e2e/odd_data.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"
sane() {
  if grep -qiE '\b(nan|inf)\b|null' "$1"; then fail "$1 holds what is no number"; fi
}
# rows COUNT LABEL: that many texts which hold the label's own word.
rows() {
  awk -v n="$1" -v label="$2" -v seed="$2$1" 'BEGIN {
    srand(length(seed) + n)
    for (i = 0; i < n; ++i) {
      line = label "word"
      for (w = 0; w < 4; ++w) line = line " w" int(rand() * 1000)
      print label "\t" line
    }
  }'
}
header() { printf 'label\ttext\n'; }
"$weft" new bow >bow.model
"$weft" new textcnn >textcnn.model
train=("$weft" train bow.model --epochs 2 --quiet --threads 1)
crossval=("$weft" crossval bow.model --folds 4 --set epochs=1 --quiet)
tune=("$weft" tune bow.model --set epochs=1 --quiet -o t.plan)

# One label, one text, with every command that takes them.
{ header; rows 40 only; } >one.tsv
{ header; rows 1 only; } >single.tsv
for model in bow textcnn; do
  for data in one single; do
    says "the label .only. and no other" "$weft" train $model.model --data $data.tsv --epochs 2 \
      --quiet -o $model.$data.plan
    "$weft" eval $model.$data.plan --data one.tsv --json --report one.html >json
    grep -q '"accuracy": 1.0' json || fail "one label: $(head -3 json)"
    sane json
    [ "$(echo any text | "$weft" predict $model.$data.plan --top 3)" = "$(printf 'only\t1.000000')" ]
    "$weft" explain $model.$data.plan "onlyword w1" >/dev/null
  done
done
says "training goes without validation" "${train[@]}" --data single.tsv --valid-fraction 0.5 -o x.plan
says "and no other" "${crossval[@]}" --data one.tsv --json
sane out
says "and no other" "${tune[@]}" --data one.tsv --trials 2
if "$weft" calibrate bow.one.plan --data one.tsv -o x.plan 2>message; then fail "calibrated"; fi
grep -q "the plan knows one label" message || fail "said: $(cat message)"

# Nearly one label; and labels alike, of which nothing is said.
{ header; rows 400 many; rows 1 rare; } >skewed.tsv
says "400 of 401 texts have the label .many." "${train[@]}" --data skewed.tsv -o skewed.plan
says "lacks 1 label of training: .rare." "${train[@]}" --data skewed.tsv --valid-fraction 0.2 \
  -o x.plan
says "fall into one fold: .rare." "${crossval[@]}" --data skewed.tsv
"$weft" eval skewed.plan --data skewed.tsv --json >json
sane json
{ header; rows 40 a; rows 40 b; } >alike.tsv
silent "${train[@]}" --data alike.tsv -o alike.plan
silent "${train[@]}" --data alike.tsv --valid-fraction 0.7 -o x.plan
says "^weft: 16 validation texts decide nothing, as each is 6.2 % of the accuracy" "${train[@]}" \
  --data alike.tsv --valid-fraction 0.2 -o x.plan
silent "${crossval[@]}" --data alike.tsv

# The same texts on both sides, by file, by share and by fold.
{ header; rows 40 a; rows 10 b; } >again.tsv
says "50 of 50 validation texts are in the training data too .*line 2 is line 2" "${train[@]}" \
  --data again.tsv --valid again.tsv -o x.plan
{ cat alike.tsv; tail -n +2 alike.tsv; } >twice.tsv
says "of 32 validation texts are in the training data too" "${train[@]}" --data twice.tsv \
  --valid-fraction 0.2 -o x.plan
says "texts are in two folds or more" "${crossval[@]}" --data twice.tsv

# Labels that training lacks are named wherever they matter.
{ header; rows 10 a; rows 10 b; rows 5 new; } >newer.tsv
says "1 label that training has not: .new." "${train[@]}" --data alike.tsv --valid newer.tsv \
  -o x.plan
says "does not know 1 label of the data: .new." "$weft" eval alike.plan --data newer.tsv --json
grep -q '"unknown_labels"' out || fail "eval --json names no unknown label"
# Some labels are wrong: answers that are all right tell nothing.
{ header; rows 30 a; rows 30 b; rows 9 a | sed 's/^a/b/'; rows 5 new; } >newer.tsv
says "5 texts are left out, because the plan does not know their label: .new." "$weft" calibrate alike.plan \
  --data newer.tsv -o x.plan
says "training has not: .new." "${tune[@]}" --data alike.tsv --valid newer.tsv --trials 1

# A trial knows the labels of its training texts only, so that its score is that of a plan.
awk 'BEGIN { print "label\ttext"; for (i = 0; i < 40; ++i) print (i % 4 ? "only_valid" : "a") "\tx" }' \
  >half.tsv
awk 'BEGIN { print "label\ttext"; for (i = 0; i < 40; ++i) print (i % 2 ? "a" : "b") "\tx" }' >ab.tsv
"${tune[@]}" --data ab.tsv --valid half.tsv --trials 3 --threads 1 2>message
score=$(sed -n 's/.*"accuracy":\([0-9.]*\).*/\1/p' t.trials.jsonl | sort -n | tail -1)
awk -v s="$score" 'BEGIN { exit !(s <= 0.25) }' || fail "a trial scores $score where 0.25 is the most"
# Labels in one fold only are never right, and there is no loss of them.
awk 'BEGIN { print "label\ttext"; for (i = 0; i < 12; ++i) print "l" i % 4 "\tx" }' >by_fold.tsv
"$weft" crossval bow.model --folds 4 --folds-by row --set epochs=1 --quiet --data by_fold.tsv --json \
  >json 2>message
grep -q '"accuracy":{"mean":0.0,' json || fail "crossval: $(cat json)"
! grep -q '"loss"' json || fail "a loss of nothing: $(cat json)"

# Training that went wrong without an infinite number.
says "training diverged: the loss of epoch 2 is " "${train[@]}" --data alike.tsv --rate 500 -o x.plan
silent "${train[@]}" --data alike.tsv --rate 0.01 -o x.plan

# What is not read of a text: its end, or all of it.
awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 20; ++i) {
    line = ""
    for (w = 0; w < 12; ++w) line = line "filler "
    print (i % 2 ? "good\t" line "fine" : "bad\t" line "dull")
  }
}' >long.tsv
for tokenizer in words whitespace ngrams; do
  long=("$weft" train bow.model --data long.tsv --set "text.tokenizer=$tokenizer" --epochs 1 --quiet
    --threads 1 -o long.plan)
  says "20 of 20 training texts .the first is line 2. are longer than max_tokens=12" "${long[@]}" \
    --set max_tokens=12
  says "20 of 20 texts .the first is line 2. are longer" "$weft" eval long.plan --data long.tsv
  silent "${long[@]}" --set max_tokens=13
  silent "$weft" eval long.plan --data long.tsv
done
"${long[@]}" --set max_tokens=12 2>/dev/null
cut -f 2 long.tsv | "$weft" predict long.plan >/dev/null 2>message
grep -q "20 of 21 lines (the first is line 2) are longer than max_tokens=12" message ||
  fail "predict said: $(cat message)"
printf 'a\n\n \nb\n' | "$weft" predict long.plan --threads 2 >/dev/null 2>message
grep -q "2 of 4 lines (the first is line 2) have no word" message || fail "said: $(cat message)"
printf 'label\ttext\ngood\tfine\nbad\t\u00a0 \n' >empty.tsv
says "1 of 2 training texts .line 3. has no word" "${train[@]}" --data empty.tsv -o x.plan
says "the vocabulary is empty" "${train[@]}" --data alike.tsv --set min_count=100000 -o x.plan

# Calibration by data that cannot tell.
sed 's/^a/c/; s/^b/a/; s/^c/b/' alike.tsv >swapped.tsv
"$weft" train bow.model --data alike.tsv --epochs 20 --rate 0.05 --quiet --threads 1 -o sure.plan
refuses "all 80 answers are wrong: that the labels of the data are mixed up is likelier" \
  "$weft" calibrate sure.plan --data swapped.tsv -o x.plan
refuses "1 of 1 answers is right: so few texts" "$weft" calibrate sure.plan \
  --data <(head -2 alike.tsv) --format tsv -o x.plan
refuses "all answers are right.*probably trained on this data" "$weft" calibrate sure.plan \
  --data alike.tsv -o x.plan

# No label at all.
printf '{"labels": [], "text": "a"}\n' >none.jsonl
if "$weft" train bow.model --data none.jsonl --label-separator , -o x.plan 2>message; then
  fail "trained on nothing"
fi
grep -q "no example has a label" message || fail "said: $(cat message)"

# Chinese: full-width forms are the usual ones, headers may be Chinese, other encodings are refused.
for model in textcnn textcnn-zh; do
  "$weft" new $model >zh.model
  awk 'BEGIN {
    print "类别,内容"
    for (i = 0; i < 40; ++i) print (i % 2 ? "差评,房间很脏，ＷＩＦＩ慢" : "好评,早餐丰富，服务热情") i
  }' >zh.csv
  "$weft" train zh.model --data zh.csv --epochs 3 --set width=16 --set channels=8 --rate 0.02 \
    --quiet --threads 1 -o zh.plan
  "$weft" predict zh.plan --threads 1 >answers <<'LINES'
房间很脏，WIFI慢
房间很脏，ｗｉｆｉ慢
早餐丰富,服务热情
LINES
  [ "$(cut -f 1 answers | tr '\n' ' ')" = "差评 差评 好评 " ] || fail "Chinese: $(cat answers)"
  [ "$(sed -n 1p answers)" = "$(sed -n 2p answers)" ] || fail "full-width: $(cat answers)"
  "$weft" explain zh.plan "房间很脏" --json >explained
  grep -q '"text":' explained || fail "no explanation"
done
iconv -f UTF-8 -t GB18030 zh.csv >gb.csv
if "$weft" train zh.model --data gb.csv --label-column 1 --text-column 2 -o x.plan 2>message; then
  fail "read GB18030 as UTF-8"
fi
grep -q "not UTF-8" message || fail "said: $(cat message)"
sed 's/tokenizer=[a-z]*/tokenizer=whitespace/' zh.model >spaces.model
says "Chinese without spaces" "$weft" train spaces.model --data zh.csv --epochs 1 --quiet -o x.plan

# A header whose names are none of the usual ones.
{ printf 'polarity\tphrase\n'; rows 40 a; rows 40 b; } >header.tsv
says "header.tsv: line 1 is read as an example, but looks like a header" "${train[@]}" \
  --data header.tsv -o x.plan
silent "${train[@]}" --data header.tsv --label-column polarity --text-column phrase -o x.plan

# Thousands of labels: nothing is as large as labels x labels, or as texts x labels.
awk 'BEGIN {
  srand(2); print "label\ttext"
  for (c = 0; c < 4000; ++c) for (i = 0; i < 2; ++i) {
    printf "label%04d\tc%d w%d w%d\n", c, c, rand() * 300, rand() * 300
  }
}' >many.tsv
"$weft" train bow.model --data many.tsv --epochs 1 --batch 256 --set embedding.width=16 --quiet \
  --valid-fraction 0.1 -o many.plan 2>message || fail "many labels: $(cat message)"
"$weft" eval many.plan --data many.tsv >text
[ "$(wc -l <text)" -lt 100 ] || fail "eval prints $(wc -l <text) lines"
grep -q "others: --json" text || fail "eval does not say what it leaves out: $(head text)"
"$weft" eval many.plan --data many.tsv --json --report many.html >json
for file in json many.html; do
  sane $file
  [ "$(wc -c <$file)" -lt 3000000 ] || fail "$file has $(wc -c <$file) bytes"
done
echo "odd data behaves, and each command says what it did"
