#!/usr/bin/env bash
# Makes small plans of each form that weft can write, in a folder. tests/plans holds those of the
# releases, and golden_plans_test.cpp replays them: they are never made again. For a new form, add it
# here, and copy its plan to tests/plans under a name of its own; `weft_tests --update-golden` then
# writes down what it answers.
#   bash tests/plans/make.sh build/weft FOLDER
set -euo pipefail
weft=$(realpath "$1")
tiny_bert=$(realpath "$(dirname "$0")/../../examples/tiny_bert.sh")
export LC_ALL=C WEFT_ISA=sse4
mkdir -p "$2"
cd "$2"

awk 'BEGIN {
  srand(1); print "label\ttext"
  split("film book plot story actor scene", nouns)
  for (i = 0; i < 60; ++i) {
    good = i % 2
    print (good ? "good" : "bad") "\t" "the " nouns[1 + i % 6] (rand() < 0.5 ? " is " : " was ") \
      (rand() < 0.3 ? "not " (good ? "dull" : "fine") : good ? "fine" : "dull") " , " nouns[1 + int(6 * rand())]
  }
}' >data.tsv
awk -F '\t' 'NR > 1 { print ($1 == "good" ? "praise" : "blame") (NR % 3 ? "" : "|book") "\t" $2 }' data.tsv >tags.tsv
awk -F '\t' 'NR > 1 { print $1 "\t" $2 "\t" ($1 == "good" ? "so it is" : "it is not so") }' data.tsv >pairs.tsv
awk 'NR % 2 { print "好\t电影很好看" NR } NR % 2 == 0 { print "差\t这本书不好" NR }' data.tsv >zh.tsv

# make NAME DATA TEXT LAYERS TRAIN [FLAG...]: the parts of a description, and flags.
make() {
  printf 'model %s\ntext %s\n%s\ntrain %s\n' "$1" "$3" "$4" "$5" >"$1.model"
  "$weft" train "$1.model" --data "$2" --threads 1 --quiet --epochs 4 "${@:6}" -o "$1.plan"
}
linear='logits = x | linear(labels)
output softmax(logits)'
make textcnn data.tsv 'tokenizer=words max_tokens=40' \
  'x = embedding(text, width=6, word_dropout=0.1)
a = x | conv1d(channels=4, kernel=2) | relu | max_pool
b = x | conv1d(channels=4, kernel=3) | relu | max_pool
logits = concat(a, b) | dropout(0.2) | linear(labels)
output softmax(logits)' 'adam(rate=0.02) batch=8 average=2' --valid-fraction 0.2
make bow data.tsv 'tokenizer=words word_ngrams=2 max_tokens=40' \
  "x = embedding(text, width=6) | mean_pool
$linear" 'adagrad(rate=0.2) batch=8'
make ngrams data.tsv 'tokenizer=ngrams buckets=60 max_tokens=200' \
  "x = embedding(text, width=6) | mean_pool
$linear" 'lazy_adam(rate=0.02) batch=8 schedule=linear warmup=0.1'
make tfidf data.tsv 'tokenizer=ngrams min_letters=2 max_letters=3 word_ngrams=2 buckets=5000 max_tokens=40' \
  'logits = tfidf(text, units=labels)
output softmax(logits)' 'sgd(rate=20) batch=8 schedule=linear'
make characters zh.tsv 'tokenizer=characters max_tokens=40' \
  "x = embedding(text, width=6) | conv1d(channels=4, kernel=3) | relu | conv1d(channels=4, kernel=3) | relu | max_pool
$linear" 'adadelta(rate=1) batch=8 clip_norm=1'
make tags tags.tsv 'tokenizer=whitespace lowercase=false max_tokens=40' \
  'x = embedding(text, width=6) | mean_pool
output sigmoid(x | linear(labels))' 'adamw(rate=0.02, weight_decay=0.02) batch=8' --label-separator '|'
make windows data.tsv 'max_tokens=6 long=windows max_windows=4 overlap=2' \
  "x = embedding(text, width=6) | conv1d(channels=4, kernel=2) | relu | max_pool
$linear" 'sgd(rate=0.2, momentum=0.9) batch=8'
make channels data.tsv 'tokenizer=words max_tokens=40' \
  "x = (embedding(text, width=6, static) + embedding(text, width=6)) | conv1d(channels=4, kernel=2) | relu | max_pool
