#!/usr/bin/env bash
# Messages that nobody can read: a full disk, a closed stream, a reader that has gone away. The work
# is done all the same; only where standard output itself is lost does a command fail.
#   bash tests/e2e/messages.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 200; ++i) print (i % 2 ? "good\tfine film" : "bad\tdull film") " w" i % 9
  for (i = 0; i < 20; ++i) print (i % 2 ? "bad\tfine film" : "good\tdull film") " w" i % 9
}' >data.tsv
cut -f 2 data.tsv >lines
"$weft" new bow >bow.model
train=("$weft" train bow.model --data data.tsv --valid-fraction 0.2 --epochs 3 --threads 1)
"${train[@]}" -o expected.plan 2>message
[ -s message ] || fail "training says nothing"
"$weft" predict expected.plan lines >expected.answers

"${train[@]}" -o full.plan 2>/dev/full || fail "status $? with a full disk for messages"
"${train[@]}" -o closed.plan 2>&- || fail "status $? with standard error closed"
"${train[@]}" -o all.plan <&- >&- 2>&- || fail "status $? with all streams closed"
mkfifo gone
head -n 1 gone >/dev/null &
"${train[@]}" -o gone.plan 2>gone || fail "status $? where the reader has gone away"
wait
for plan in full closed all gone; do
  cmp "$plan.plan" expected.plan || fail "$plan.plan differs from one whose messages were read"
done

# Every command that reports as it goes.
"$weft" crossval bow.model --data data.tsv --folds 2 --threads 1 --set train.epochs=2 >scores \
  2>/dev/full || fail "status $? of crossval"
"$weft" tune bow.model --data data.tsv --valid-fraction 0.2 --trials 2 --threads 1 \
  --set train.epochs=2 -o tuned.plan >/dev/null 2>/dev/full || fail "status $? of tune"
"$weft" eval expected.plan --data data.tsv >scores 2>&- || fail "status $? of eval"
"$weft" calibrate expected.plan --data data.tsv -o calibrated.plan 2>/dev/full ||
  fail "status $? of calibrate"
for command in "inspect expected.plan" "predict expected.plan lines" "new bow" "layers" "--help"; do
  # shellcheck disable=SC2086  # words of a command
  "$weft" $command >answers 2>&- || fail "status $? of $command"
  [ -s answers ] || fail "$command printed nothing"
done

# An error is still an error.
status=0
"$weft" predict missing.plan lines 2>/dev/full || status=$?
[ "$status" -eq 1 ] || fail "status $status, not 1, of a missing plan whose message is lost"
status=0
"$weft" train bow.model --epohcs 3 2>&- || status=$?
[ "$status" -eq 2 ] || fail "status $status, not 2, of a flag that does not exist"

# Answers that cannot be written are one; a reader who has seen enough ends the command, as it ends
# others.
mkdir tests
cat >graph.ir <<'END'
program @p {
  symbol N <= 8
  input %x : f32[N, 2]
  param %w : f32[2, 3]
  %y = matmul(%x, %w)
  return %y
}
END
{ echo '// passes: cse' && cat graph.ir; } >tests/cse.ir
"$weft" test tests --update >answers
printing=("predict expected.plan lines" "new bow" "inspect expected.plan" "check bow.model"
  "check graph.ir" "eval expected.plan --data data.tsv" "explain expected.plan film"
  "report expected.plan expected.plan --data data.tsv" "opt graph.ir --passes=cse"
  "run graph.ir --random 1" "test tests" "reduce graph.ir --check false" "passes" "ops" "layers"
  "profile expected.plan --data data.tsv --seconds 0.01" "completion zsh" "man" "version" "--help"
  "bench expected.plan --data data.tsv --seconds 0.01" "calibrate expected.plan --data data.tsv -o x")
for command in "${printing[@]}"; do
  for out in /dev/full closed; do
    status=0
    # shellcheck disable=SC2086
    if [ "$out" = closed ]; then "$weft" $command >&- 2>message || status=$?
    else "$weft" $command >"$out" 2>message || status=$?; fi
    [ "$status" -eq 1 ] || fail "status $status of $command >$out"
    grep -q "cannot write to standard output" message || fail "$command >$out: $(cat message)"
  done
done
# Files are whole all the same.
cmp x calibrated.plan || fail "calibrated without standard output, the plan is another"
for command in "test tests --junit" "inspect expected.plan --html" "reduce graph.ir --check false -o" \
  "export expected.plan --onnx" "compile expected.plan --fold -o"; do
  # shellcheck disable=SC2086
  "$weft" $command expected.file >answers 2>message || fail "status $? of $command"
  # shellcheck disable=SC2086
  "$weft" $command lost.file >/dev/full 2>&- || [ -s answers ] || fail "status $? of $command"
  cmp expected.file lost.file || fail "$command: another file where nobody can read the output"
  rm expected.file lost.file
done
for i in 1 2 3 4 5 6 7 8 9 10; do cat lines lines lines lines lines lines lines lines; done >many
status=0
"$weft" predict expected.plan many 2>message | head -n 1 >first || status=${PIPESTATUS[0]}
[ "$status" -eq 0 ] || [ "$status" -eq 141 ] || fail "status $status with a reader gone"
[ ! -s message ] || fail "with a reader gone: $(cat message)"
cmp first <(head -n 1 expected.answers) || fail "the first answer is $(cat first)"
echo "no message is worth a plan"
