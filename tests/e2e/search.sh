#!/usr/bin/env bash
# Cross-validation and tuning by the program: the same results on any number of threads, and after a
# kill; what they leave behind; and their errors.
#   bash tests/e2e/search.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

awk 'BEGIN {
  srand(1); print "label\ttext"
  for (i = 0; i < 300; ++i) {
    line = ""
    for (w = 0; w < 3 + i % 7; ++w) line = line "w" int(rand() * 60) " "
    last = rand() < 0.1 ? "film" : i % 2 ? "fine film" : "dull film"
    print (i % 2 ? "good" : "bad") "\t" line last
  }
}' >data.tsv
"$weft" new textcnn | sed 's/^width .*/width = 12/; s/^channels .*/channels = 8/' >m.model
echo "tune width=range(8, 24) rate=log(0.001, 0.03) batch=choice(10, 25)" >>m.model
"$weft" check m.model >/dev/null

cross=("$weft" crossval m.model --data data.tsv --folds 5 --repeats 2 --set train.epochs=3 --quiet)
"${cross[@]}" --threads 1 --json >one.json
"${cross[@]}" --threads 3 --json | cmp - one.json || fail "folds depend on the threads"
grep -q '"accuracy":{"mean":0\.[6-9]' one.json || fail "crossval: $(cat one.json)"
grep -q '"folds":\[{"repeat":1,"fold":1,.*{"repeat":2,"fold":5,' one.json || fail "not from 1: $(cat one.json)"
"${cross[@]}" --folds-by row --valid-fraction 0.2 | grep -q "confidence interval" || fail "no table"
refuses "300 examples|301 folds" "$weft" crossval m.model --data data.tsv --folds 301

tuned=("$weft" tune m.model --data data.tsv --set train.epochs=5 --quiet)
tune=("${tuned[@]}" --trials 10)
"${tune[@]}" --threads 1 -o one.plan >board
grep -q "the description as it stands" board || fail "tune: $(cat board)"
grep -q "^score: accuracy on the validation texts" board || fail "what is a score? $(cat board)"
"${tune[@]}" --threads 3 -o three.plan >/dev/null
cmp one.trials.jsonl three.trials.jsonl || fail "trials depend on the threads"
cmp <(tail -n +2 one.model) <(tail -n +2 three.model) || fail "other descriptions"
"$weft" eval one.plan --data data.tsv >/dev/null
"$weft" check one.model >/dev/null || fail "the best description: $(cat one.model)"

# Told step by step; where nothing is better than what was given, that is said.
"$weft" tune m.model --data data.tsv --trials 1 --set train.epochs=1 --threads 1 -o told.plan \
  >board 2>log
grep -qE "^trial   0   1 epoch   accuracy [0-9.]+  the description as it stands$" log || fail "said: $(cat log)"
grep -q "^the best, trained on all of the data:$" log || fail "said: $(cat log)"
! grep -q " $" log || fail "trailing spaces: $(cat log)"
"$weft" tune m.model --data data.tsv --trials 1 --set width=8 --set rate=0.01 --set batch=10 \
  --set train.epochs=1 --threads 1 --quiet -o $'al\none.plan' >board
eval "$(sed -n '1s/^# the plan is made by: weft/"$weft"/p' $'al\none.model')" 2>/dev/null ||
  fail "a name of two lines: $(cat $'al\none.model')"
grep -q "no trial was better than the description as it stands" board || fail "said: $(cat board)"

# Killed and resumed: the same trials, the same best.
for moment in 0.05 0.15 0.3; do
  rm -f cut.*
  "${tune[@]}" --threads 1 -o cut.plan >/dev/null 2>&1 &
  victim=$!
  sleep "$moment"
  kill -9 "$victim" 2>/dev/null || true
  wait "$victim" 2>/dev/null || true
  "${tune[@]}" --threads 1 -o cut.plan --resume >/dev/null
  cmp one.trials.jsonl cut.trials.jsonl || fail "killed after $moment: other trials"
  cmp <(tail -n +2 one.model) <(tail -n +2 cut.model) || fail "killed after $moment: another best"
done

