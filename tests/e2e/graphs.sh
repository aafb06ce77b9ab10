#!/usr/bin/env bash
# Graphs by themselves: `weft run` on given and filled numbers, `weft test` on texts and numbers.
#   bash tests/e2e/graphs.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

cat >pool.ir <<'END'
program @pool {
  symbol B <= 4
  symbol T <= 64
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  param %table : f32[3, 2]
  %x = embedding(%ids, %table)
  %y = mean_pool(%x, %offsets)
  return %y
}
END
echo '{"ids": [2, 0, 1], "offsets": [0, 1, 3], "table": [[1, 2], [3, 4], [0.5, -1]]}' >in.json
printf '%%y : f32[2, 2]\n  [0.5, -1]\n  [2, 3]\n' >expected
silent "$weft" run pool.ir --inputs in.json
cmp out expected || fail "run says: $(cat out)"
silent "$weft" run pool.ir --inputs in.json --interpret
cmp out expected || fail "run --interpret says: $(cat out)"
"$weft" run - --inputs in.json <pool.ir | cmp - expected || fail "standard input gives something else"

# Results in JSON are inputs for another run; all numbers are there.
"$weft" run pool.ir --random 7 --size T=40 --size B=1 --json >seven
"$weft" run pool.ir --random 7 --size T=40 --size B=1 --json | cmp - seven || fail "a seed is no seed"
python3 -c 'import json; r = json.load(open("seven"))["results"]["y"]; assert len(r) == 1 and len(r[0]) == 2' ||
  fail "--json is no JSON: $(cat seven)"
sed 's/return %y/return %x, %y/' pool.ir >long.ir
"$weft" run long.ir --random 7 --size T=40 >out
grep -q "… 30 more rows" out || fail "a long tensor is not shortened: $(cat out)"

# What is wrong is said once, with the remedy.
refuses "is not given %ids : i32\[T\], %offsets : i32\[B\+1 -> T\], %table" "$weft" run pool.ir
grep -q -- "--random" message || fail "no remedy: $(cat message)"
echo '{"ids": [7], "offsets": [0, 1]}' >far.json
refuses "an id is 7, but the table has 3 rows" "$weft" run pool.ir --random 1 --inputs far.json
refuses "ids\[0\] is 7, but must be" "$weft" run pool.ir --random 1 --inputs far.json --interpret
echo '{"ids": [NaN]}' >nan.json
refuses "nan.json: this is no JSON" "$weft" run pool.ir --random 1 --inputs nan.json
refuses "nosuch.json: No such file" "$weft" run pool.ir --random 1 --inputs nosuch.json
refuses "has no symbol .X." "$weft" run pool.ir --random 1 --size X=5
misused "not a symbol and its size" "$weft" run pool.ir --random 1 --size T
misused "not a symbol and its size" "$weft" run pool.ir --random 1 --size T=-1
misused "gives T twice" "$weft" run pool.ir --random 1 --size T=1 --size T=2
refuses "T is 65 by its size, but must be from 0 to its capacity, 64" \
  "$weft" run pool.ir --random 1 --size T=65
printf 'program @p {\n  nonsense\n}\n' >broken.ir
refuses "broken.ir:2:3: error" "$weft" run broken.ir --random 1
cat pool.ir <(sed s/@pool/@other/ pool.ir) >two.ir
refuses "holds 2 programs: pool, other" "$weft" run two.ir --random 1
silent "$weft" run two.ir --random 1 --program other
refuses "no program @othr" "$weft" run two.ir --random 1 --program othr

# A test is written by hand, completed by --update, and then holds.
status_of() {
  local status=0
  "$@" >out 2>message || status=$?
  echo $status
}
mkdir -p tests/deep
cat >graph <<'END'
program @p {
  symbol N <= 8
  input %x : f32[N, 2]
  param %w : f32[2, 3]
  %a = matmul(%x, %w)
  %b = matmul(%x, %w)
  %sum = add(%a, %b)
  return %sum
}
END
{ echo '// passes: cse,dce'; cat graph; } >tests/a.ir
[ "$(status_of "$weft" test tests)" = 1 ] || fail "a test without an expectation passes"
grep -q "update" out || fail "no remedy: $(cat out)"
[ "$(tail -n 1 out)" = "0 passed, 1 failed" ] || fail "counts: $(cat out)"
silent "$weft" test tests --update
"$weft" test tests >out || fail "what --update wrote fails: $(cat out)"
"$weft" opt graph --passes=cse,dce >printed
diff <(sed '1,/^\/\/ ---- expected/d' tests/a.ir) printed || fail "the expected text is not that of weft opt"
cp tests/a.ir kept

