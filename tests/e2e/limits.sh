#!/usr/bin/env bash
# A machine that gives less than was asked for, and files that change under a command: one message,
# no crash, no command that waits for ever.
#   bash tests/e2e/limits.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 3000; ++i) print (i % 2 ? "good\tfine" : "bad\tdull") " w" i " x" i % 97
}' >data.tsv
"$weft" new textcnn >textcnn.model
"$weft" train textcnn.model --data data.tsv --epochs 1 --threads 1 --quiet -o a.plan 2>message

# while_predicting COMMAND...: runs it after the first answer of live.plan; the other answers follow.
# Their number is left in `answers`, the status in $status.
mkfifo lines
while_predicting() {
  cp a.plan live.plan
  status=0
  timeout 60 "$weft" predict live.plan --threads 1 <lines >answers 2>message &
  exec 3>lines
  printf 'a fine w1\n' >&3
  sleep 1
  "$@"
  cut -f 2 data.tsv | cat >&3 2>/dev/null || true  # the reader may have gone away
  exec 3>&-
  wait $! || status=$?
}
(echo "a fine w1" && cut -f 2 data.tsv) | "$weft" predict a.plan --threads 1 >right

# A plan that is cut short while a command uses it (`cp` over it begins with that).
while_predicting truncate -s 100 live.plan
[ "$status" -eq 1 ] || fail "status $status where the plan was cut short"
grep -qE "cut short|live.plan: was written into" message || fail "said: $(cat message)"
# One that is written into, and one that another takes the place of.
"$weft" train textcnn.model --data data.tsv --epochs 1 --threads 1 --seed 9 --quiet -o b.plan 2>message
while_predicting cp b.plan live.plan
[ "$status" -eq 1 ] || fail "status $status where the plan was written into"
grep -q "live.plan: was written into while it was used" message || fail "said: $(cat message)"
while_predicting mv b.plan live.plan
[ "$status" -eq 0 ] || fail "status $status where another plan took the place: $(cat message)"
cmp -s answers right || fail "another plan took the place, and answers changed"

# What is no plan is not read as a whole.
truncate -s 100G sparse.plan
refuses "sparse.plan: is not a plan" timeout 20 "$weft" inspect sparse.plan
head -c 4096 a.plan >longer.plan
truncate -s 100G longer.plan
refuses "longer.plan: " timeout 20 "$weft" inspect longer.plan
refuses "is a pipe or device" timeout 20 "$weft" inspect /dev/zero

# A file without an end is refused, whether it is read by lines or as a whole.
refuses "zero:1:1: error: this line is longer than 256 MiB" timeout 100 "$weft" predict a.plan /dev/zero
refuses "zero:1:1: error: this line is longer than 256 MiB" timeout 100 "$weft" train textcnn.model \
  --data /dev/zero --format tsv -o b.plan
for command in "check /dev/zero" "opt --passes=cse /dev/zero" "run /dev/zero" "test /dev/zero" \
  "train /dev/zero --data data.tsv -o b.plan"; do
  # shellcheck disable=SC2086  # words of a command
  refuses "/dev/zero: is longer than 256 MiB" timeout 100 "$weft" $command
done

# Nobody reads from the pipe.
mkfifo pipe
refuses "pipe: is a pipe that nobody reads" timeout 60 "$weft" train textcnn.model --data data.tsv \
  --epochs 1 --threads 1 -o pipe
refuses "pipe: is a pipe that nobody reads" timeout 20 "$weft" compile a.plan --predict-only -o pipe

# Less and less memory: an answer or a message, never a crash. A sanitizer takes terabytes.
if ! nm -C "$weft" 2>/dev/null | grep -c __asan_init >/dev/null; then
  for kilobytes in 95000 105000 115000 120000 122000 124000 125000 126000 127000 128000 130000; do
    status=0
    (ulimit -v "$kilobytes" && "$weft" predict a.plan <<<"a fine w1") >answers 2>message || status=$?
    [ "$status" -le 1 ] || [ "$status" -eq 127 ] || fail "status $status with $kilobytes KB"
    [ "$status" -eq 0 ] || [ -s message ] || fail "no word of $kilobytes KB"
  done
  # Products of matrices, for which oneDNN makes code as late as in the first step, by any thread.
  train_within() {  # KILOBYTES THREADS
    status=0
    (ulimit -v "$1" && "$weft" train textcnn.model --data data.tsv --epochs 1 --threads "$2" \
      --quiet -o b.plan) >answers 2>message || status=$?
    [ "$status" -le 1 ] || [ "$status" -eq 127 ] || fail "status $status with $1 KB, $2 threads"
  }
  for kilobytes in 96000 97000 98000 100000 102000 103000 106000 110000 114000; do
    train_within "$kilobytes" 1
  done
  for kilobytes in 140000 150000 160000 165000 170000 180000; do train_within "$kilobytes" 4; done
fi
echo "less than was asked for is said"
