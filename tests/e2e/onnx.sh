#!/usr/bin/env bash
# ONNX files through the program: import, predict by ids, refuse what is no model; tests/onnx holds
# files that PyTorch's exporters made, and tests/unit/frontend/onnx what they compute.
models=$(realpath "$(dirname "$0")/../onnx")
examples=$(realpath "$(dirname "$0")/../../examples")
source "$(dirname "$0")/../e2e_setup.sh"

says "cnn.plan: 3 ops, 3 labels: label0, label1, label2, texts of up to 512 tokens" \
  "$weft" import "$models/textcnn_dynamo.onnx" -o cnn.plan
silent "$weft" import "$models/external_torchscript.onnx" --labels bad,good,odd -o named.plan --quiet

# A text is its ids. What is none is read as id 0, and counted; nothing but such is refused.
cut -f 1 "$models/external_torchscript.txt" >ids
[ "$("$weft" predict named.plan ids --top 1 | grep -cE "^(bad|good|odd)	0\.")" -eq "$(wc -l <ids)" ] ||
  fail "one answer for each text of ids"
for bad in "hello world" "99999 99998" 1.5 3,4; do
  echo "$bad" >bad
  refuses "no token of any line is an id of 0 to 29" "$weft" predict named.plan bad
  grep -q "weft import NAME.onnx --tokenizer FOLDER" message || fail "no remedy for $bad"
done
printf '1 2 3\n1 2 30\n0 1 2\n5 x\n' >some
says "2 of 4 lines .the first is line 2. hold what is no id of 0 to 29: it is read as id 0" \
  "$weft" predict named.plan some
[ "$(wc -l <out)" -eq 4 ] || fail "four answers"
sed 's/^/good\t/' some >some.tsv
sed 's/^/good\t/' bad >bad.tsv
for command in eval calibrate; do
  to=()
  [ "$command" = eval ] || to=(-o some.plan)
  says "2 of 4 texts .the first is line 2. hold what is no id of 0 to 29" \
    "$weft" "$command" named.plan --data some.tsv "${to[@]}"
  refuses "no token of any text is an id" "$weft" "$command" named.plan --data bad.tsv "${to[@]}"
done

# What a plan needs its description for is refused by name; the rest works.
awk 'BEGIN { srand(1); for (i = 0; i < 300; ++i) print int(1 + rand() * 29), int(1 + rand() * 29), int(1 + rand() * 29) }' >texts
"$weft" predict named.plan texts | cut -f 1 >answers
awk 'NR % 5 { print; next } { print "odd" }' answers | paste - texts >data.tsv
"$weft" eval named.plan --data data.tsv >out || fail "eval"
"$weft" calibrate named.plan --data data.tsv -o calibrated.plan >out 2>message || fail "calibrate"
"$weft" inspect named.plan >out || fail "inspect"
refuses "imported from external_torchscript.onnx: it has no description" \
  "$weft" train named.plan --data data.tsv -o more.plan
refuses "imported from external_torchscript.onnx" "$weft" explain named.plan "1 2"
"$weft" check named.plan >out || fail "check finds: $(cat out)"
grep -qE "^kernels  .*: [1-9][0-9]* nodes compared with their references$" out &&
  grep -q "note: imported from external_torchscript.onnx: there is no description" out ||
  fail "check says: $(cat out)"
misused "--passes has nothing to run on: named.plan was imported" "$weft" check named.plan --passes=cse

# A fixed length, and padding by an id, are said.
says "was exported for texts of 12 tokens. weft does not pad" \
  "$weft" import "$models/fixed_torchscript.onnx" -o fixed.plan
printf '1 2 3 4 5 6 7 8 9 10 11 12\n1 2 3\n1 2 3 4 5 6 7 8 9 10 11 12 13\n' >lengths
says "1 of 3 lines .line 2. is shorter than the 12 tokens" "$weft" predict fixed.plan lengths
grep -q "1 of 3 lines (line 3) is longer than max_tokens=12" message || fail "a text that is longer"
says "leaves out the id 0, as padding" "$weft" import "$models/mean_dynamo.onnx" -o mean.plan
printf '1 2\n1 0\n' >padded
says "1 of 2 lines .line 2. holds the id 0, which the model leaves out" \
  "$weft" predict mean.plan padded

# Bad input: one message each, and no plan.
head -c 1500 "$models/textcnn_dynamo.onnx" >cut.onnx
echo "no model" >text.onnx
: >empty.onnx
mkdir folder.onnx alone
cp "$models/external_dynamo.onnx" alone/model.onnx
refuses "cut.onnx has a field of .* bytes where .* are left" "$weft" import cut.onnx -o bad.plan
refuses "text.onnx has a field" "$weft" import text.onnx -o bad.plan
refuses "empty.onnx holds no graph" "$weft" import empty.onnx -o bad.plan
refuses "missing.onnx" "$weft" import missing.onnx -o bad.plan
refuses "folder.onnx/config.json" "$weft" import folder.onnx -o bad.plan
refuses "nofile: there is no such file or folder" "$weft" import nofile -o bad.plan
refuses "missing.ONNX: there is no such file" "$weft" import missing.ONNX -o bad.plan
cp text.onnx text
refuses "text: is neither a folder, nor an ONNX model" "$weft" import text -o bad.plan
: >empty
refuses "empty: is neither a folder, nor an ONNX model" "$weft" import empty -o bad.plan
for name in MODEL.ONNX model.bin model; do
  cp "$models/textcnn_dynamo.onnx" "$name"
  says "3 labels: label0, label1, label2" "$weft" import "$name" -o "$name.plan"
