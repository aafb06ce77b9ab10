// The layers a model description may use: what each takes and the ops and weights it stands for.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/description/arguments.h"
#include "frontend/pretrained/pretrained_source.h"
#include "frontend/vectors/initial_vectors.h"
#include "ir/graph.h"

namespace weft {

// The symbol that counts the rows of a table of word vectors, until the vocabulary is known.
inline constexpr const char* kVocabularyRows = "V";

// Values of the attribute `init`: a param with one begins with numbers that are counted in the
// data.
inline constexpr const char* kDocumentFrequency = "document_frequency";
inline constexpr const char* kLabelFrequency = "label_frequency";

// A value while the graph is built: f32 rows of channels, one row per text, or per token (or per
// window of tokens) with the offsets that cut the rows into texts; or the text itself, word ids.
struct LayerValue {
  ValueId id = kNoValue;
  ValueId offsets = kNoValue;  // kNoValue: one row per text
  bool words = false;
  std::string name;         // as the description calls it, for messages
  SourceLocation location;  // where it was made
  bool pair = false;        // of the text: two texts are read together
};

// A layer builds with this. Nodes and weights are named after `prefix` (`a.conv1d`), in order.
class LayerBuilder {
 public:
  Graph& graph;
  std::string_view layer;
  std::string prefix;
  SourceLocation location;
  std::vector<LayerValue> inputs;
  Attrs arguments;
  InitialVectors* initial_vectors = nullptr;  // null: no file of word vectors is to be opened
  PretrainedSource* pretrained = nullptr;     // null: no folder of a model is to be opened
  std::int64_t labels = 0;

  std::int64_t integer(std::string_view argument) const;
  double number(std::string_view argument) const;
  const std::string& word(std::string_view argument) const;

  // Inputs, checked: a message in the description's terms where one is of another kind.
  const LayerValue& rows(std::size_t input) const;      // of channels, per text or per token
  const LayerValue& sequence(std::size_t input) const;  // of channels, per token
  ValueId text() const;                                 // the first: the words of one text
  std::int64_t channels(const LayerValue&) const;
  void expect_equal_rows() const;  // of all inputs
  void expect_equal_channels() const;

  // `part`: of a layer of many nodes, what its value is named after the prefix.
  ValueId add(const OpDef&, std::vector<ValueId> operands, Attrs attrs = {},
              std::string_view part = {});
  ValueId weight(std::string_view name, Shape shape, Attrs attrs);
  ValueId state(std::string_view name, Shape shape, Attrs attrs);
  ValueId imported(std::string_view name, TensorType type);  // made elsewhere, never trained
  // Glorot's uniform for a weight of so many inputs and outputs.
  static Attrs glorot(std::int64_t fan_in, std::int64_t fan_out);
  ValueId dropout(ValueId x, double rate, std::string_view part = {});
  // `dropout`: of the probabilities.
  ValueId attention(ValueId qkv, ValueId offsets, Attrs attrs, double dropout,
                    std::string_view part);
  ValueId drop_words(ValueId ids, double rate);  // the same words for all who ask at one rate
  // The offsets of the windows over `x`: its own where a window has one row each.
  ValueId windows(const LayerValue& x, Attrs geometry);

  // The published model that the layer begins with. Fails if no folder is named.
  const PretrainedConfig& pretrained_config(const std::string& folder) const;

  LayerValue result(ValueId id, ValueId offsets) const;
  LayerValue result_like(ValueId id) const { return result(id, inputs.front().offsets); }

  [[noreturn]] void fail(const std::string& message, std::string note = {}) const;
  std::string described(const LayerValue&) const;  // `x is f32[T, 300], from line 4`
};

struct LayerDef {
  std::string_view name;
  std::string_view doc;
  std::size_t min_inputs = 1, max_inputs = 1;
  std::vector<ArgumentDef> arguments;
  LayerValue (*build)(LayerBuilder&) = nullptr;
};

std::span<const LayerDef> all_layers();
const LayerDef* find_layer(std::string_view name);  // null if there is none

}  // namespace weft
