// What BERT and RoBERTa share: the encoder, its names, and their options.
#pragma once

#include <vector>

#include "frontend/pretrained/family.h"

namespace weft {

inline std::vector<TensorRow> bert_encoder() {
  using enum Layout;
  using enum Part;
  return {
      {"embeddings.word_embeddings.weight", "VH", "words"},
      {"embeddings.position_embeddings.weight", "PH", "positions"},
      {"embeddings.token_type_embeddings.weight", "TH", "types"},
      {"embeddings.LayerNorm.weight", "H", "embedding_norm.gamma"},
      {"embeddings.LayerNorm.bias", "H", "embedding_norm.beta"},
      {"encoder.layer.{i}.attention.self.query.weight", "HH", "layer{i}.qkv.weight", transposed,
       query},
      {"encoder.layer.{i}.attention.self.key.weight", "HH", "layer{i}.qkv.weight", transposed, key},
      {"encoder.layer.{i}.attention.self.value.weight", "HH", "layer{i}.qkv.weight", transposed,
       value},
      {"encoder.layer.{i}.attention.self.query.bias", "H", "layer{i}.qkv.bias", same, query},
      {"encoder.layer.{i}.attention.self.key.bias", "H", "layer{i}.qkv.bias", same, key},
      {"encoder.layer.{i}.attention.self.value.bias", "H", "layer{i}.qkv.bias", same, value},
      {"encoder.layer.{i}.attention.output.dense.weight", "HH", "layer{i}.output.weight",
       transposed},
      {"encoder.layer.{i}.attention.output.dense.bias", "H", "layer{i}.output.bias"},
      {"encoder.layer.{i}.attention.output.LayerNorm.weight", "H", "layer{i}.attention_norm.gamma"},
      {"encoder.layer.{i}.attention.output.LayerNorm.bias", "H", "layer{i}.attention_norm.beta"},
      {"encoder.layer.{i}.intermediate.dense.weight", "IH", "layer{i}.up.weight", transposed},
      {"encoder.layer.{i}.intermediate.dense.bias", "I", "layer{i}.up.bias"},
      {"encoder.layer.{i}.output.dense.weight", "HI", "layer{i}.down.weight", transposed},
      {"encoder.layer.{i}.output.dense.bias", "H", "layer{i}.down.bias"},
      {"encoder.layer.{i}.output.LayerNorm.weight", "H", "layer{i}.feed_norm.gamma"},
      {"encoder.layer.{i}.output.LayerNorm.bias", "H", "layer{i}.feed_norm.beta"},
  };
}

inline std::vector<TensorRow> bert_pooler() {
  return {{"pooler.dense.weight", "HH", "pooler.weight", Layout::transposed},
          {"pooler.dense.bias", "H", "pooler.bias"}};
}

inline ConfigKeys bert_keys() {
  return {.layers = "num_hidden_layers",
          .width = "hidden_size",
          .heads = "num_attention_heads",
          .inner = "intermediate_size",
          .positions = "max_position_embeddings",
          .types = "type_vocab_size",
          .vocabulary = "vocab_size",
          .activation = "hidden_act",
          .usual_activation = "gelu",
          .epsilon = "layer_norm_eps",
          .usual_epsilon = 1e-12,
          .embedding_dropout = "hidden_dropout_prob",
          .hidden_dropout = "hidden_dropout_prob",
          .attention_dropout = "attention_probs_dropout_prob",
          .classifier_dropout = "classifier_dropout",
          .usual_classifier_dropout = -1};
}

inline std::vector<FixedOption> bert_options() {
  return {{"position_embedding_type", "\"absolute\"", "positions are relative"},
          {"is_decoder", "false", "attention is causal"}};
}

}  // namespace weft
