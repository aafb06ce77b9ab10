// The sizes and options of a pretrained model, from its config.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/ops/nn/activation.h"
#include "ir/plan/plan.h"

namespace weft {

struct PretrainedConfig {
  std::string family;        // bert, roberta, distilbert or gpt2: the first of families.def
  std::string architecture;  // BertForMaskedLM; empty where the file names none
  std::int64_t layers = 0, width = 0, heads = 0;
  std::int64_t inner = 0;           // width between the two linear layers of a block
  std::int64_t positions = 0;       // rows of the table of positions
  std::int64_t first_position = 0;  // the row of a text's first token
  std::int64_t types = 0;           // rows of the table of segment types; 0: the family has none
  std::int64_t vocabulary = 0;
  Activation activation = Activation::gelu;
  double epsilon = 0;  // of layer normalisation
  double embedding_dropout = 0, hidden_dropout = 0, attention_dropout = 0;
  double classifier_dropout = 0;
  std::optional<std::int64_t> pad_id, begin_id, end_id;
  std::vector<std::string> labels;  // of the classifier, in order; empty: there is none
  Task task = Task::single_label;

  bool operator==(const PretrainedConfig&) const = default;

  std::int64_t longest_text() const { return positions - first_position; }  // in tokens
};

// From the text of a config.json that is named `path`. Every value is checked; one Error says all
// that is wrong or not supported.
PretrainedConfig parse_config(std::string_view json, const std::string& path);
PretrainedConfig read_config(const std::string& folder);

// The text of a config.json, which parse_config reads back to the same and which transformers
// loads. With labels the architecture is the family's classifier.
std::string to_json(const PretrainedConfig&);

}  // namespace weft
