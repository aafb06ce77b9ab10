#!/usr/bin/env bash
# Commands run twice write the same bytes: plans, whatever they are called, and lists of trials;
# pages too, but for what they mark as the clock's: `<span class="clock">`.
#   bash tests/e2e/repeat.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

film_reviews 300 60 >data.tsv
awk -F '\t' 'NR == 1 { print; next } { print $1 (NR % 3 ? "" : "|long") "\t" $2 }' data.tsv >many.tsv
"$weft" new textcnn | sed 's/^width .*/width = 12/; s/^channels .*/channels = 8/' >m.model
sed 's/softmax/sigmoid/' m.model >many.model

# once FOLDER: every command that writes a plan or a page, into the folder.
once() {
  local short=(--set train.epochs=2 --threads 2 --quiet) many=(--data many.tsv --label-separator '|')
  mkdir "$1"
  {
    "$weft" train data.tsv --valid-fraction 0.2 --threads 2 --quiet --report "$1/train.html" -o "$1/chosen.plan"
    "$weft" train m.model --data data.tsv "${short[@]}" --report "$1/learnt.html" -o "$1/a.plan"
    "$weft" train m.model --data data.tsv "${short[@]}" --seed 4 -o "$1/b.plan"
    "$weft" train many.model "${many[@]}" "${short[@]}" -o "$1/many.plan"
    "$weft" eval "$1/a.plan" --data data.tsv --threads 2 --report "$1/eval.html"
    "$weft" eval "$1/many.plan" "${many[@]}" --report "$1/many.html"
    "$weft" report "$1/a.plan" "$1/b.plan" --data data.tsv --html "$1/report.html"
    "$weft" crossval m.model --data data.tsv --folds 3 "${short[@]}" --report "$1/crossval.html"
    "$weft" tune data.tsv --trials 12 "${short[@]}" --report "$1/tune.html" -o "$1/tuned.plan"
    "$weft" inspect "$1/a.plan" --html "$1/inspect.html"
    "$weft" inspect "$1/a.plan" --svg "$1/graph.svg"
    "$weft" calibrate "$1/a.plan" --data data.tsv -o "$1/calibrated.plan"
    "$weft" compile m.model --data data.tsv -o "$1/untrained.plan"
    "$weft" compile "$1/a.plan" --predict-only -o "$1/small.plan"
    "$weft" export "$1/a.plan" --onnx "$1/a.onnx"
  } >"$1/said" 2>"$1/messages" || fail "$(tail -n 2 "$1/messages")"
}
once one
once two
[ "$(find one -name '*.plan' | wc -l)" -eq 8 ] || fail "plans: $(ls one)"
[ "$(find one -name '*.html' | wc -l)" -eq 8 ] || fail "pages: $(ls one)"
for file in one/*.plan one/*.jsonl one/*.onnx one/*.svg; do
  cmp "$file" "two/${file#one/}" || fail "another run, another ${file#one/}"
done
without_clock() { sed 's|<span class="clock">[^<]*</span>||g; s|\b'"$2"'/||g' "$1"; }
for page in one/*.html; do
  name=${page#one/}
  cmp <(without_clock "one/$name" one) <(without_clock "two/$name" two) || fail "$name: more than the clock differs"
  without_clock "$page" one >undated
  ! grep -qE '\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b' undated || fail "$name: a date is not marked"
done
for page in train learnt eval many; do
  [ "$(grep -c 'class="clock">[0-9,]*</span> texts a second' "one/$page.html")" -eq 1 ] ||
    fail "$page.html: no speed, or more than one"
done

# The name of a plan is not in it, though the description of a search's best tells how it is made.
head -n 1 one/tuned.model >first
grep -q "^# the plan is made by: weft train one/tuned.model --data data.tsv .*-o one/tuned.plan$" first ||
  fail "$(head -n 1 one/tuned.model)"
! grep -qa "one/tuned" one/tuned.plan || fail "the plan holds its own name"
"$weft" train two/tuned.model --data data.tsv --threads 2 --quiet -o again.plan
cmp one/tuned.plan again.plan || fail "the description that a search wrote makes another plan"
# A search that is given time enough for its trials, or is interrupted and resumed, finds the same.
tune=("$weft" tune data.tsv --trials 12 --set train.epochs=2 --threads 2 --quiet)
"${tune[@]}" --budget 10h -o timed.plan >said
cmp one/tuned.plan timed.plan || fail "with time enough another plan"
"${tune[@]}" -o cut.plan >said 2>&1 &
victim=$!
sleep 0.3
kill -9 "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
"${tune[@]}" --resume -o cut.plan >said
cmp one/tuned.plan cut.plan || fail "interrupted: another plan"
"$weft" tune --help | grep -A 2 -e "--budget" | tr -s ' \n' ' ' | grep "differ from run to run" >said ||
  fail "the help does not say what a budget means for the plan"
echo "equal runs write equal plans, and pages that differ by the clock alone"