# A difference is shown by lines, without colour, and the file stays.
sed -i 's/add(%a, %a)/add(%a, %b)/' tests/a.ir
cp tests/a.ir changed
[ "$(status_of "$weft" test tests/a.ir)" = 1 ] || fail "a wrong text passes"
grep -qx -- '-  %sum = add(%a, %b) : f32\[N, 3\]' out || fail "no line is missed: $(cat out)"
grep -qx -- '+  %sum = add(%a, %a) : f32\[N, 3\]' out || fail "no line is found: $(cat out)"
if grep -q $'\x1B' out; then fail "colour in a file"; fi
cmp tests/a.ir changed || fail "a test without --update writes"
silent "$weft" test tests --update
cmp tests/a.ir kept || fail "--update does not restore the text"

# Numbers: given, filled in, of the reference; before and after the passes.
cat kept - >tests/deep/b.ir <<'END'
// ---- values
{"inputs": {"x": [[1, 2]], "w": [[1, 0, 1], [0, 1, 1]]}, "results": {"sum": [[2, 4, 6]]}}
// ---- values
{"random": 3, "sizes": {"N": 7}}
// ---- values
{"random": 3, "results": {}}
END
[ "$(status_of "$weft" test tests)" = 1 ] || fail "empty results pass: $(cat out)"
[ "$(tail -n 1 out)" = "4 passed, 1 failed" ] || fail "counts: $(cat out)"
silent "$weft" test tests --update
cp tests/deep/b.ir b.kept
silent "$weft" test tests
[ "$(cat out)" = "5 passed, 0 failed" ] || fail "after --update: $(cat out)"
silent "$weft" test tests --update
cmp tests/deep/b.ir b.kept || fail "--update rewrites what passes"
sed 's/\[\[2, 4, 6\]\]/[[2, 4, 7]]/' b.kept >wrong.ir
[ "$(status_of "$weft" test wrong.ir)" = 1 ] || fail "wrong numbers pass"
[ "$(grep -c '%sum\[0, 2\] is 6, expected 7; 1 of 3 numbers differ' out)" = 4 ] ||
  fail "not said of both programs by both engines: $(cat out)"
sed -i 's/"sum": \[\[2, 4, 7\]\]}/&, "tolerance": 0.2/' wrong.ir
silent "$weft" test wrong.ir
silent "$weft" test wrong.ir b.kept --filter wrong.ir:
[ "$(cat out)" = "3 passed, 0 failed" ] || fail "--filter: $(cat out)"

# Expected errors, with their places in the file.
cat >tests/e.ir <<'END'
// expect-error: 6:8 there is no op `nosuch`
// expect-error: 7:3 %y is written as
program @p {
  symbol N <= 8
  input %x : f32[N, 2]
  %a = nosuch(%x)
  %y = relu(%x) : f32[N, 3]
  return %y
}
END
silent "$weft" test tests/e.ir
sed -i 's/6:8/6:9/' tests/e.ir
[ "$(status_of "$weft" test tests/e.ir)" = 1 ] || fail "an error elsewhere passes"
grep -q "no error at 6:9 holds" out || fail "place: $(cat out)"
grep -q "not expected: 6:8: there is no op" out || fail "found: $(cat out)"

# JUnit's XML is valid, whatever a failure holds.
printf '// passes: cse\nprogram @p {\n  input %%x : f32[\001&<"]\n}\n' >'tests/<odd>&".ir'
[ "$(status_of "$weft" test tests --junit junit.xml)" = 1 ] || fail "an odd file passes"
python3 - <<'END' || fail "the XML is not what the last line says: $(cat junit.xml out)"
import xml.etree.ElementTree as tree
suites = tree.parse("junit.xml").getroot()
cases = suites.findall("testsuite/testcase")
failed = [case for case in cases if case.find("failure") is not None]
assert suites.get("tests") == str(len(cases)) and suites.get("failures") == str(len(failed)) == "2"
assert open("out").read().endswith(f"{len(cases) - len(failed)} passed, {len(failed)} failed\n")
assert any(case.get("classname") == 'tests/<odd>&".ir' for case in failed)
END

