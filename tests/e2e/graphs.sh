#!/usr/bin/env bash
# Graphs by themselves: `weft run` on given and filled numbers.
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
echo "graphs run on numbers that are given or filled in"
