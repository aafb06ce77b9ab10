#!/usr/bin/env bash
# Pretrained models by the program: read, given a head, trained further, sent home, refused.
#   bash tests/e2e/pretrained.sh build/weft
scripts=$(realpath "$(dirname "$0")/../../examples")
source "$(dirname "$0")/../e2e_setup.sh"

awk 'BEGIN {
  srand(1); print "label\ttext"
  for (i = 0; i < 240; ++i) {
    line = ""
    for (w = 0; w < 3 + i % 7; ++w) line = line "word" int(rand() * 30) " "
    print (i % 2 ? "good\t" line "fine film" : "bad\t" line "dull film")
  }
}' >data.tsv
cut -f 2 data.tsv >lines
bash "$scripts/tiny_bert.sh" lines folder

# A model without a classifier needs labels; with them it predicts, if at random.
refuses "no classifier: it has no labels" "$weft" import folder -o a.plan

says "begins at random" "$weft" import folder --labels good,bad -o a.plan
"$weft" import folder --labels good,bad -o a.plan 2>message
[ "$(grep -c "no layer uses" message)" -eq 0 ] || fail "all is used, but: $(cat message)"
"$weft" predict a.plan lines --threads 1 >answers
[ "$(sort -u answers | cut -f 1 | grep -cvE '^(good|bad)$')" -eq 0 ] || fail "answers: $(head -3 answers)"

# Trained further, it learns what tells the labels apart; the same bytes each time.
"$weft" new bert >bert.model
train=("$weft" train bert.model --data data.tsv --pretrained folder --rate 0.005 --epochs 6
  --valid-fraction 0.2 --threads 1 --quiet)
"${train[@]}" -o b.plan 2>message
"${train[@]}" -o again.plan 2>message
cmp b.plan again.plan || fail "two equal runs, two plans"
"$weft" eval b.plan --data data.tsv --json >measured
accuracy=$(sed -nE 's/.*"accuracy": *([0-9.]+).*/\1/p' measured | head -n 1)
awk -v a="$accuracy" 'BEGIN { exit !(a > 0.95) }' || fail "accuracy $accuracy after training"

# Frozen as a whole, with convolutions on top: its rows are stored, which changes nothing but the
# time, and the plan can be trained further.
"$weft" new bert-cnn >cnn.model
frozen=("$weft" train cnn.model --data data.tsv --pretrained folder --epochs 3 --threads 1 --quiet)
"${frozen[@]}" -o c.plan
"$weft" inspect c.plan --program all >inspection
for program in encode head; do
  grep "@$program" inspection >/dev/null || fail "inspect names no @$program"
done
"$weft" predict c.plan lines --threads 1 >answers
"${frozen[@]}" --set train.stored_rows=false -o unstored.plan
"$weft" predict unstored.plan lines --threads 1 | cmp - answers || fail "stored rows change answers"
"$weft" train c.plan --data data.tsv --epochs 2 --threads 1 --quiet -o c2.plan 2>message
"$weft" bench c2.plan --data data.tsv --threads 1 >benched || fail "bench: $(cat benched)"

"$weft" inspect c.plan --json >inspection
grep -q "no layer uses these tensors of folder: pooler.weight, pooler.bias" inspection ||
  fail "the pooler is not used, and nothing says so"

# By layers; each layer at its own rate.
"$weft" train bert.model --data data.tsv --pretrained folder --epochs 1 --threads 1 --quiet \
  --set pretrained.freeze=1 --set pretrained.rate=0.8 --set pretrained.frozen=types -o f.plan 2>message
"$weft" crossval bert.model --data data.tsv --pretrained folder --folds 2 --threads 1 \
  --set train.epochs=1 >scores 2>message || fail "crossval: $(cat message)"
"$weft" train b.plan --data data.tsv --epochs 1 --threads 1 --quiet -o more.plan 2>message

# It goes home, and comes back to the same answers.
"$weft" export b.plan --to home
for file in config.json model.safetensors vocab.txt tokenizer_config.json; do
  [ -s "home/$file" ] || fail "export wrote no $file"