# The first line of the best description is a command that makes the very same plan.
repeats() {
  local made
  made=$(sed -n 's/^# the plan is made by: weft \(train .*\) -o .*/\1/p;q' "$1.model")
  [ -n "$made" ] || fail "no command: $(head -1 "$1.model")"
  eval "\"$weft\" $made --quiet -o again.plan" || fail "cannot repeat: $made"
  cmp "$1.plan" again.plan || fail "another plan: $made"
}
repeats one
mkdir sub "with space"
awk '{ for (i = 2; i <= NF; ++i) if (!seen[$i]++) { print $i, i % 3, NR % 5, NR % 7, 1 } }' data.tsv >four.txt
sed 's/^channels .*/&\nhalf = channels * 2/; s/channels=channels, kernel=3/channels=half, kernel=3/' m.model |
  sed 's/^tune .*/tune rate=log(0.001, 0.03) drop=range(0.1, 0.6)/' >"with space/m.model"
cp four.txt "with space/"
sed -i 's/embedding(text, width=width)/embedding(text, vectors=file)/; s/^half .*/&\nfile = "four.txt"/' "with space/m.model"
"$weft" tune "with space/m.model" --data data.tsv --trials 2 --seed 7 --threads 1 --quiet \
  --set train.adam.beta1=0.8 --set half=6 --set width=4 --set epochs=4 -o sub/seeded.plan >/dev/null
repeats sub/seeded
for part in "seed=7" "beta1=0.8" "^width = 4" "--set half=6" '"../with space/four.txt"'; do
  grep -qe "$part" sub/seeded.model || fail "no $part in $(cat sub/seeded.model)"
done
# Vectors for all embeddings; a file to compare by, which has a label of its own.
{ cat data.tsv; printf 'odd\tan odd film\n'; } >valid.tsv
sed 's/^width .*/width = 4/; s/^tune .*/tune rate=log(0.001, 0.03)/' m.model >four.model
"$weft" tune four.model --data data.tsv --valid valid.tsv --vectors four.txt --trials 2 --threads 1 \
  --set train.epochs=3 --set train.average=0 --quiet -o valid.plan >/dev/null 2>&1
repeats valid
# The best can itself be tuned.
"$weft" tune valid.model --data data.tsv --vectors four.txt --trials 1 --threads 1 --quiet -o next.plan >/dev/null
[ "$(grep -c "made by" next.model)" = 1 ] || fail "two commands: $(cat next.model)"
repeats next

# Epochs that were found are all there are, though the description asks for more steps.
sed 's/steps=[0-9]*/steps=90/; s/epochs=[0-9]*/epochs=1/' four.model >more.model
"$weft" tune more.model --data data.tsv --trials 1 --threads 1 --quiet -o steps.plan >/dev/null
grep -q "^train .* steps=0" steps.model || fail "more steps than were found: $(cat steps.model)"
repeats steps

# Without a description the starters compete, in a search that is as good in every other way.
starters=("$weft" tune data.tsv --trials 12 --set train.epochs=2)
says "^no description was given: the starters .tfidf., .bow. and .textcnn. compete \(300 texts of 2 labels\)$" \
  "${starters[@]}" --threads 1 -o won.plan
grep -qE "^the starter .(tfidf|bow|textcnn). won$" out || fail "which won? $(cat out)"
for starter in tfidf bow textcnn; do
  grep -qE "  $starter as it stands$" message || fail "$starter did not compete: $(cat message)"
