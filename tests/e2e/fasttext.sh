#!/usr/bin/env bash
# fastText's classifiers through the program: import, and all that a plan is for; files that are
# refused. tests/unit/frontend/fasttext compares their answers.
models=$(realpath "$(dirname "$0")/../fasttext")
source "$(dirname "$0")/../e2e_setup.sh"
works() { "$@" >out 2>message </dev/null || fail "status $? from: $* ($(cat message))"; }

says "softmax.plan: .*3 labels: .*texts of up to 16,?384 tokens" \
  "$weft" import "$models/softmax.bin" -o softmax.plan
says "negative sampling; training goes on with all labels" "$weft" import "$models/ns.bin" -o ns.plan
for model in hs.bin ova.bin subwords.bin whole.ftz pruned.ftz qout.ftz; do
  silent "$weft" import "$models/$model" -o "${model%.*}.plan" --quiet
done

# The same label first, and an answer for every line, the empty one too.
for name in softmax hs subwords whole pruned qout; do
  "$weft" predict "$name.plan" "$models/texts.txt" --top 1 2>message | cut -f 1 >labels
  sed 's/__label__\([^ ]*\) .*/\1/' "$models/$name.golden.txt" | cmp - labels || fail "$name: other labels"
done
for threads in 1 2 3; do
  "$weft" predict subwords.plan "$models/texts.txt" --top 3 --threads $threads 2>message >"answers$threads"
  cmp answers1 "answers$threads" || fail "other answers with $threads threads"
done
"$weft" predict ova.plan "$models/texts.txt" --threshold 0.5 2>message >out
grep -q "^good" out || fail "no label above the threshold: $(cat out)"

# A small probability keeps its digits.
"$weft" predict hs.plan "$models/texts.txt" --top 100 2>message >out
grep -qP '\t[1-9](\.\d+)?e-\d\d(\t|$)' out || fail "no small probability"
! grep -qP '\t0\.0000' out || fail "digits are lost: $(grep -P '\t0\.0000' out | head -n 1)"

# Bytes that are not UTF-8 are read as fastText reads them: nothing to remark.
printf 'caf\xe9 good\n' >latin1
silent "$weft" predict subwords.plan latin1

# What is quantised stays so: the plan is about as large as the file.
[ "$(stat -c %s pruned.plan)" -lt $(($(stat -c %s "$models/pruned.ftz") + 12000)) ] ||
  fail "pruned.plan has $(stat -c %s pruned.plan) bytes"
works "$weft" inspect pruned.plan --program predict
grep -q "quantized_embedding" out || fail "no op of its own"

# A plan is a plan.
awk 'BEGIN { for (i = 0; i < 60; ++i) print "__label__" (i % 2 ? "good the film is fine " : "bad the book was awful ") "w" i
  print "__label__bad the plot is fine"; print "__label__good so so" }' >more
works "$weft" eval subwords.plan --data more
works "$weft" eval hs.plan --data more --top 2
grep -q "of the 2 most probable labels: precision 0.4919, recall 0.9839" out ||  # fastText: 0.492, 0.984
  fail "eval --top: $(tail -n 1 out)"
works "$weft" calibrate subwords.plan --data more -o calibrated.plan
works "$weft" explain subwords.plan "the film was dreadful"
grep -q "film" out || fail "the explanation lacks the words: $(cat out)"
for name in softmax subwords hs ova ns pruned; do
  "$weft" train "$name.plan" --data more --epochs 2 --quiet --threads 1 -o once.plan || fail "train $name"
  "$weft" train "$name.plan" --data more --epochs 2 --quiet --threads 2 -o again.plan || fail "train $name"
  cmp once.plan again.plan || fail "$name: threads change what is learnt"
done
works "$weft" eval once.plan --data more
awk 'BEGIN { for (i = 0; i < 40; ++i) print "__label__t" i % 4 " word" i % 4 " and w" i }' >topics
refuses "weights are all quantised" "$weft" train qout.plan --data topics -o no.plan

# The plan as it was given competes with the epochs; other forms of it answer alike.
says "^as given +valid loss" "$weft" train softmax.plan --data more --valid more --epochs 1 --threads 1 -o once.plan
works "$weft" inspect softmax.plan
grep -q "it was trained elsewhere: softmax.bin" out || fail "inspect: $(cat out)"
for name in pruned softmax tree; do
  [ "$name" != tree ] || "$weft" import "$models/tree.bin" -o tree.plan --quiet
  "$weft" predict "$name.plan" "$models/texts.txt" --top 2 >answers 2>message
  for form in --deploy "--table int8" --fold --predict-only; do
    # shellcheck disable=SC2086  # a flag and its value
    works "$weft" compile "$name.plan" $form -o form.plan
    "$weft" predict form.plan "$models/texts.txt" --top 2 2>message | cmp - answers || fail "$name $form"
  done
done

# Words that only the vectors have join the vocabulary.
printf '3 4\nfilm 1 2 3 4\nunheard 1 1 1 1\ntwo-parts 0 0 1 1\n' >some.vec
"$weft" new fasttext >m.model
works "$weft" train m.model --data more --vectors some.vec --set width=4 --set buckets=100 --epochs 1 -o vec.plan
works "$weft" inspect vec.plan
grep -q "^vocabulary  73 words" out || fail "71 words of the data and two of the vectors: $(grep ^vocabulary out)"

# Files that are no such models, and flags that are not for them.
head -c 1000 "$models/subwords.bin" >cut.bin
refuses "cut.bin: at byte .* the file ends in" "$weft" import cut.bin -o no.plan
refuses "word vectors, but no labels" "$weft" import "$models/vectors.bin" -o no.plan
grep -q -- "--vectors THIS" message || fail "no remedy: $(cat message)"
printf 'abc' >short.bin
refuses "short.bin: is neither a folder, nor an ONNX model" "$weft" import short.bin -o no.plan
misused "not for fastText models" "$weft" import "$models/softmax.bin" --labels a,b,c -o no.plan
misused "are for a file NAME.onnx" "$weft" import "$models/softmax.bin" --tokenizer . -o no.plan
refuses "" "$weft" import "$models/softmax.bin" -o "$models/softmax.bin"
[ ! -e no.plan ] || fail "a plan was written"
cat >coded.model <<'MODEL'
model m
text tokenizer=fasttext
x = quantized_embedding(text, width=4, part=2) | mean_pool
output softmax(x | linear(labels))
train adam(rate=0.01)
MODEL
refuses "its numbers come from an imported model" "$weft" train coded.model --data more -o no.plan
echo "fasttext: 8 models imported, answered, explained and trained"
