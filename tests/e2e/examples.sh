#!/usr/bin/env bash
# The examples in C and C++ answer as the program does; threads, children of fork() and a stream that
# is learnt give what one session gives.
#   bash tests/e2e/examples.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"
examples=$(dirname "$weft")/examples

# Texts of two kinds. Some words are of both, so that probabilities differ.
awk 'BEGIN {
  print "label\ttext"
  for (i = 0; i < 200; ++i)
    print (i % 2 ? "good\ta fine film w" i % 7 " v" i % 5 : "bad\ta dull film w" i % 9 " v" i % 4)
}' >data.tsv
tail -n +2 data.tsv | cut -f 2 >lines.txt
printf '\n%s\n' "nothing of this is known" >>lines.txt
"$weft" new bow >bow.model
"$weft" train bow.model --data data.tsv --epochs 3 --threads 1 --quiet -o bow.plan
"$weft" predict bow.plan lines.txt 2>/dev/null | cut -f 1 >labels
[ "$(sort -u labels | tr '\n' ' ')" = "bad good " ] || fail "the plan gives one label only"

"$examples/predict" bow.plan <lines.txt >out 2>message || fail "predict: status $?"
[ ! -s message ] || fail "the library itself says: $(cat message)"
cut -f 1 out | cmp -s - labels || fail "C labels otherwise than the program"
"$weft" predict bow.plan lines.txt 2>/dev/null | awk -F '\t' '{ printf "%s\t%.4f\n", $1, $2 }' >scored
awk -F '\t' 'NR == FNR { p[FNR] = $2; next } { d = $2 - p[FNR]; if (d > 2e-4 || d < -2e-4) exit 1 }' \
  scored out || fail "C gives other probabilities than the program"
refuses 'gone.plan: cannot be opened' "$examples/predict" gone.plan
misused 'usage: predict' "$examples/predict"

for threads in 1 3; do
  "$examples/server" bow.plan "$threads" <lines.txt >out || fail "server: status $?"
  cmp -s out labels || fail "$threads threads label otherwise than one"
done
refuses 'gone.plan: cannot be opened' "$examples/server" gone.plan 2
misused 'usage: server' "$examples/server" bow.plan 0

# clang's OpenMP does not free, in a child, what it had before fork(): a leak to a leak sanitizer.
for children in 1 3; do
  ASAN_OPTIONS=detect_leaks=0 "$examples/prefork" bow.plan "$children" lines.txt >out || fail "prefork: status $?"
  sort -n out | cut -f 2 | cmp -s - labels || fail "$children children label otherwise than one"
done
for _ in $(seq 200); do cat lines.txt; done >many_lines.txt  # more than a pipe takes at once
for _ in $(seq 200); do cat labels; done >many_labels
ASAN_OPTIONS=detect_leaks=0 "$examples/prefork" bow.plan 3 many_lines.txt | sort -n | cut -f 2 |
  cmp -s - many_labels || fail "children tear each other's lines"
refuses 'gone.txt' "$examples/prefork" bow.plan 2 gone.txt
refuses 'gone.plan: cannot be opened' "$examples/prefork" gone.plan 2 lines.txt
misused 'usage: prefork' "$examples/prefork" bow.plan 0 lines.txt

# A stream in which every label is the other one: wrong at first, right once that is learnt, and the
# plan that is saved knows it.
tail -n +2 data.tsv | sed 's/^good/X/; s/^bad/good/; s/^X/bad/' >stream.tsv
for _ in 1 2 3; do cat stream.tsv; done >long.tsv
"$examples/stream" bow.plan learnt.plan <long.tsv >out || fail "stream: status $?"
right=$(cut -d ' ' -f 1 out)
[ "$right" -gt 400 ] && [ "$right" -lt 600 ] || fail "of a stream turned round: $(cat out)"
accuracy() {
  "$weft" eval "$1" --data stream.tsv --header no --json | sed -n 's/^  "accuracy": \([0-9.]*\),*$/\1/p'
}
before=$(accuracy bow.plan)
after=$(accuracy learnt.plan)
[ "$before $after" = "0.0 1.0" ] || fail "the plan was right on $before of the stream, then on $after"
echo "excellent	a film" >odd.tsv
"$examples/stream" bow.plan same.plan <odd.tsv >out 2>message || fail "stream: status $?"
grep "no label .excellent." message >/dev/null || fail "stream said: $(cat message)"

"$examples/fit_c" >out 2>message || fail "fit_c: $(cat message)"
grep -x "the story is superb: good" out >/dev/null || fail "fit_c said: $(cat out)"
grep -x "right on 100 % of what it has learnt" out >/dev/null || fail "fit_c said: $(cat out)"
[ "$(grep -c '^epoch' out)" -lt 40 ] || fail "fit_c was not stopped by its callback: $(cat out)"
[ "$(sed -n 's/^  +\([0-9.]*\)  superb$/\1/p' out)" ] || fail "superb adds nothing: $(cat out)"
echo "the examples answer as the program does"