done
[ "$(grep -c '"starter":"' won.trials.jsonl)" = "$(($(wc -l <won.trials.jsonl) - 1))" ] ||
  fail "trials of no starter: $(cat won.trials.jsonl)"
"${starters[@]}" --threads 3 --quiet -o three.plan >/dev/null
cmp won.trials.jsonl three.trials.jsonl || fail "starters depend on the threads"
"${starters[@]}" --threads 1 --quiet -o cut.plan >/dev/null 2>&1 &
victim=$!
sleep 0.3
kill -9 "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
"${starters[@]}" --threads 1 --quiet -o cut.plan --resume >/dev/null
cmp won.trials.jsonl cut.trials.jsonl || fail "killed: other trials"
repeats won
# Vectors are for the starter that begins with them alone.
says "the starters .textcnn-vectors. with width=4, .tfidf., .bow. and .textcnn. compete" "$weft" tune data.tsv \
  --vectors four.txt --trials 3 --set train.epochs=1 --threads 1 -o vectors.plan
repeats vectors
# What is set wrongly does not put the results of another search aside.
cp vectors.trials.jsonl kept
misused "no such setting" "$weft" tune m.model --data data.tsv --set nope=1 --trials 2 -o vectors.plan
cmp kept vectors.trials.jsonl || fail "a search that was refused changed the results of another"
refuses "the starter .tfidf.: --set channels: .* no such setting" "$weft" tune data.tsv \
  --set channels=3 --trials 2 -o x.plan
refuses "^weft: --data is required" "$weft" tune -o x.plan
refuses "^weft: --data is required beside m.model" "$weft" tune m.model -o x.plan
# A search by time ends with a plan, too.
"$weft" tune data.tsv --budget 4s --threads 1 --set train.epochs=1 --quiet -o timed.plan >board
grep -q "won$" board || fail "in 4 seconds: $(cat board)"
repeats timed

# A search that is begun anew keeps what was found.
cp cut.trials.jsonl before.jsonl
"${tuned[@]}" --threads 1 --trials 1 -o cut.plan >/dev/null 2>message
grep -q "kept as cut.trials.jsonl.old" message || fail "said: $(cat message)"
cmp before.jsonl cut.trials.jsonl.old || fail "the earlier search is lost"
sed -i '2s/"epochs"/"epoch"/' cut.trials.jsonl
refuses "cut.trials.jsonl:2: not a result" "${tuned[@]}" --threads 1 --trials 1 -o cut.plan --resume
refuses "other data" "${tune[@]}" --seed 9 -o cut.plan --resume
refuses "is no time" "$weft" tune m.model --data data.tsv --budget soon -o x.plan
refuses "is no time" "$weft" tune m.model --data data.tsv --budget "" -o x.plan
refuses "is no time" "$weft" tune m.model --data data.tsv --budget inf -o x.plan
refuses "no share" "$weft" tune m.model --data data.tsv --valid-fraction nan -o x.plan
refuses "no share" "$weft" crossval m.model --data data.tsv --valid-fraction nan
printf 'label\ttext\na\tone\n' >single.tsv
refuses "of the 1 text none can be held out: every label" "$weft" tune m.model --data single.tsv -o x.plan
refuses "0.001 of 300 texts is none" "$weft" tune m.model --data data.tsv --valid-fraction 0.001 -o x.plan
sed 's/^tune .*/tune drop=range(0.5, 1.5)/' m.model >range.model
refuses "range.model:[0-9]+:22: error: .drop. cannot be 1.5" "$weft" check range.model
refuses "range.model:[0-9]+:22: error: .drop. cannot be 1.5" "$weft" tune range.model --data data.tsv -o x.plan
sed 's/^tune .*/tune widht=range(1, 2)/' m.model >typo.model
refuses "typo.model:[0-9]+:6: error: .widht." "$weft" check typo.model
refuses "typo.model:[0-9]+:6: error: .widht." "$weft" tune typo.model --data data.tsv -o x.plan
# What is read is never written: the description beside the plan, itself or by a link, and the data.
cp m.model before.model
ln m.model linked.model
refuses "m.model is read, and would be overwritten$" "${tune[@]}" -o m.plan
refuses "another plan: -o linked.tuned.plan" "${tune[@]}" -o linked.plan
refuses "data.tsv is read, and would be overwritten" "${tune[@]}" -o data.tsv
# Nor is anything replaced but what a search has written.
cp m.model own.model
cp data.tsv notes.trials.jsonl
cp data.tsv words.plan
refuses "own.model exists already and is not one that a search wrote" "${tune[@]}" -o own.plan
refuses "notes.trials.jsonl exists already and is not one of a search" "${tune[@]}" -o notes.plan
refuses "words.plan exists already and is not a plan" "${tune[@]}" -o words.plan
cmp m.model own.model && cmp data.tsv notes.trials.jsonl && cmp data.tsv words.plan ||
  fail "a file was overwritten"
cmp before.model m.model || fail "the description was overwritten"
[ ! -e x.plan ] && [ ! -e m.plan ] || fail "a failed run left a plan"
echo "searches repeat, resume and say what is wrong"
