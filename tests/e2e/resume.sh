#!/usr/bin/env bash
# A training run killed at any moment and resumed ends with the bytes of one that was left alone.
#   bash tests/e2e/resume.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

film_reviews 1200 200 >data.tsv
"$weft" new textcnn >m.model
# Row-sparse Adam, dropout, a moving rate, means of epochs: all that a checkpoint must hold.
run=("$weft" train m.model --valid-fraction 0.1 --batch 16 --threads 1 --set x.width=16
  --set train.average=3 --schedule cosine --warmup 0.1 --quiet)
train=("${run[@]}" --data data.tsv --epochs 20)

start=$(date +%s%N)
"${train[@]}" --checkpoint 0 -o whole.plan
whole_us=$((($(date +%s%N) - start) / 1000))
[ ! -e whole.plan.checkpoint ] || fail "a checkpoint that was not asked for"
"${train[@]}" --checkpoint 0.01 -o saved.plan
cmp whole.plan saved.plan || fail "saving checkpoints changed the plan"
[ ! -e saved.plan.checkpoint ] || fail "the checkpoint outlived its run"

# Killed at 12 moments of three runs, spread over the run by a fixed seed, each time resumed from
# where the last kill left it.
resumed=0
for turn in 1 2 3; do
  rm -f cut.plan cut.plan.checkpoint
  for kill in 1 2 3 4; do
    share=$(awk -v s="$turn$kill" 'BEGIN { srand(s); rand(); print 0.1 + 0.5 * rand() }')
    "${train[@]}" --checkpoint 0.005 --resume -o cut.plan 2>>log &
    victim=$!
    sleep "$(awk -v u="$whole_us" -v s="$share" 'BEGIN { printf "%.4f", u * s / 1e6 }')"
    kill -9 "$victim" 2>/dev/null || true
    wait "$victim" 2>/dev/null || true
    [ ! -e cut.plan.checkpoint ] || resumed=$((resumed + 1))
  done
  "${train[@]}" --checkpoint 0.005 --resume -o cut.plan 2>>log
  cmp whole.plan cut.plan || fail "run $turn: killed and resumed, the plan is another"
  [ ! -e cut.plan.checkpoint ] || fail "the checkpoint outlived its run"
done
[ "$resumed" -ge 3 ] || fail "only $resumed of 12 kills left a checkpoint: $(sort log | uniq -c)"

# Ctrl-C leaves the plan of the epochs so far and a checkpoint, and says how to go on; also where the
# signal comes more than once, as from `timeout`, which signals the process and then its group.
"${run[@]}" --data data.tsv --epochs 100000 --checkpoint 1000 -o stopped.plan 2>message &
victim=$!
sleep "$(awk -v u="$whole_us" 'BEGIN { printf "%.4f", 1 + u / 1e6 }')"
for _ in 1 2 3 4 5; do
  kill -INT "$victim" 2>/dev/null || break
  sleep 0.002
done
status=0
wait "$victim" || status=$?
[ "$status" -eq 130 ] || fail "status $status of an interrupted run"
grep -q -- "--resume" message || fail "interrupted, it said: $(cat message)"
[ -e stopped.plan.checkpoint ] || fail "interrupted, it left no checkpoint"
"$weft" inspect stopped.plan >/dev/null || fail "interrupted, it left no plan"

# Resumed without further checkpoints, it ends alike: from the one that Ctrl-C left, also if that run
# is killed, which leaves the checkpoint as it was.
"${train[@]}" --checkpoint 1000 -o last.plan 2>/dev/null &
victim=$!
sleep "$(awk -v u="$whole_us" 'BEGIN { printf "%.4f", 0.4 * u / 1e6 }')"
kill -INT "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
[ -e last.plan.checkpoint ] || fail "the run had ended before it could be interrupted"
cp last.plan.checkpoint kept.checkpoint
"${train[@]}" --checkpoint 0 --resume -o last.plan 2>/dev/null &
victim=$!
sleep "$(awk -v u="$whole_us" 'BEGIN { printf "%.4f", 0.2 * u / 1e6 }')"
kill -9 "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
cmp kept.checkpoint last.plan.checkpoint || fail "--checkpoint 0 changed the checkpoint"
silent "${train[@]}" --checkpoint 0 --resume -o last.plan  # it would say if it started anew
cmp whole.plan last.plan || fail "resumed with --checkpoint 0, the plan is another"
[ ! -e last.plan.checkpoint ] || fail "the checkpoint outlived the run that went on from it"

# says PATTERN COMMAND...
says() {
  local pattern=$1
  shift
  "$@" >/dev/null 2>message || true
  grep -qE -- "$pattern" message || fail "$* said: $(cat message), not: $pattern"
}
says "other settings: epochs=100000" "${run[@]}" --data data.tsv --epochs 7 --resume -o stopped.plan
grep -v w7 data.tsv >less.tsv
says "other training data" "${run[@]}" --data less.tsv --epochs 100000 --resume -o stopped.plan
head -c 3000 stopped.plan.checkpoint >cut.plan.checkpoint
says "without --resume" "${train[@]}" --resume -o cut.plan
says "cut short: --resume would go on" "${run[@]}" --data data.tsv --epochs 1 -o stopped.plan
says "training starts anew" "${run[@]}" --data data.tsv --epochs 1 --resume -o new.plan
# Only a checkpoint is ever taken for one: another file in its place is neither read nor removed.
cp data.tsv "x.plan.checkpoint"
says "x.plan" "$weft" train m.model --data x.plan.checkpoint --set epochs=1 --threads 1 --checkpoint 0 \
  --set x.width=16 -o x.plan
cmp data.tsv x.plan.checkpoint || fail "the data is gone"
refuses "checkpoint x.plan.checkpoint is the file that --data names" "$weft" train m.model \
  --data x.plan.checkpoint --epochs 1 -o x.plan
echo "remember the milk" >x.plan.checkpoint
refuses "is not a checkpoint: it would be lost" "${run[@]}" --data data.tsv --epochs 1 -o x.plan
refuses "is not a checkpoint: it would be lost" "${run[@]}" --data data.tsv --epochs 1 --resume \
  --checkpoint 0 -o x.plan
grep -q milk x.plan.checkpoint || fail "a note is gone"
rm x.plan.checkpoint
mkdir x.plan.checkpoint
refuses "checkpoint x.plan.checkpoint is a folder" "${run[@]}" --data data.tsv --epochs 1 -o x.plan
rmdir x.plan.checkpoint
refuses "--report x.plan.checkpoint is the file that -o with .checkpoint" "${run[@]}" \
  --data data.tsv --epochs 1 --report x.plan.checkpoint -o x.plan
# Without checkpoints, one of an earlier run is left alone.
cp cut.plan.checkpoint x.plan.checkpoint
"${run[@]}" --data data.tsv --epochs 1 --checkpoint 0 -o x.plan
[ -e x.plan.checkpoint ] || fail "a checkpoint is gone that this run did not go on from"
echo "killed and resumed, a run ends as if it had not been"