# Misuse, and files that are no tests.
misused "there is no such file" "$weft" test nosuch.ir
mkdir empty
misused "there is no file \*.ir in empty" "$weft" test empty
misused "FILE is required" "$weft" test
misused "no test's name holds .nosuch." "$weft" test tests --filter nosuch
refuses "would be lost" "$weft" test kept --junit kept
[ "$(status_of "$weft" test graph)" = 1 ] || fail "a file without a heading passes"
grep -q "graph: this is no test" out || fail "no test: $(cat out)"
for json in '{"radnom": 1}' '{"random": -1}' '[1]' '{"random": 1' '{"random": 1, "inputs": {"z": 1}}' \
  '{"random": 1, "results": {"z": 1}}' '{"random": 1, "sizes": {"M": 1}}' '{}' \
  '{"random": 1, "results": {"sum": [1]}}' '{"random": 1, "tolerance": "x"}'; do
  { cat graph; echo '// ---- values'; echo "$json"; } >bad.ir
  [ "$(status_of "$weft" test bad.ir)" = 1 ] || fail "passes: $json"
  [ "$(tail -n 1 out)" = "0 passed, 1 failed" ] || fail "$json gives: $(cat out message)"
done

# `weft check`: passes by the interpreter, kernels by their references on every instruction set.
"$weft" check pool.ir >out || fail "check finds: $(cat out)"
grep -q "^program @pool$" out && grep -q "^passes   each rewrite by itself: " out &&
  grep -qE "^kernels  (sse4|avx2|avx512): [0-9]+ nodes compared" out || fail "check says: $(cat out)"
grep -q "^passes   train: not for this graph: autodiff: .* no result named .loss" out ||
  fail "check says: $(cat out)"
"$weft" check pool.ir --passes=cse,dce | head -2 | tail -1 >out
grep -q "^passes   cse,dce: 0 changed" out || fail "check --passes says: $(cat out)"
WEFT_ISA=sse4 "$weft" check pool.ir | grep -c "^kernels" >out
[ "$(cat out)" = 1 ] || fail "WEFT_ISA does not choose the instruction set"
refuses "there is no pass or pipeline .csee." "$weft" check pool.ir --passes=csee
refuses "no result named .loss" "$weft" check pool.ir --passes=autodiff
echo 'program @p { return %y }' >bad.ir
refuses "bad.ir:1:[0-9]+: error" "$weft" check bad.ir
film_reviews 60 20 >reviews.tsv
printf 'model m\ntext max_tokens=20\nx = embedding(text, width=6)\na = x | conv1d(channels=5, kernel=3) | relu | max_pool\nlogits = a | linear(labels)\noutput softmax(logits)\ntrain adam(rate=0.01) batch=8 epochs=1\n' >m.model
"$weft" check m.model --compiled >out || fail "check --compiled finds: $(cat out)"
grep -q "^passes   train: [0-9]* changed" out || fail "check --compiled says: $(cat out)"
"$weft" train m.model --data reviews.tsv -o m.plan >/dev/null 2>&1
"$weft" check m.plan >out || fail "check of a plan finds: $(cat out)"
grep -q "^the programs of the plan$" out && grep -q "^its description, compiled anew$" out ||
  fail "check of a plan says: $(cat out)"
"$weft" check m.plan --seconds 0 >out || fail "check without time finds: $(cat out)"
grep -q "note: for time, these passes were not compared: " out &&
  grep -q "note: @train: for time, [0-9]* nodes were not compared" out || fail "no note: $(cat out)"

# A test of `weft test` is checked as it is written; a file is IR text by its name first.
"$weft" check tests/deep/b.ir --passes=cse >out || fail "check of a test finds: $(cat out)"
[ "$(grep -c '^program @' out)" = 1 ] || fail "check of a test says: $(cat out)"
printf '// passes: cse\n// ---- expected\n' >none.ir
refuses "none.ir: there is no program" "$weft" check none.ir
printf 'program @p {\n  \0\n}\n' >zero.ir
refuses "zero.ir:2:3: error" "$weft" check zero.ir
mkfifo pipe.ir
refuses "pipe.ir: is a pipe or device" timeout 20 "$weft" check pipe.ir

# Flags that would say nothing are refused.
for flag in --passes=cse --seconds=1 --threads=2; do
  misused "${flag%=*} is about what a description is compiled to" "$weft" check m.model "$flag"
done
for flag in --labels=3 --ir --compiled --set=a=1 --pretrained=f; do
  misused "${flag%%=*} is for a description, and m.plan is none" "$weft" check m.plan "$flag"
  misused "${flag%%=*} is for a description, and pool.ir is none" "$weft" check pool.ir "$flag"
done
misused "--ir and --compiled exclude each other" "$weft" check m.model --ir --compiled

