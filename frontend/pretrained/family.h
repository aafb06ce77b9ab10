// Families of pretrained models, as data: how their files name things, and what weft calls them.
//
// weft's weights, whatever the family; a linear layer's is [in, out]:
//
//   words [V, H]  positions [P, H]  types [T, H]  embedding_norm.gamma, .beta [H]
//   layer0.qkv.weight [H, 3H]       .bias [3H]    query, key and value side by side
//   layer0.output.weight [H, H]     .bias [H]     after attention
//   layer0.attention_norm.gamma, .beta [H]
//   layer0.up.weight [H, I]         .bias [I]
//   layer0.down.weight [I, H]       .bias [H]
//   layer0.feed_norm.gamma, .beta [H]
//   final_norm.gamma, .beta [H]
//   pooler.weight [H, H]            .bias [H]
//   dense.weight [H, H]             .bias [H]     of a classifier with two layers
//   classifier.weight [H, L]        .bias [L]
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/pretrained/config.h"
#include "ir/type.h"

namespace weft {

// A stored tensor is a weight of weft, or the columns that query, key or value take of `qkv`.
enum class Part : std::uint8_t { whole, query, key, value };
enum class Layout : std::uint8_t { same, transposed };  // transposed: stored [out, in]

struct TensorRow {
  std::string_view tensor;  // `{i}` stands for the layer's number
  // As stored, a letter for a dimension: V vocabulary, P positions, T types, H width, I inner
  // width, L labels, Q three times H.
  std::string_view shape;
  std::string_view weight;  // weft's name, with `{i}` alike
  Layout layout = Layout::same;
  Part part = Part::whole;
};

// Keys of config.json; empty where the family has none.
struct ConfigKeys {
  std::string_view layers, width, heads, inner, positions, types, vocabulary;
  std::int64_t usual_inner = 0;  // where `inner` is absent, times the width; 0: it may not be
  std::string_view activation, usual_activation;
  std::string_view epsilon;
  double usual_epsilon = 0;
  std::string_view embedding_dropout, hidden_dropout, attention_dropout, classifier_dropout;
  // Where classifier_dropout is absent; negative: the hidden layers'.
  double usual_classifier_dropout = 0;
};

// An option of config.json of which one value is supported.
struct FixedOption {
  std::string_view key;
  std::string_view value;      // as JSON
  std::string_view otherwise;  // what another value would mean
};

struct Ignored {
  std::string_view pattern;  // `{i}`: a number; `*` at the end: anything
  std::string_view what;
};

struct Family {
  std::string_view name;           // `model_type` in config.json
  std::string_view prefix;         // of tensors, in models with a head: `bert.`
  std::string_view architectures;  // the start of their names: `Bert`
  ConfigKeys keys;
  bool decoder = false;  // attention is causal, and each half of a layer begins with its norm
  bool positions_after_padding = false;  // the first position is the padding's id + 1
  std::vector<FixedOption> options;

  std::vector<TensorRow> encoder, pooler;  // with the prefix
  std::vector<TensorRow> classifier;       // without
  bool classifier_takes_pooler = false;
  // The layers of the classifier behind the encoder; {dropout} and {width} are the config's.
  std::string_view head;
  std::vector<std::string_view> buffers;  // with the prefix; nothing is lost without them
  std::vector<Ignored> heads;             // without; weft has no use for them

  std::string base_architecture() const { return std::string(architectures) + "Model"; }
  std::string classifier_architecture() const {
    return std::string(architectures) + "ForSequenceClassification";
  }
};

std::span<const Family* const> all_families();
const Family* find_family(std::string_view name);  // null where there is none

// A row of the tables with a model's sizes put in.
struct FamilyTensor {
  std::string name;  // with its prefix
  Extents shape;     // as stored
  std::string weight;
  Layout layout = Layout::same;
  Part part = Part::whole;

  Extents weight_shape() const;       // of the whole weight
  std::int64_t first_column() const;  // of the weight's last dimension
};

// The tensors of a model in the order of its layers: the encoder, the pooler if asked for, the
// classifier if there are labels.
std::vector<FamilyTensor> tensors_of(const Family&, const PretrainedConfig&,
                                     std::string_view prefix, bool with_pooler);

// Whether a pattern of Ignored covers the name.
bool matches(std::string_view pattern, std::string_view name);

namespace families {

#define WEFT_FAMILY(name) extern const Family name;
#include "frontend/pretrained/families.def"

}  // namespace families
}  // namespace weft
