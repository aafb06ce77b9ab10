#!/usr/bin/env bash
# The whole path by the program: new, check, train, eval, predict, compile, inspect; and its errors.
#   bash tests/e2e/program.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

# 300 texts of two labels that a model of any kind can tell apart, and some lines of noise words.
film_reviews 300 30 >data.tsv

for starter in textcnn textcnn-vectors textcnn-zh deepcnn-zh deepcnn tfidf tfidf-zh bow bow-zh \
  fasttext; do
  "$weft" new "$starter" >"$starter.model"
  "$weft" check "$starter.model" >shapes
  grep -q "weights, with a full vocabulary" shapes || fail "check $starter"
  case $starter in
  textcnn-vectors) smaller=(--set width=16 --rate 0.01) ;;
  tfidf*) smaller=(--set text.vocabulary=5000) ;;
  *) smaller=(--set x.width=16 --rate 0.01) ;;
  esac
  "$weft" train "$starter.model" --data data.tsv --valid-fraction 0.2 "${smaller[@]}" --epochs 6 \
    --threads 1 -o "$starter.plan" 2>log || fail "train $starter: $(cat log)"
  grep -q "epoch  6" log || fail "no epochs: $(cat log)"
  "$weft" eval "$starter.plan" --data data.tsv --json >json
  grep -q '"examples"' json && grep -q '"macro_f1"' json && grep -q '"classes"' json ||
    fail "eval: $(cat json)"
  accuracy=$(sed -E 's/.*"accuracy": ?([0-9.]+).*/\1/' <(tr -d '\n' <json))
  awk -v a="$accuracy" 'BEGIN { exit !(a > 0.9) }' || fail "$starter: accuracy $accuracy"
done

# One line in, one line out, in order, whatever the line is.
head -c 1000000 /dev/zero | tr '\0' 'a' >long
{ echo "a fine film"; echo; printf '\xff\xfe\xc0\n'; cat long; echo; printf 'a dull film'; } >lines
"$weft" predict bow.plan lines >answers
[ "$(wc -l <answers)" -eq 5 ] || fail "predict: $(cat answers)"
[ "$(sed -n 1p answers | cut -f 1)" = good ] || fail "predict: $(cat answers)"
[ "$(sed -n 5p answers | cut -f 1)" = bad ] || fail "predict: $(cat answers)"
"$weft" predict bow.plan <lines | cmp - answers || fail "standard input differs from a file"
# Any number of threads gives the same bytes, and those of lines asked for one by one.
{ cut -f 2 data.tsv; cat lines; for _ in {1..20}; do cut -f 2 data.tsv; done; } >many
"$weft" predict textcnn.plan --threads 1 many >answers
[ "$(wc -l <answers)" -eq "$(awk 'END { print NR }' many)" ] || fail "not a line for each line"
for threads in 2 3 8; do
  "$weft" predict textcnn.plan --threads "$threads" many | cmp - answers || fail "$threads threads"
done
head -20 many | while read -r line; do
  echo "$line" | "$weft" predict textcnn.plan
done | cmp - <(head -20 answers) || fail "lines by themselves are answered otherwise"
"$weft" predict bow.plan --top 2 --format json lines >json
best='\{"label":"good","probability":[0-9.]+,"logit":-?[0-9.]+\}'
sed -n 1p json | grep -qE "^\{\"text\":\"a fine film\",\"labels\":\[$best,\{\"label\":\"bad\"" || fail "json: $(cat json)"
"$weft" predict bow.plan /dev/null >answers
[ ! -s answers ] || fail "answers to nothing"
# A reader that waits for each answer before it asks again is answered.
coproc "$weft" predict bow.plan
for text in "a fine film" "a dull film"; do
  echo "$text" >&"${COPROC[1]}"
  read -r -t 20 label _ <&"${COPROC[0]}" || fail "no answer to a single line"
done
[ "$label" = bad ] || fail "answered $label"
kill "$COPROC_PID"

# The same seed, the same bytes; a plan goes on learning, from its last weights where these are kept;
# a smaller plan predicts the same.
train() {
  "$weft" train bow.model --data data.tsv --epochs "${epochs:-2}" --average 0 --threads 1 --quiet "$@"
}
train -o one.plan
train -o two.plan
cmp one.plan two.plan || fail "two runs of one seed differ"
train --seed 2 -o two.plan
! cmp -s one.plan two.plan || fail "another seed gives the same plan"
epochs=4 train -o whole.plan
"$weft" train one.plan --data data.tsv --epochs 2 --average 0 --threads 1 --quiet -o resumed.plan
for plan in whole resumed; do "$weft" predict $plan.plan lines >$plan.answers; done
cmp whole.answers resumed.answers || fail "training in two halves differs from training at once"
"$weft" compile bow.plan -o small.plan --predict-only
[ "$(wc -c <small.plan)" -lt "$(wc -c <bow.plan)" ] || fail "predict-only is not smaller"
"$weft" predict bow.plan lines >answers
"$weft" predict small.plan lines | cmp - answers || fail "predict-only answers otherwise"
"$weft" compile bow.model --data data.tsv -o fresh.plan
"$weft" inspect fresh.plan >inspection
grep -q "embedding" inspection || fail "inspect: $(cat inspection)"
"$weft" inspect bow.plan >inspection
! grep -q "arena" inspection || fail "inspect shows programs that were not asked for"
"$weft" inspect bow.plan --program predict >inspection
grep -q "^program @predict" inspection || fail "no program: $(cat inspection)"
! grep -q "^program @train" inspection || fail "a program that was not asked for"
refuses "no program .predicts.|did you mean .predict." "$weft" inspect bow.plan --program predicts

