#!/usr/bin/env bash
# Explaining, calibrating and reports by the program; a report opened in a headless browser, where
# one is installed.
#   bash tests/e2e/report.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

# Two labels, one of them hostile; and the same texts with several labels each.
awk 'BEGIN {
  srand(1); print "label\ttext" >"data.tsv"; print "label\ttext" >"many.tsv"
  bad = "<script>alert(1)</script>"
  for (i = 0; i < 200; ++i) {
    line = ""
    for (w = 0; w < 3 + i % 7; ++w) line = line "w" int(rand() * 30) " "
    line = line (i % 2 ? "fine" : "dull") " film" (i % 9 ? "" : " <b>&amp; " bad)
    label = (i % 2 ? "good" : bad)
    print (i % 23 ? label : "good") "\t" line >"data.tsv"
    print label (i % 3 ? "" : "|long") "\t" line >"many.tsv"
  }
}'
"$weft" new textcnn >one.model
sed 's/softmax/sigmoid/' one.model >many.model
small=(--set x.width=16 --set a.channels=8 --set b.channels=8 --set c.channels=8)
train=("${small[@]}" --epochs 3 --rate 0.01 --threads 1 --quiet --valid-fraction 0.2)
"$weft" train one.model --data data.tsv "${train[@]}" -o one.plan --report train.html
"$weft" train many.model --data many.tsv --label-separator '|' "${train[@]}" -o many.plan

# Explanations: an object a line, whose contributions add up.
"$weft" explain one.plan "a fine film" --json >json
grep -q '"exact":true' json || fail "explain: $(cat json)"
"$weft" explain one.plan "a fine film" --label good --top 2 >text
grep -q "= the logit" text || fail "explain: $(cat text)"
! grep -q $'\x1b' text || fail "colours although this is no terminal"
if command -v script >/dev/null; then
  script -qec "'$weft' explain one.plan 'a fine film'" /dev/null >text
  grep -q $'\x1b' text || fail "no colours on a terminal"
  NO_COLOR=1 script -qec "'$weft' explain one.plan 'a fine film'" /dev/null >text
  ! grep -q $'\x1b' text || fail "colours in spite of NO_COLOR"
fi
printf 'a fine film\na dull film\n' | "$weft" explain one.plan - --json >json
[ "$(wc -l <json)" -eq 2 ] || fail "not a line for each line: $(cat json)"
if "$weft" explain one.plan "a film" --label nosuch 2>message; then fail "no error"; fi
grep -q "no label" message || fail "explain: $(cat message)"
"$weft" explain one.plan "" >text
grep -q "(bias)" text || fail "explain of an empty text: $(cat text)"
"$weft" explain one.plan >text 2>message && fail "there was no text"
grep -q "no text to explain" message || fail "explain: $(cat message)"
"$weft" new deepcnn | sed 's/^width .*/width = 8/; s/^channels .*/channels = 8/' >deep.model
"$weft" compile deep.model --data data.tsv -o deep.plan 2>message
if "$weft" explain deep.plan "a film" 2>message; then fail "deepcnn was explained"; fi
grep -q "relu" message || fail "explain: $(cat message)"

# Calibration keeps labels and is undone by training.
"$weft" calibrate one.plan --data data.tsv -o calibrated.plan >said 2>message
grep -q "^temperature" said || fail "calibrate: $(cat said)"
cut -f 2 data.tsv >texts
cmp <("$weft" predict one.plan texts | cut -f 1) <("$weft" predict calibrated.plan texts |
  cut -f 1) || fail "calibration changed labels"
cmp -s <("$weft" predict one.plan texts) <("$weft" predict calibrated.plan texts) &&
  fail "calibration changed nothing"
"$weft" train calibrated.plan --data data.tsv --epochs 1 --quiet -o again.plan 2>message
grep -q "calibrate anew" message || fail "train: $(cat message)"
"$weft" inspect again.plan >inspected
if grep -q "^calibrated" inspected; then fail "training kept the temperature"; fi

# Reports: the same bytes but for the speed.
"$weft" eval one.plan --data data.tsv --report one.html >/dev/null
"$weft" eval one.plan --data data.tsv --report two.html >/dev/null
cmp <(grep -v "texts a second" one.html) <(grep -v "texts a second" two.html) ||
  fail "reports differ"
