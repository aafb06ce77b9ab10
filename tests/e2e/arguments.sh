#!/usr/bin/env bash
# Arguments that are wrong, odd or many, and signals: a description from a pipe, flags misspelt, one
# stream asked for twice, a search that is stopped.
#   bash tests/e2e/arguments.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"
# refuses_usage PATTERN COMMAND...: as refuses, with the status of wrong arguments.
refuses_usage() {
  refuses "$@"
  local status=0
  "${@:2}" >out 2>message </dev/null || status=$?
  [ "$status" -eq 2 ] || fail "status $status, not 2, from: ${*:2}"
}
awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 60; ++i) print (i % 2 ? "good\tfine w" : "bad\tdull w") i % 5
}' >data.tsv
"$weft" new bow >bow.model
"$weft" train bow.model --data data.tsv --epochs 2 --quiet --threads 1 -o bow.plan

# A description may come from a pipe or from standard input, and gives the same plan.
"$weft" train - --data data.tsv --epochs 2 --quiet --threads 1 -o x.plan <bow.model
cmp bow.plan x.plan || fail "a description from standard input gives another plan"
"$weft" train <("$weft" new bow) --data data.tsv --epochs 2 --quiet --threads 1 -o x.plan
cmp bow.plan x.plan || fail "a description from a pipe gives another plan"
"$weft" check - <bow.model >shapes
"$weft" check bow.model | cmp - shapes || fail "check of standard input differs"
"$weft" compile <(cat bow.model) --data data.tsv -o x.plan
for command in "crossval --data data.tsv" "tune --trials 1 --data data.tsv -o x.plan"; do
  # shellcheck disable=SC2086
  refuses "bow.plan is a plan, not a description" "$weft" ${command%% *} bow.plan \
    $(sed 's/^[a-z]*//' <<<"$command")
done
refuses_usage "MODEL.PLAN.FILE and --data are both -, standard input" "$weft" train - --data - -o x.plan
refuses_usage "--data and --valid are both -, standard input" "$weft" train bow.model --data - \
  --valid - -o x.plan

# What is written needs a name; the plan that can be trained is not lost by accident.
refuses_usage "-o - names no file" "$weft" train bow.model --data data.tsv -o -
[ ! -e - ] || fail "a file is named -"
cp bow.plan small.plan
refuses_usage "could not be trained any further" "$weft" compile small.plan --predict-only \
  -o small.plan
grep -q -- "--force" message || fail "no remedy: $(cat message)"
cmp bow.plan small.plan || fail "the plan was changed"
"$weft" compile small.plan --predict-only --force -o small.plan
[ "$(wc -c <small.plan)" -lt "$(wc -c <bow.plan)" ] || fail "--force wrote no smaller plan"
"$weft" compile small.plan --predict-only -o small.plan  # nothing is left to lose

# Wrong arguments have one status, and the nearest right one is named.
refuses_usage "did you mean .--epochs." "$weft" train bow.model --data data.tsv --epohcs 3 -o x.plan
refuses_usage "there is no command .trian." "$weft" trian
refuses_usage "there is no flag" "$weft" --colour
refuses_usage "exclude each other" "$weft" train bow.model --data data.tsv --valid data.tsv \
  --valid-fraction 0.1 -o x.plan
refuses_usage "--rate: .. is no number" "$weft" train bow.model --data data.tsv --rate "" -o x.plan
refuses_usage "--epochs: .. is no whole number" "$weft" train bow.model --data data.tsv --epochs "" \
  -o x.plan
refuses_usage "--batch: .1x. is no whole number" "$weft" train bow.model --data data.tsv --batch 1x \
  -o x.plan
refuses_usage "is no time" "$weft" tune bow.model --data data.tsv --budget 3x -o x.plan
refuses_usage "is required" "$weft" train bow.model -o x.plan
refuses "did you mean .train.epochs." "$weft" train bow.model --data data.tsv --set epoch=3 -o x.plan
refuses "the nearest are " "$weft" train bow.model --data data.tsv --set qqqqqq=3 -o x.plan
[ "$(grep -o '`' message | wc -l)" -lt 10 ] || fail "a long list: $(cat message)"

# Files that are swapped, by their names or not: five errors of a kind, then how many more.
seq 40000 | sed 's/.*/good\tfine &/' >long.tsv
refuses_usage "long.tsv is data, but --data names data already" "$weft" train long.tsv \
  --data bow.model -o x.plan
refuses_usage "data.tsv is data, but" "$weft" tune data.tsv --data long.tsv -o x.plan
cp bow.model odd.csv  # whatever it is called, it is a description
"$weft" train odd.csv --data data.tsv --epochs 2 --quiet --threads 1 -o x.plan
cmp bow.plan x.plan || fail "a description of another name gives another plan"
mv long.tsv long
refuses "and [0-9]+ more like these" "$weft" train long --data bow.model -o x.plan
[ "$(wc -l <message)" -lt 60 ] || fail "$(wc -l <message) lines of errors"

# A label that a plan lacks is named with its line.
printf 'label\ttext\ngood\tfine\nnew\tfine\n' >new.tsv
refuses "the label .new., of line 3, is not one of the plan's" "$weft" train bow.plan --data new.tsv \
  -o x.plan

# A model that a limit of the shell has no room for is refused before it is made. A program with
# sanitizers takes more than any limit from the start.
"$weft" new textcnn >textcnn.model
if (ulimit -v 700000 && "$weft" version) >/dev/null 2>&1; then
  refuses "the model takes [0-9.]+ GB of memory, but there are [0-9.]+ GB" bash -c \
    "ulimit -v 700000; exec '$weft' train textcnn.model --data data.tsv --set width=20000 -o x.plan"
  grep -q "its largest tensor is %" message || fail "said: $(cat message)"
fi

# A search that is stopped leaves the best description so far, and says how to go on.
stopped() {  # stopped SIGNAL STATUS
  local status=0
  rm -f found.*
  "$weft" tune bow.model --data data.tsv --trials 100000 --threads 1 -o found.plan 2>log &
  local search=$!
  for _ in $(seq 600); do
    [ "$(wc -l <log)" -ge 12 ] && break
    sleep 0.1
  done
  kill "-$1" $search
  wait $search || status=$?
  [ "$status" -eq "$2" ] || fail "SIG$1 ends with status $status: $(tail -3 log)"
  grep -q "found.model is the best description so far" log || fail "said: $(tail -3 log)"
  "$weft" check found.model >shapes
}
stopped INT 130
stopped TERM 143
echo "arguments are told apart, and what is wrong with them is said"