# Pretrained word vectors: by flag and by description; words that only they have are known too.
{ echo "Fine 1 0 0.5"; echo "dull 0 1 0.5"; echo "film .1 .2 .3"; echo "splendid 1 0 0.5"; } >v.txt
"$weft" train bow.model --data data.tsv --vectors v.txt --set x.width=3 --set x.mode=static \
  --epochs 20 --rate 0.02 --threads 1 -o vectors.plan 2>log
grep -q "x.embedding: v.txt (GloVe text, 3 numbers) has 3 of" log || fail "vectors: $(cat log)"
grep -q "1 in another case; 1 words added" log || fail "vectors: $(cat log)"
"$weft" inspect vectors.plan >inspection
grep -q "note .*v.txt" inspection || fail "inspect does not tell of the vectors"
echo "splendid" | "$weft" predict vectors.plan >answers
grep -q "^good" answers || fail "an added word is unknown: $(cat answers)"
sed 's/width=64/static, vectors="v.gz"/' bow.model >described.model
gzip -c v.txt >v.gz
"$weft" train described.model --data data.tsv --threads 1 --quiet -o described.plan
refuses "x.embedding has 64" "$weft" train bow.model --data data.tsv --vectors v.txt -o x.plan
refuses "plan has its words" "$weft" train one.plan --data data.tsv --vectors v.txt -o x.plan
echo "w1 1 2" >>v.txt
refuses "v.txt:5: .w1. has 2 numbers" "$weft" train bow.model --data data.tsv --vectors v.txt \
  --set x.width=3 -o x.plan

# Several labels.
awk -F '\t' 'NR > 1 { print "__label__" $1 (NR % 3 ? "" : " __label__third") " " $2 \
  (NR % 3 ? "" : " third") }' data.tsv >several.txt
sed 's/softmax/sigmoid/' bow.model >tags.model
"$weft" train tags.model --data several.txt --valid-fraction 0.2 --rate 0.05 --threads 1 --quiet \
  -o tags.plan
echo "a fine third film" | "$weft" predict tags.plan >answers
grep -q "third" answers || fail "several labels: $(cat answers)"
"$weft" eval tags.plan --data several.txt --json >json
grep -q '"subset_accuracy"' json || fail "evaluation of several labels: $(cat json)"

# Killed, the plan is the old one; full or closed output is an error; a closed pipe is silence.
cp one.plan kept.plan
"$weft" train textcnn.model --data data.tsv --epochs 1000 --quiet -o kept.plan &
victim=$!
sleep 1
kill -9 "$victim"
wait "$victim" 2>/dev/null || true
cmp one.plan kept.plan || fail "a killed run changed its output"
refuses "cannot be written" bash -c "ulimit -f 1 && '$weft' compile bow.model --data data.tsv -o x.plan"
if [ -w /dev/full ]; then
  refuses "cannot write to standard output" bash -c "'$weft' predict bow.plan lines >/dev/full"
fi
yes "a fine film" | "$weft" predict bow.plan 2>message | head -1 >/dev/null || true
[ ! -s message ] || fail "a closed pipe is an error: $(cat message)"

# A description without a line `tune` is checked by itself, and not for each of its constants.
{
  echo "model many"
  for i in {1..600}; do echo "c$i = 4"; done
  echo "x = embedding(text, width=c1)"
  printf 'logits = x | max_pool | linear(labels)\noutput softmax(logits)\n'
} >many.model
timeout 20 "$weft" check many.model >/dev/null || fail "600 constants take too long to check"
"$weft" bench bow.plan --data data.tsv --threads 0 --seconds 0.01 >/dev/null || fail "bench --threads 0"

refuses "there is no command .bogus." "$weft" bogus
refuses "there is no flag .--nope." "$weft" --nope
refuses "is too large a number" "$weft" train bow.model --data data.tsv -o x.plan \
  --epochs 99999999999999999999
refuses "bow.plan is a plan, not a description" "$weft" crossval bow.plan --data data.tsv
if [ -w /dev/full ]; then
  for flag in --help --version "train --help"; do
    refuses "cannot write to standard output" bash -c "'$weft' $flag >/dev/full"
  done