done
refuses "external_dynamo.onnx.data" "$weft" import alone/model.onnx -o bad.plan
refuses "has 3 labels, but --labels names 2" \
  "$weft" import "$models/textcnn_dynamo.onnx" --labels a,b -o bad.plan
cnn=$models/textcnn_dynamo.onnx
says "3 labels: a, b c, d" "$weft" import --labels ' a, b c,d ' "$cnn" -o flag_first.plan
misused "label 2 of --labels, ..: the label is empty" "$weft" import "$cnn" --labels a,,b -o bad.plan
misused "label 1 of --labels, ..: the label is empty" "$weft" import "$cnn" --labels "" -o bad.plan
misused "label 3 of --labels, .a.: the label is there twice" \
  "$weft" import "$cnn" --labels a,b,a -o bad.plan
misused "label 2 of --labels.*control character" \
  "$weft" import "$cnn" --labels "a,b$(printf '\001')c" -o bad.plan
misused "label 2 of --labels.*not UTF-8" \
  "$weft" import "$cnn" --labels "a,$(printf '\377'),b" -o bad.plan
misused "label 2 of --labels, .a.: the label is there twice" \
  "$weft" import alone --labels "a, a" -o bad.plan
refuses "has no output .nothing." \
  "$weft" import "$models/textcnn_dynamo.onnx" --logits nothing -o bad.plan
refuses "does not read pairs" "$weft" import "$models/textcnn_dynamo.onnx" --pair -o bad.plan
refuses "there is no tokenizer" \
  "$weft" import "$models/textcnn_dynamo.onnx" --tokenizer alone -o bad.plan
refuses "MODEL" "$weft" import "$models/textcnn_dynamo.onnx" -o "$models/textcnn_dynamo.onnx"
misused "for a file NAME.onnx" "$weft" import alone --multi-label -o bad.plan
[ ! -e bad.plan ] || fail "a refused file left a plan"

# ---- Export: a convolutional model, a linear one and an encoder, read back, and checked by others.

film_reviews 200 40 >reviews.tsv
cut -f 2 reviews.tsv >lines
cat >deep.model <<'END'
model deep
text   tokenizer=whitespace max_tokens=30
x      = embedding(text, width=8)
a      = x | conv1d(channels=6, kernel=3, padding=valid) | batch_norm | relu | max_pool(size=2)
b      = x | conv1d(channels=6, kernel=2, padding=causal) | gelu | max_pool
logits = concat(a | mean_pool, b, x | last) | layer_norm | linear(labels)
output softmax(logits)
train  adam(rate=0.01) batch=50 epochs=2
END
"$weft" train deep.model --data reviews.tsv -o deep.plan >out 2>message
says "deep.onnx: [0-9]+ bytes, ids .batch, length. to logits of 2 labels: bad, good" \
  "$weft" export deep.plan --onnx deep.onnx
"$weft" train reviews.tsv -o terms.plan >out 2>message
grep -q "tfidf" message || fail "the starter is another: $(cat message)"
silent "$weft" export terms.plan --onnx terms.onnx --quiet
bash "$examples/tiny_bert.sh" lines tiny >out
"$weft" import tiny --labels bad,good -o tiny.plan 2>message
silent "$weft" export tiny.plan --onnx tiny.onnx --quiet
says "2 labels: bad, good" "$weft" import tiny.onnx --tokenizer tiny -o back.plan
"$weft" predict tiny.plan lines | cut -c 1-8 >first
"$weft" predict back.plan lines | cut -c 1-8 >second
cmp first second || fail "an encoder that was exported and imported answers otherwise"

misused "to or --onnx is missing" "$weft" export deep.plan
refuses "excludes" "$weft" export deep.plan --onnx a.onnx --to folder
refuses "PLAN" "$weft" export deep.plan --onnx deep.plan
refuses "has no description" "$weft" export back.plan --onnx again.onnx
"$weft" compile deep.plan --predict-only --fold -o folded.plan >out 2>message
refuses "made with --fold" "$weft" export folded.plan --onnx folded.onnx
[ ! -e folded.onnx ] && [ ! -e again.onnx ] || fail "a refused export left a file"

ids=$("$weft" inspect deep.plan --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["vocabulary"]["words"])')
"${WEFT_PYTHON:-python3}" "$models/check_export.py" "$(dirname "$weft")" deep.plan deep.onnx "$ids" \
  tiny.plan tiny.onnx 30 terms.plan terms.onnx 20 >checked || fail "check_export.py: $(cat checked)"
grep -q "skipped" checked && echo "without ONNX's checker and ONNX Runtime: $(sed 's/skipped: //' checked)"
exit 0
