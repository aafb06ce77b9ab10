#!/usr/bin/env bash
# The forms of a plan's projected table by the program: stored in the plan, of integers, within a
# budget or not at all; what each changes is said, and what was not applied too.
#   bash tests/e2e/tables.sh build/weft
source "$(dirname "$0")/../e2e_setup.sh"

film_reviews 300 30 >data.tsv
cut -f 2 data.tsv >lines
"$weft" new textcnn >textcnn.model
"$weft" train textcnn.model --data data.tsv --set width=16 --epochs 3 --rate 0.01 --threads 1 \
  --quiet -o whole.plan
"$weft" predict whole.plan lines --threads 1 >whole.answers
labels() { cut -f 1 "$1"; }

# Stored, the table is the one made at load: the same answers, no program that makes it, no training.
"$weft" compile whole.plan --fold --data data.tsv -o folded.plan 2>change
grep -qE "accuracy ([0-9.]+) -> \1 on 300 texts; 300 labels the same; logits within 0.0e\+00" change ||
  fail "--fold said: $(cat change)"
"$weft" predict folded.plan lines --threads 1 | cmp - whole.answers || fail "--fold answers otherwise"
"$weft" inspect folded.plan --program all >inspection
grep -q "tap_max_pool" inspection || fail "--fold has no table: $(cat inspection)"
if grep -qE "^program @(load|train)|computed=\"load\"" inspection; then
  fail "--fold leaves something to make: $(cat inspection)"
fi

# The form to be shared by many processes is both.
"$weft" compile whole.plan --fold --table int8 -o both.plan
"$weft" compile whole.plan --deploy -o deployed.plan
cmp both.plan deployed.plan || fail "--deploy is not --fold --table int8"

# Tables of integers: smaller, close, and the cost is said.
for table in int16 int8; do
  "$weft" compile whole.plan --table $table --data data.tsv -o $table.plan 2>change
  grep -qE "accuracy [01]\.[0-9]+ -> [01]\.[0-9]+ on 300 texts; [0-9]+ labels the same" change ||
    fail "--table $table said: $(cat change)"
  off=$(sed -E 's/.*logits within ([0-9.e+-]+).*/\1/' change)
  bound=$([ $table = int16 ] && echo 1e-3 || echo 2e-1)
  awk -v off="$off" -v bound=$bound 'BEGIN { exit !(off > 0 && off < bound) }' ||
    fail "--table $table: logits within $off, not $bound"
  "$weft" predict $table.plan lines --threads 1 >answers
  labels whole.answers | cmp - <(labels answers) || fail "--table $table gives other labels"
  "$weft" inspect $table.plan --program all >inspection
  grep -q "quantize_taps.*${table/int/i}" inspection || fail "no $table table: $(cat inspection)"
  "$weft" compile $table.plan --fold -o folded.$table.plan
  "$weft" predict folded.$table.plan lines --threads 1 | cmp - answers ||
    fail "--table $table --fold answers otherwise"
  [ "$(wc -c <folded.$table.plan)" -lt "$(wc -c <folded.plan)" ] || fail "$table is not smaller"
done

# No room for the table, or no rewrites: other programs, the same labels, and the reason.
"$weft" compile whole.plan --table-budget 0 -o tight.plan
"$weft" inspect tight.plan --program all >inspection
grep -qE "project-embedding: not applied to .*the budget is 0 MB" inspection ||
  fail "no reason given: $(cat inspection)"
"$weft" compile whole.plan --no-rewrites -o plain.plan
"$weft" inspect plain.plan --program all >inspection
grep -q "= conv1d(" inspection || fail "--no-rewrites has no convolution: $(cat inspection)"
for plan in tight plain; do
  "$weft" predict $plan.plan lines --threads 1 >answers
  labels whole.answers | cmp - <(labels answers) || fail "$plan gives other labels"
done

# A folded plan has given up what another form would be made of.
if "$weft" compile folded.plan --table int8 -o x.plan 2>message; then fail "made from a folded plan"; fi
grep -q -- "--fold" message || fail "said: $(cat message)"
refuses "tables that --fold or --deploy made" "$weft" compile folded.plan --no-rewrites -o x.plan
misused "--table is about tables, and --no-rewrites makes none" \
  "$weft" compile whole.plan --no-rewrites --table int8 -o x.plan
misused "--deploy is about tables" "$weft" compile whole.plan --no-rewrites --deploy -o x.plan
refuses "--table-budget or --no-rewrites" "$weft" compile whole.plan -o x.plan
echo "each form of a table says what it changes"