"$weft" eval many.plan --data many.tsv --label-separator '|' --report many.html >/dev/null
for page in one.html many.html train.html; do
  ! grep -q "<script>alert" "$page" || fail "$page holds a label's script"
  ! grep -qE "https?:|src=|url\(|@import" "$page" || fail "$page needs something else"
done

# Graphs drawn: to standard output or into a file, well-formed by other programs' word.
"$weft" inspect one.plan --svg - >one.svg
"$weft" inspect one.plan --program train --svg train.svg --dot train.dot >said
[ ! -s said ] || fail "inspect --svg FILE printed: $(head -3 said)"
"$weft" inspect one.plan --program train --dot - | cmp - train.dot || fail "inspect --dot differs"
grep -q "program @predict" one.svg || fail "inspect --svg draws another program"
grep -q 'class="backward' train.svg || fail "inspect --svg: no backward"
if command -v xmllint >/dev/null; then xmllint --noout one.svg train.svg || fail "no XML"; fi
if command -v dot >/dev/null; then dot -Tsvg train.dot >/dev/null || fail "no Graphviz"; fi
"$weft" inspect one.plan --html inspected.html >said
grep -q "changed by <code>--set x.width=16 " inspected.html || fail "inspect --html leaves out what was set"
"$weft" inspect one.plan --html again.html
cmp inspected.html again.html || fail "inspect --html differs from run to run"
[ ! -s said ] || fail "inspect --html printed: $(head -3 said)"
refuses "inspected.html is a folder|cannot write" "$weft" inspect one.plan --html folder/missing/x
refuses "one.plan is the file that PLAN names" "$weft" inspect one.plan --html one.plan
misused "same file" "$weft" inspect one.plan --html same --svg same
misused "draw one program" "$weft" inspect one.plan --svg - --program all
misused "exclude each other" "$weft" inspect one.plan --svg - --json
refuses "one.plan is the file that PLAN names" "$weft" inspect one.plan --svg one.plan
refuses "cannot write missing/one.dot" "$weft" inspect one.plan --dot missing/one.dot
misused "same file" "$weft" inspect one.plan --dot same --svg same

grep -q "Loss by step" train.html || fail "train --report has no steps"
grep -q "Memory of @train" one.html || fail "eval --report has no memory of @train"

# Searches as pages.
"$weft" crossval one.model --data data.tsv "${small[@]}" --set train.epochs=1 --folds 3 --quiet \
  --report folds.html >/dev/null 2>message || fail "crossval: $(cat message)"
[ "$(grep -c "<title>repeat" folds.html)" -eq 6 ] || fail "crossval --report: not a dot for each fold"
"$weft" tune one.model --data data.tsv "${small[@]}" --set train.epochs=1 --trials 3 --quiet \
  -o tuned.plan --report trials.html >/dev/null 2>message || fail "tune: $(cat message)"
grep -q "Score by trial" trials.html || fail "tune --report: $(head -3 trials.html)"
for page in folds.html trials.html inspected.html; do
  ! grep -q "<script>alert" "$page" || fail "$page holds a label's script"
  ! grep -qE "https?:|src=|url\(|@import" "$page" || fail "$page needs something else"
done
refuses "data.tsv is the file that --data names" "$weft" crossval one.model --data data.tsv \
  --report data.tsv
refuses "tuned.model is the file that -o with .model" "$weft" tune one.model --data data.tsv \
  -o tuned.plan --report tuned.model

# Two plans compared.
"$weft" report one.plan calibrated.plan --data data.tsv >said
grep -q "^0 of 200 answers differ" said || fail "report: $(cat said)"
"$weft" train one.model --data data.tsv "${small[@]}" --epochs 1 --seed 9 --threads 1 --quiet \
  -o early.plan
"$weft" report early.plan one.plan --data data.tsv --html compared.html --json >json
grep -q '"mcnemar_p":' json || fail "report --json: $(head -c 300 json)"
grep -q "McNemar's exact test" compared.html || fail "report --html: $(head -3 compared.html)"
! grep -q "<script>alert" compared.html || fail "report --html holds a label's script"
refuses "the other several" "$weft" report one.plan many.plan --data data.tsv
refuses "one.plan is the file that PLAN names" "$weft" report one.plan early.plan \
  --data data.tsv --html one.plan
misused "PLAN2 is required" "$weft" report one.plan --data data.tsv