# `weft reduce`: a graph that fails becomes the few nodes that do.
cat >big.ir <<'END'
program @big {
  symbol B <= 16
  symbol T <= 256
  input %ids : i32[T]
  input %offsets : i32[B+1 -> T]
  input %g : f32[B, 24]
  param %table : f32[50, 24]
  %x = embedding(%ids, %table) at 2:3
  %t = tanh(%x)
  %p, %at = max_pool(%t, %offsets)
  %r = relu_grad(%p, %g) at 4:1
  %s = sigmoid(%r)
  %m = mul(%s, %p)
  %loss = reduce_mean(%m) axes=[0, 1]
  return %loss, %m
}
END
reduce=("$weft" reduce big.ir --check "'$weft' opt {} --passes=autodiff" --says "relu_grad has no gradient")
"${reduce[@]}" -o small.ir 2>message || fail "reduce: $(cat message)"
grep -qE "^2 nodes of 7 are left, after [0-9]+ tries$" message || fail "reduce says: $(cat message)"
grep -q "relu_grad" small.ir && grep -q "reduce_mean" small.ir || fail "reduced to: $(cat small.ir)"
"$weft" opt small.ir --passes=cse >/dev/null || fail "the reduced graph is invalid: $(cat small.ir)"
"${reduce[@]}" 2>message | cmp - small.ir || fail "a second run gives another graph"
"$weft" reduce tests/deep/b.ir --check false 2>message | grep -qx "program @p {" ||
  fail "reduce of a test: $(cat message)"
refuses "big.ir does not fail: the command ends by status 0$" \
  "$weft" reduce big.ir --check "true" --says nothing -o x.ir
refuses 'the command fails, but does not say `nothing`' \
  "$weft" reduce big.ir --check "false" --says nothing -o x.ir
refuses "the shell cannot run .*no_such_command_here" \
  "$weft" reduce big.ir --check "no_such_command_here" -o x.ir
refuses "big.ir does not fail: the command takes longer than --timeout 0.1 s" \
  "$weft" reduce big.ir --check "sleep 5; false" --timeout 0.1 -o x.ir
refuses "cannot make a folder for candidates: No such file.*" \
  env TMPDIR=/nonex "$weft" reduce big.ir --check false -o x.ir
refuses "weft-reduce.* is gone, which held the graph" \
  "$weft" reduce big.ir --check 'rm -r "$(dirname {})"; false' -o x.ir

# Much output is not kept; a text in its midst is found, also where it is read in two parts.
mkdir temporary
(
  export TMPDIR=$PWD/temporary
  ulimit -f 100
  "$weft" reduce pool.ir --says "needle in hay" -o one.ir --check \
    'yes | head -c 9000000; printf "needle "; sleep 0.01; printf "in hay"; yes | head -c 9000000; false'
) 2>message || fail "a command that says much: $(cat message)"
grep -qE "^0 nodes of 2 are left" message || fail "reduce says: $(cat message)"

# Nothing outlives a try: neither what a command started, nor, after an interruption, the folder.
leaves='true {}; sleep 1234.5 & echo $! >>started'
"$weft" reduce pool.ir --check "$leaves; false" -o one.ir 2>message || fail "reduce: $(cat message)"
for signal in INT TERM HUP; do
  bash -c "trap - INT; TMPDIR=temporary exec '$weft' reduce big.ir -o x.ir --check '$leaves; wait'" 2>message &
  reducing=$! lines=$(wc -l <started)
  for _ in {1..100}; do [ "$(wc -l <started)" -gt "$lines" ] && break || sleep 0.1; done
  kill -$signal $reducing
  status=0
  wait $reducing || status=$?
  [ $status = $((128 + $(kill -l $signal))) ] || fail "status $status after $signal: $(cat message)"
  grep -q "interrupted before the first check ended" message || fail "$signal: $(cat message)"
done
[ -z "$(ls temporary)" ] || fail "left behind: $(ls temporary)"
for process in $(cat started); do
  for _ in {1..50}; do [ -d "/proc/$process" ] && sleep 0.02 || break; done
  if grep -q 1234 "/proc/$process/cmdline" 2>/dev/null; then fail "process $process is left"; fi
done
misused "--check is required" "$weft" reduce big.ir -o x.ir
refuses "has a memory plan" bash -c "'$weft' opt pool.ir --passes=plan-memory >planned.ir &&
  '$weft' reduce planned.ir --check false -o x.ir"
[ ! -e x.ir ] || fail "something was written after an error"
echo "graphs run on numbers that are given or filled in; tests of graphs hold, fail and are rewritten"