done
"$weft" import home -o back.plan
"$weft" predict b.plan lines --threads 1 >answers
"$weft" predict back.plan lines --threads 1 | cmp - answers || fail "sent home, it answers otherwise"
"$weft" compile back.plan --predict-only -o small.plan
"$weft" predict small.plan lines --threads 1 | cmp - answers || fail "--predict-only answers otherwise"
says "encoder alone" "$weft" export c.plan --to bare
# Another pooling or activation is another classifier, whatever the names of its weights.
for head in "last | pooler" "mean_pool | pooler" "first | pooler | relu" "first | linear(16, pretrained=\"dense\")"; do
  sed "s/first | pooler/$head/" bert.model >head.model
  "$weft" train head.model --data data.tsv --pretrained folder --epochs 1 --threads 1 --quiet -o h.plan 2>message
  rm -rf bare
  says "head is not its family" "$weft" export h.plan --to bare
done
refuses "is not empty" "$weft" export b.plan --to home
ln -s nothing dangling
refuses "symbolic link to nothing" "$weft" export b.plan --to dangling
refuses "empty name" "$weft" export b.plan --to ""
refuses "is a file" "$weft" export b.plan --to lines

# What made a label, by gradients: said to be an approximation, and what it leaves out is told.
"$weft" explain b.plan "word1 word2 fine film" >explanation
grep -q "an approximation" explanation || fail "explain says: $(cat explanation)"
awk '/^ +[+-][0-9]/ && !/= the logit/ { sum += $1 } /= the logit/ { logit = $1 }
     END { exit !(logit != 0 && sum - logit < 1e-3 && logit - sum < 1e-3) }' explanation ||
  fail "the parts do not add up: $(cat explanation)"
"$weft" explain b.plan "a fine film" --json >explanation
grep -q '"exact":false' explanation || fail "explain --json says: $(cat explanation)"
"$weft" check bert.model --pretrained folder >shapes
grep -q "x.pretrained" shapes || fail "check says: $(cat shapes)"

# Refused, by name and with the remedy.
refuses "nowhere" "$weft" import nowhere --labels a,b -o x.plan
refuses "no folder of a pretrained model" "$weft" train bert.model --data data.tsv -o x.plan
"$weft" new textcnn >textcnn.model
refuses "no layer .pretrained" "$weft" train textcnn.model --data data.tsv --pretrained folder -o x.plan
refuses "already" "$weft" train b.plan --data data.tsv --pretrained folder -o x.plan
sed 's/^text .*/text tokenizer=words/' bert.model >words.model
refuses "brings its tokenizer" "$weft" train words.model --data data.tsv --pretrained folder -o x.plan
cp -r folder cut && head -c 20000 folder/model.safetensors >cut/model.safetensors
refuses "cut/model.safetensors" "$weft" import cut --labels a,b -o x.plan
cp -r folder pipes && rm pipes/config.json && mkfifo pipes/config.json
refuses "pipes/config.json" timeout 20 "$weft" import pipes --labels a,b -o x.plan
cp -r folder huge && truncate -s 2G huge/vocab.txt
refuses "huge/vocab.txt: has 2147483648 bytes" "$weft" import huge --labels a,b -o x.plan
refuses "folder/config.json: is neither a folder, nor an ONNX model" "$weft" import folder/config.json --labels a,b -o x.plan
refuses "freeze=9, but the model has 2 layers" "$weft" train bert.model --data data.tsv \
  --pretrained folder --set pretrained.freeze=9 -o x.plan
awk 'BEGIN { for (i = 0; i < 400; ++i) printf "w%c%c\n", 97 + int(i / 26), 97 + i % 26 }' >words
bash "$scripts/tiny_bert.sh" words short && sed -i '300,$d' short/vocab.txt
says "was a file of the vocabulary cut short" "$weft" import short --labels a,b -o y.plan
says "max_tokens=500: the model's limit is 128" "$weft" compile bert.model --data data.tsv \
  --pretrained folder --set text.max_tokens=500 -o y.plan
cp -r folder other && sed -i 's/"bert"/"t5"/' other/config.json
refuses "t5" "$weft" import other --labels a,b -o x.plan
"$weft" compile textcnn.model --data data.tsv -o plain.plan
refuses "did not begin with a pretrained model" "$weft" export plain.plan --to y
[ ! -e x.plan ] || fail "a refused command left a plan"
echo "pretrained models come and go"