fi
refuses "did you mean .train." "$weft" trian bow.model
"$weft" help >out && grep -q "measure a plan" out || fail "help: $(cat out)"
"$weft" help train | cmp - <("$weft" train --help) || fail "help train is not train --help"
"$weft" --version | cmp - <("$weft" version) || fail "--version is not version"
for twice in "--data data.tsv" "--valid data.tsv --valid data.tsv"; do
  # shellcheck disable=SC2086
  refuses "data.tsv is given twice" "$weft" train bow.model --data data.tsv $twice -o x.plan
done
refuses "o is given 2 times, but takes one value" "$weft" train bow.model --data data.tsv -o x.plan \
  -o x.plan
refuses "data.tsv is given twice" "$weft" eval bow.plan --data data.tsv --data data.tsv
refuses "required" "$weft" predict
refuses "not expected: --tpo" "$weft" predict bow.plan --tpo 2
refuses "did you mean .textcnn." "$weft" new textcn
refuses "cannot read nosuch.model" "$weft" train nosuch.model --data data.tsv -o x.plan
refuses "nosuch.tsv" "$weft" train bow.model --data nosuch.tsv -o x.plan
refuses "cannot write /nosuch/x.plan" "$weft" train bow.model --data data.tsv -o /nosuch/x.plan
refuses "bow.model" "$weft" predict bow.model lines

for command in check train predict opt eval; do
  refuses "is a (folder|directory)" "$weft" "$command" . $([ $command != opt ] || echo --passes=cse) \
    $([[ $command != train && $command != eval ]] || echo --data data.tsv) \
    $([ $command != train ] || echo -o x.plan)
done
refuses "cannot read nosuch.ir: No such file" "$weft" opt nosuch.ir --passes=cse
refuses "there is no program" "$weft" opt /dev/null --passes=cse
echo 'program @p { symbol B <= 4 }' >p.ir
refuses "no pass or pipeline .csee." "$weft" opt p.ir --passes=cse --skip csee

# What is to be written is looked at first, and no file but a plan is replaced by a plan.
mkdir -p folder
cp data.tsv valid.tsv
cp bow.model bow.kept
echo "remember the milk" >notes.txt
ln -sf data.tsv link.tsv
refused() { # refused PATTERN FLAGS...: by train, with nothing read or written
  refuses "$1" "$weft" train bow.model --data data.tsv --valid valid.tsv --epochs 1 "${@:2}"
  ! grep -q "epoch" message || fail "trained before it said: $(cat message)"
}
refused "-o data.tsv is the file that --data names" -o data.tsv
refused "-o link.tsv is the file that --data names" -o link.tsv
refused "-o ./valid.tsv is the file that --valid names" -o ./valid.tsv
refused "-o bow.model is the file that MODEL names" -o bow.model
refused "--report bow.model is the file that MODEL names" -o x.plan --report bow.model
refused "--report valid.tsv is the file that --valid names" -o x.plan --report valid.tsv
refused "--report folder/../x.plan is the file that -o names" -o x.plan --report folder/../x.plan
refused "notes.txt exists already and is not a plan" -o notes.txt
refused "-o . is a folder" -o .
refused "-o folder is a folder" -o folder
refused "-o new/ is a folder" -o new/
refused "there is no folder new" -o new/x.plan
refused "there is no folder data.tsv" -o data.tsv/x.plan
refused "-o is empty" -o ""
refuses "is the file that --data names" "$weft" compile bow.model --data data.tsv -o data.tsv
refuses "is the file that --data names" "$weft" calibrate bow.plan --data data.tsv -o data.tsv
refuses "notes.txt exists already" "$weft" compile bow.plan --predict-only -o notes.txt
cmp data.tsv valid.tsv && cmp bow.model bow.kept && grep -q milk notes.txt ||
  fail "an input was overwritten"
cp small.plan smaller.plan
"$weft" compile smaller.plan --fold -o smaller.plan || fail "a plan cannot replace itself"
{ printf '\xff\xfe'; sed 's/./&\x00/g' bow.model; } >utf16.model
refuses "save the description as UTF-8" "$weft" check utf16.model
refuses "save the description as UTF-8" "$weft" train utf16.model --data data.tsv -o x.plan
misused "no such setting" "$weft" train bow.model --data data.tsv --set widht=3 -o x.plan
refuses "plan is compiled already" "$weft" train one.plan --data data.tsv --set x.width=3 -o x.plan
refuses "only predicts" "$weft" train small.plan --data data.tsv -o x.plan
refuses "there is no layer, optimizer or line .nosuch." "$weft" layers nosuch
for line in model output tune text train; do
  "$weft" layers $line >out
  grep -q "^$line " out || fail "layers $line: $(cat out)"
done
refuses "there is no op" "$weft" ops nosuch
sed 's/mean_pool/maen_pool/' bow.model >typo.model
refuses "typo.model:[0-9]+:[0-9]+: error: there is no layer .maen_pool." "$weft" check typo.model
head -c 5000 bow.plan >cut.plan
refuses "cut.plan" "$weft" predict cut.plan lines
[ ! -e x.plan ] || fail "a failed run left a plan"
echo "the program does what it says"