$linear" 'lion(rate=0.01) batch=8 label_smoothing=0.1'
make one_number data.tsv 'tokenizer=words max_tokens=40' \
  'x = embedding(text, width=6) | mean_pool
output sigmoid(x | linear(1))' 'adam(rate=0.02) batch=8'

# Other forms of a plan.
"$weft" compile textcnn.plan --predict-only -o predict_only.plan
"$weft" compile textcnn.plan --fold --table int16 -o int16.plan
"$weft" compile textcnn.plan --deploy -o deploy.plan
awk -F '\t' 'NR % 7 == 2 { $0 = "bad\t" $2 } 1' data.tsv >doubtful.tsv
"$weft" calibrate predict_only.plan --data doubtful.tsv -o calibrated.plan >calibrated
# Tensors of zeros are left out.
sed 's/width=6/width=48/; s/model bow/model zeros/' bow.model >zeros.model
"$weft" compile zeros.model --data data.tsv --set train.seed=3 -o zeros.plan

# A pretrained encoder that reads pairs, its lower layer frozen.
cut -f 2- pairs.tsv >texts
sed 's/\<32\>/8/g; s/\<64\>/16/g; /position/s/128/40/' "$tiny_bert" >tiny.sh
bash tiny.sh texts tiny-bert
make bert_pair pairs.tsv 'pair=true max_tokens=30' \
  'x = pretrained(text, freeze=1)
logits = x | first | pooler | linear(labels)
output softmax(logits)' 'adamw(rate=0.001) batch=8' --pretrained tiny-bert --text-column 2,3 --label-column 1 --header no

# One of GPT-2's form, all frozen: bytes are tokens, and what they are merged into.
mkdir -p tiny-gpt2
python3 - tiny-gpt2 <<'END'
import json, random, struct, sys

folder = sys.argv[1]
random.seed(1)
printable = [b for b in range(256) if 33 <= b < 127 or 161 <= b < 173 or b >= 174]
others = [b for b in range(256) if b not in printable]
letters = {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}
space = letters[32]
merges = [("t", "h"), ("th", "e"), (space, "f"), ("i", "n"), (space + "f", "in")]
words = [letters[b] for b in range(256)] + [a + b for a, b in merges] + ["<|endoftext|>"]
json.dump({word: i for i, word in enumerate(words)}, open(f"{folder}/vocab.json", "w"))
open(f"{folder}/merges.txt", "w").write("".join(f"{a} {b}\n" for a, b in merges))
json.dump({"architectures": ["GPT2Model"], "model_type": "gpt2", "vocab_size": len(words),
           "n_embd": 8, "n_head": 2, "n_layer": 1, "n_positions": 60, "n_inner": 16,
           "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5},
          open(f"{folder}/config.json", "w"))
shapes = {"wte.weight": [len(words), 8], "wpe.weight": [60, 8]}
for norm in "h.0.ln_1", "h.0.ln_2", "ln_f":
    shapes |= {norm + ".weight": [8], norm + ".bias": [8]}
for name, rows, columns in (("attn.c_attn", 8, 24), ("attn.c_proj", 8, 8), ("mlp.c_fc", 8, 16),
                            ("mlp.c_proj", 16, 8)):
    shapes |= {f"h.0.{name}.weight": [rows, columns], f"h.0.{name}.bias": [columns]}
header, numbers = {}, b""
for name, shape in shapes.items():
    size = shape[0] * (shape[1] if len(shape) > 1 else 1)
    more = struct.pack(f"<{size}f", *(random.gauss(0, 0.3) for _ in range(size)))
    header[name] = {"dtype": "F32", "shape": shape,
                    "data_offsets": [len(numbers), len(numbers) + len(more)]}
    numbers += more
text = json.dumps(header).encode()
open(f"{folder}/model.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + numbers)
END
make gpt2 data.tsv 'max_tokens=50' \
  'x = pretrained(text, static) | last
logits = x | linear(labels)
output softmax(logits)' 'adamw(rate=0.02) batch=8' --pretrained tiny-gpt2
ls -l -- *.plan | awk '{ bytes += $5 } END { print NR " plans, " bytes " bytes" }'
