#!/usr/bin/env bash
# Writes a tiny BERT with random weights, in the form in which models are published: to try commands
# on where no published model is at hand. It has learnt nothing; a real one is far better.
#
#   bash examples/tiny_bert.sh TEXTS FOLDER     TEXTS: its vocabulary is of this file's words
set -euo pipefail
export LC_ALL=C
texts=$1
folder=$2
mkdir -p "$folder"

# Special tokens, all characters of ASCII text and their continuations, then the usual words.
{
  printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]'
  awk 'BEGIN {
    for (c = 33; c < 127; ++c) if (c < 65 || c > 90) print sprintf("%c", c)
    for (c = 48; c < 123; ++c) if (c < 58 || c > 96) print "##" sprintf("%c", c)
  }'
  tr 'A-Z' 'a-z' <"$texts" | tr -cs 'a-z' '\n' | awk 'length > 1' | sort | uniq -c |
    sort -k 1,1nr -k 2,2 | awk 'NR <= 3000 { print $2 }'
} >"$folder/vocab.txt"
vocabulary=$(wc -l <"$folder/vocab.txt")

cat >"$folder/config.json" <<END
{
  "architectures": ["BertModel"], "model_type": "bert", "vocab_size": $vocabulary,
  "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
  "max_position_embeddings": 128, "type_vocab_size": 2, "hidden_act": "gelu",
  "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1, "layer_norm_eps": 1e-12,
  "pad_token_id": 0
}
END
printf '{"tokenizer_class": "BertTokenizer", "do_lower_case": true, "model_max_length": 128}\n' \
  >"$folder/tokenizer_config.json"

# model.safetensors: the length of a header, the header, then numbers of two bytes (BF16): norms are
# 1 and 0, biases 0, other weights random and below 0.125. A byte is written as \0 and three digits.
printf '%b' "$(awk -v vocabulary="$vocabulary" '
  function tensor(name, rows, columns, kind,   size, shape) {
    size = rows * (columns ? columns : 1)
    shape = columns ? rows ", " columns : rows
    header = header sprintf("%s\"%s\": {\"dtype\": \"BF16\", \"shape\": [%s], \"data_offsets\": [%d, %d]}",
                            header == "" ? "{" : ", ", name, shape, at, at + 2 * size)
    at += 2 * size
    kinds[++tensors] = kind
    sizes[tensors] = size
  }
  function dense(name, out, into) {
    tensor(name ".weight", out, into, "random")
    tensor(name ".bias", out, 0, "zeros")
  }
  function norm(name) {
    tensor(name ".weight", 32, 0, "ones")
    tensor(name ".bias", 32, 0, "zeros")
  }
  function byte(n) { printf "\\0%03o", n }
  BEGIN {
    srand(1)
    tensor("embeddings.word_embeddings.weight", vocabulary, 32, "random")
    tensor("embeddings.position_embeddings.weight", 128, 32, "random")
    tensor("embeddings.token_type_embeddings.weight", 2, 32, "random")
    norm("embeddings.LayerNorm")
    for (i = 0; i < 2; ++i) {
      layer = "encoder.layer." i "."
      dense(layer "attention.self.query", 32, 32)
      dense(layer "attention.self.key", 32, 32)
      dense(layer "attention.self.value", 32, 32)
      dense(layer "attention.output.dense", 32, 32)
      norm(layer "attention.output.LayerNorm")
      dense(layer "intermediate.dense", 64, 32)
      dense(layer "output.dense", 32, 64)
      norm(layer "output.LayerNorm")
    }
    dense("pooler.dense", 32, 32)
    header = header "}"
    while (length(header) % 8 != 0) header = header " "
    n = length(header)
    for (i = 0; i < 8; ++i) { byte(n % 256); n = int(n / 256) }
    printf "%s", header
    for (t = 1; t <= tensors; ++t) {
      for (i = 0; i < sizes[t]; ++i) {
        if (kinds[t] == "random") {
          byte(int(256 * rand()))
          byte(60 + int(2 * rand()) + 128 * int(2 * rand()))
        } else {
          byte(kinds[t] == "ones" ? 128 : 0)
          byte(kinds[t] == "ones" ? 63 : 0)
        }
      }
    }
  }')" >"$folder/model.safetensors"