# What means nothing is refused.
"$weft" eval one.plan --data data.tsv --threshold 0.5 >/dev/null 2>message && fail "a threshold"
grep -q "exactly one" message || fail "eval --threshold: $(cat message)"
"$weft" eval many.plan --data many.tsv --label-separator '|' --threshold nan >/dev/null 2>message &&
  fail "a threshold that is no number"
"$weft" profile one.plan --data data.tsv --train --trace trace.json --report profiled.html --seconds 0.02 \
  >profile 2>/dev/null ||
  fail "profile: $(cat profile)"
grep -qE "^@predict: a request of 50 texts takes" profile && grep -q "^@train, by op" profile ||
  fail "profile says: $(cat profile)"
python3 -c 'import json; assert json.load(open("trace.json"))["traceEvents"]' || fail "the trace is no JSON"
grep -q "<h2>@train</h2>" profiled.html || fail "profile --report has no @train"
refuses "it would be lost" "$weft" profile one.plan --data data.tsv --report one.plan
refuses "nowhere.plan" "$weft" profile nowhere.plan --data data.tsv
refuses "it would be lost" "$weft" profile one.plan --data data.tsv --trace data.tsv
refuses "exists already" "$weft" profile one.plan --data data.tsv --trace profile
refuses "no file|cannot" "$weft" profile one.plan --data missing.tsv
"$weft" bench one.plan --data data.tsv --seconds nan >/dev/null 2>message &&
  fail "seconds that are no number"

# A report that cannot be written is noticed before the plan is read, and never in place of input.
mkdir folder
for report in folder missing/one.html data.tsv; do
  "$weft" eval one.plan --data data.tsv --report "$report" >said 2>message &&
    fail "eval --report $report"
  grep -q -- "$report" message || fail "eval --report $report: $(cat message)"
  [ ! -s said ] || fail "eval measured in spite of --report $report"
done

# Lines that are not UTF-8 are answered, and counted, whichever thread has them.
for i in $(seq 3000); do printf 'a fine film %d\n' "$i"; done >lines
sed -i $'2500s/$/ \xB5\xE7/; 2600s/$/ \xB5\xE7/' lines
for threads in 1 2; do
  "$weft" predict one.plan lines --threads "$threads" >answers 2>message
  [ "$(wc -l <answers)" -eq 3000 ] || fail "predict: not an answer for each line"
  grep -q "2 of 3000 lines are not valid UTF-8 (the first is line 2500)" message ||
    fail "predict: $(cat message)"
  grep -q "iconv" message || fail "predict: $(cat message)"
done
"$weft" predict one.plan texts >answers 2>message
[ ! -s message ] || fail "predict: $(cat message)"

browser=
for name in chromium chromium-browser google-chrome; do
  browser=${browser:-$(command -v "$name" || true)}
done
if [ -z "$browser" ]; then
  echo "no chromium here: reports were not opened in a browser"
  exit 0
fi
for page in one.html many.html train.html; do
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --enable-logging=stderr --v=0 \
    --user-data-dir="$work/profile" --dump-dom "file://$work/$page" >dom 2>log ||
    fail "$browser: $(tail -3 log)"
  ! grep -q "CONSOLE" log || fail "$page: $(grep CONSOLE log)"
  for part in '<h2>Training</h2>' '<h2>Labels</h2>' '<h2>Calibration</h2>' 'id="roc-t"' \
    'mistakes</h2>\|<h2>Mistakes' '<h2>Size and speed</h2>'; do
    grep -q "$part" dom || fail "$page: no $part"
  done
done
# The page of `inspect` shows a node that is chosen by the keyboard, and nodes of folded layers.
sed 's|</body>|<script>document.querySelector("[data-graph=p1-]").dispatchEvent(\
new KeyboardEvent("keydown", {key: "End", bubbles: true}))</script></body>|' inspected.html >keys.html
timeout 60 "$browser" --headless --no-sandbox --disable-gpu --enable-logging=stderr --v=0 \
  --user-data-dir="$work/profile" --dump-dom "file://$work/keys.html" >dom 2>log
! grep -q "CONSOLE" log || fail "inspect --html: $(grep CONSOLE log)"
grep -q '<dt>flops</dt><dd>[0-9]' dom || fail "inspect --html shows no node"
grep -q 'class="update[^"]* on"' dom || fail "inspect --html marks no node"
# The script has run: the chooser shows numbers.
timeout 60 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
  --dump-dom "file://$work/many.html" >dom 2>log
grep -qE 'id="threshold-f1">[01]\.[0-9]{4}<' dom || fail "the threshold chooser shows nothing"
