// DistilBERT (Sanh and others, arXiv 1910.01108, 2019): BERT without segment types and pooler.
#include "frontend/pretrained/family.h"

namespace weft::families {
namespace {

std::vector<TensorRow> encoder() {
  using enum Layout;
  using enum Part;
  return {
      {"embeddings.word_embeddings.weight", "VH", "words"},
      {"embeddings.position_embeddings.weight", "PH", "positions"},
      {"embeddings.LayerNorm.weight", "H", "embedding_norm.gamma"},
      {"embeddings.LayerNorm.bias", "H", "embedding_norm.beta"},
      {"transformer.layer.{i}.attention.q_lin.weight", "HH", "layer{i}.qkv.weight", transposed,
       query},
      {"transformer.layer.{i}.attention.k_lin.weight", "HH", "layer{i}.qkv.weight", transposed,
       key},
      {"transformer.layer.{i}.attention.v_lin.weight", "HH", "layer{i}.qkv.weight", transposed,
       value},
      {"transformer.layer.{i}.attention.q_lin.bias", "H", "layer{i}.qkv.bias", same, query},
      {"transformer.layer.{i}.attention.k_lin.bias", "H", "layer{i}.qkv.bias", same, key},
      {"transformer.layer.{i}.attention.v_lin.bias", "H", "layer{i}.qkv.bias", same, value},
      {"transformer.layer.{i}.attention.out_lin.weight", "HH", "layer{i}.output.weight",
       transposed},
      {"transformer.layer.{i}.attention.out_lin.bias", "H", "layer{i}.output.bias"},
      {"transformer.layer.{i}.sa_layer_norm.weight", "H", "layer{i}.attention_norm.gamma"},
      {"transformer.layer.{i}.sa_layer_norm.bias", "H", "layer{i}.attention_norm.beta"},
      {"transformer.layer.{i}.ffn.lin1.weight", "IH", "layer{i}.up.weight", transposed},
      {"transformer.layer.{i}.ffn.lin1.bias", "I", "layer{i}.up.bias"},
      {"transformer.layer.{i}.ffn.lin2.weight", "HI", "layer{i}.down.weight", transposed},
      {"transformer.layer.{i}.ffn.lin2.bias", "H", "layer{i}.down.bias"},
      {"transformer.layer.{i}.output_layer_norm.weight", "H", "layer{i}.feed_norm.gamma"},
      {"transformer.layer.{i}.output_layer_norm.bias", "H", "layer{i}.feed_norm.beta"},
  };
}

}  // namespace

const Family distilbert{
    .name = "distilbert",
    .prefix = "distilbert.",
    .architectures = "DistilBert",
    .keys = {.layers = "n_layers",
             .width = "dim",
             .heads = "n_heads",
             .inner = "hidden_dim",
             .positions = "max_position_embeddings",
             .types = {},
             .vocabulary = "vocab_size",
             .activation = "activation",
             .usual_activation = "gelu",
             .epsilon = {},
             .usual_epsilon = 1e-12,
             .embedding_dropout = "dropout",
             .hidden_dropout = "dropout",
             .attention_dropout = "attention_dropout",
             .classifier_dropout = "seq_classif_dropout",
             .usual_classifier_dropout = 0.2},
    .options = {},
    .encoder = encoder(),
    .pooler = {},
    .classifier = {{"pre_classifier.weight", "HH", "dense.weight", Layout::transposed},
                   {"pre_classifier.bias", "H", "dense.bias"},
                   {"classifier.weight", "LH", "classifier.weight", Layout::transposed},
                   {"classifier.bias", "L", "classifier.bias"}},
    .head =
        "first | linear({width}, pretrained=\"dense\") | relu | dropout({dropout}) | "
        "linear(labels, pretrained=\"classifier\")",
    .buffers = {"embeddings.position_ids"},
    .heads = {{"vocab_*", "the head of pretraining"},
              {"qa_outputs.*", "the head of question answering"},
              {"pre_classifier.*", "the head of another task"},
              {"classifier.*", "the head of another task"}},
};

}  // namespace weft::families
