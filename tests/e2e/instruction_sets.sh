#!/usr/bin/env bash
# WEFT_ISA limits kernels to an instruction set: training and answers agree by any of them up to
# rounding, each gives the same bytes twice, and other names are refused.
#   bash tests/e2e/instruction_sets.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

film_reviews 200 30 >data.tsv
cut -f 2 data.tsv >lines
"$weft" new textcnn >textcnn.model
run() {
  WEFT_ISA=$1 "$weft" train textcnn.model --data data.tsv --set width=16 --epochs 3 --rate 0.01 \
    --threads 1 --quiet -o "$2.plan"
  WEFT_ISA=$1 "$weft" predict "$2.plan" lines --threads 1 >"$2.answers"
}
run sse4 sse4
run sse4 again
cmp sse4.plan again.plan || fail "by sse4 twice, two plans"
cmp sse4.answers again.answers || fail "by sse4 twice, two answers"
for isa in avx2 avx512 ""; do
  run "$isa" other
  paste sse4.answers other.answers | awk -F '\t' -v isa="$isa" '
    $1 != $3 || ($2 - $4) ^ 2 > 1e-4 { print "by " isa ", line " NR ": " $0; bad = 1 }
    END { exit bad || NR != 201 }' || fail "the instruction sets disagree"
done
WEFT_ISA=sse4 "$weft" --version >out
grep -qE '^instructions  (SSE4|SSSE3|SSE2)$' out || fail "--version under sse4: $(cat out)"

# A run that goes on by another instruction set says so; by its own it ends with the same bytes.
long=("$weft" train textcnn.model --data data.tsv --set width=16 --epochs 200 --threads 1 --quiet)
WEFT_ISA=sse4 "${long[@]}" --checkpoint 0 -o whole.plan
WEFT_ISA=sse4 "${long[@]}" --checkpoint 0.01 -o cut.plan &
victim=$!
while [ ! -e cut.plan.checkpoint ] && kill -0 "$victim" 2>/dev/null; do sleep 0.01; done
kill -9 "$victim" 2>/dev/null || true
wait "$victim" 2>/dev/null || true
[ -e cut.plan.checkpoint ] || fail "the run ended before it could be cut short"
cp cut.plan.checkpoint other.plan.checkpoint
WEFT_ISA=sse4 "${long[@]}" --resume -o cut.plan 2>message
[ ! -s message ] || fail "by the same instruction set it said: $(cat message)"
cmp whole.plan cut.plan || fail "cut short and resumed by sse4, the plan is another"
if "$weft" --version | grep -qE '^instructions  AVX'; then
  WEFT_ISA=avx2 "${long[@]}" --resume -o other.plan 2>message
  grep -qE 'that run used sse4, this one uses avx2: .* last bits; with WEFT_ISA=sse4 it would not' message ||
    fail "by another instruction set it said: $(cat message)"
fi

export WEFT_ISA=mmx
refuses 'WEFT_ISA=mmx names no instruction set' "$weft" predict sse4.plan lines
echo "the instruction sets agree"
