// Describes a model in the language of descriptions, and hands over its words and weights.
#include "frontend/fasttext/import_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <set>

#include "frontend/data/label_rules.h"
#include "frontend/fasttext/model.h"
#include "frontend/train/build_plan.h"
#include "frontend/train/plan_settings.h"
#include "ir/diagnostic.h"
#include "runtime/text/subwords.h"
#include "runtime/text/word_splitter.h"

namespace weft {
namespace {

using fasttext::Matrix;
using fasttext::Model;

// fastText reads texts of any length; a plan has room for so many words.
constexpr std::int64_t kMaxWords = 1 << 14;

// The hashed n-grams that have rows.
struct HashedNGrams {
  std::int32_t words = 1, min_letters = 0, max_letters = 0, buckets = 1;
};

HashedNGrams hashed_ngrams(const Model& model) {
  const FastTextArguments& arguments = model.arguments;
  const bool no_rows = model.pruned && model.kept_buckets.empty();
  if (no_rows || arguments.buckets == 0) return {};
  HashedNGrams ngrams{.words = std::max(arguments.word_ngrams, 1), .buckets = arguments.buckets};
  const std::int32_t shortest = std::max(arguments.min_letters, 1);
  if (arguments.max_letters >= shortest) {
    ngrams.min_letters = shortest;
    ngrams.max_letters = arguments.max_letters;
  }
  return ngrams;
}

std::string table_layer(const Matrix& table) {
  if (!table.quantized()) return fmt::format("embedding(text, width={})", table.columns);
  return fmt::format("quantized_embedding(text, width={}, part={}, norms={})", table.columns,
                     table.part, table.norms != nullptr);
}

std::string head_layer(const Matrix& head) {
  if (!head.quantized()) return "linear(labels, bias=false)";
  return fmt::format("quantized_linear(labels, part={}, norms={})", head.part,
                     head.norms != nullptr);
}

std::string output_of(FastTextLoss loss) {
  switch (loss) {
    case FastTextLoss::softmax:
      return "softmax(logits)";
    case FastTextLoss::hierarchical:
      return "hierarchical_softmax(h, epsilon=0.00001)";
    case FastTextLoss::one_vs_all:
    case FastTextLoss::negative_sampling:
      return "sigmoid(logits, table=true)";
  }
  return {};
}

std::string describe(const Model& model) {
  const HashedNGrams ngrams = hashed_ngrams(model);
  std::string text = fmt::format(
      "model fasttext\n\n"
      "text   tokenizer=fasttext lowercase=false nfkc=false word_ngrams={} min_letters={} "
      "max_letters={} buckets={} max_tokens={}\n\n",
      ngrams.words, ngrams.min_letters, ngrams.max_letters, ngrams.buckets, kMaxWords);
  text += fmt::format("x      = {}\nh      = x | mean_pool\n", table_layer(model.input));
  if (model.arguments.loss != FastTextLoss::hierarchical) {
    text += fmt::format("logits = h | {}\n", head_layer(model.output));
  }
  return text + fmt::format(
                    "output {}\n\n"
                    "train  adagrad(rate=0.1, epsilon=0.00003) batch=64 epochs=5\n",
                    output_of(model.arguments.loss));
}

// `__label__good` is `good`, as it is in weft's data.
std::vector<std::string> label_names(const Model& model, const std::string& path) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const std::string& label : model.labels) {
    std::string name = label.starts_with(kLabelPrefix) ? label.substr(kLabelPrefix.size()) : label;
    if (const auto fault = label_fault(name)) {
      throw Error(fmt::format("{}: label {}, `{}`: {}", path, names.size() + 1, name, fault->what),
                  "train the model again with another label");
    }
    if (!seen.insert(name).second) {
      throw Error(fmt::format("{}: the label `{}` is there twice, with and without `{}`", path,
                              name, kLabelPrefix),
                  "train the model again with other labels");
    }
    names.push_back(std::move(name));
  }
  return names;
}

// [L, D] to [D, L].
fasttext::Bytes transposed(const Matrix& matrix) {
  const auto turned = std::make_shared<AlignedBytes>(matrix.numbers->size());
  const auto* const from = reinterpret_cast<const float*>(matrix.numbers->data());
  auto* const to = reinterpret_cast<float*>(turned->data());
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    for (std::int64_t column = 0; column < matrix.columns; ++column) {
      to[column * matrix.rows + row] = from[row * matrix.columns + column];
    }
  }
  return turned;
}

// The numbers that codes stand for.
fasttext::Bytes decoded(const Matrix& matrix) {
  const auto index = [](std::byte code) {
    return std::to_integer<std::int64_t>(code ^ std::byte{0x80});
  };
  const auto floats = [](const fasttext::Bytes& bytes) {
    return reinterpret_cast<const float*>(bytes->data());
  };
  const std::int64_t parts = (matrix.columns - 1) / matrix.part + 1;
  const auto size = static_cast<std::size_t>(matrix.rows * matrix.columns) * sizeof(float);
  const auto numbers = std::make_shared<AlignedBytes>(size);
  auto* to = reinterpret_cast<float*>(numbers->data());
  for (std::int64_t row = 0; row < matrix.rows; ++row) {
    const float norm = matrix.norms == nullptr
                           ? 1.0F
                           : floats(matrix.norm_codebook)[index(matrix.norms->data()[row])];
    for (std::int64_t d = 0; d < matrix.columns; ++d) {
      const std::byte code = matrix.codes->data()[row * parts + d / matrix.part];
      *to++ = norm * floats(matrix.codebook)[index(code) * matrix.columns + d];
    }
  }
  return numbers;
}

// The rows of inner nodes: a tree of L labels has L - 1; the file has a row more.
fasttext::Bytes inner_rows(const Matrix& matrix) {
  const fasttext::Bytes all = matrix.quantized() ? decoded(matrix) : matrix.numbers;
  const std::size_t row = all->size() / static_cast<std::size_t>(matrix.rows);
  const auto rows = std::make_shared<AlignedBytes>(all->size() - row);
  std::memcpy(rows->data(), all->data(), rows->size());
  return rows;
}

void add_coded(const std::string& layer, const Matrix& matrix, ImportedModel& imported) {
  const auto add = [&](const char* name, const fasttext::Bytes& bytes) {
    if (bytes != nullptr) imported.weights[fmt::format("{}.{}", layer, name)] = bytes;
  };
  add("table", matrix.codes);
  add("codebook", matrix.codebook);
  add("norms", matrix.norms);
  add("norm_codebook", matrix.norm_codebook);
}

// Models of some versions have rows for buckets that nothing is hashed to.
void leave_out_unused_rows(Model& model) {
  const HashedNGrams ngrams = hashed_ngrams(model);
  const auto words = static_cast<std::int64_t>(model.words.size());
  Matrix& table = model.input;
  if (ngrams.words > 1 || ngrams.max_letters > 0 || table.rows == words) return;
  for (fasttext::Bytes* rows : {&table.numbers, &table.codes, &table.norms}) {
    if (*rows == nullptr) continue;
    const std::size_t row = (*rows)->size() / static_cast<std::size_t>(table.rows);
    const auto kept = std::make_shared<AlignedBytes>(row * static_cast<std::size_t>(words));
    std::memcpy(kept->data(), (*rows)->data(), kept->size());
    *rows = kept;
  }
  table.rows = words;
  model.kept_buckets.clear();
}

ImportedModel hand_over(Model&& model) {
  ImportedModel imported;
  leave_out_unused_rows(model);
  if (model.input.quantized()) {
    add_coded("x.quantized_embedding", model.input, imported);
  } else {
    imported.weights["x.embedding.weight"] = model.input.numbers;
  }
  if (model.arguments.loss == FastTextLoss::hierarchical) {
    imported.weights["output.weight"] =
        inner_rows(model.output);  // as numbers, which can be trained
  } else if (model.output.quantized()) {
    add_coded("logits.quantized_linear", model.output, imported);
  } else {
    imported.weights["logits.linear.weight"] = transposed(model.output);
  }
  imported.words = std::make_shared<const WordList>(std::move(model.words));
  imported.kept_buckets =
      std::make_shared<const std::vector<std::int32_t>>(std::move(model.kept_buckets));
  imported.label_counts = std::move(model.label_counts);
  return imported;
}

// Error if a plan cannot hold the model: fastText may read such a file, or never write it.
void check_readable(const Model& model, const std::string& path) {
  const auto refuse = [&](const std::string& what, std::string remedy) {
    throw Error(fmt::format("{}: {}", path, what), std::move(remedy));
  };
  const FastTextArguments& arguments = model.arguments;
  if (arguments.word_ngrams > kMaxWordNGrams) {
    refuse(fmt::format("the model has n-grams of {} words; {} are the most", arguments.word_ngrams,
                       kMaxWordNGrams),
           fmt::format("train it again with -wordNgrams {} or less", kMaxWordNGrams));
  }
  if (arguments.buckets > kMostBuckets) {
    refuse(
        fmt::format("the model has {} buckets; {} are the most", arguments.buckets, kMostBuckets),
        "train it again with a smaller -bucket");
  }
  if (arguments.loss != FastTextLoss::hierarchical) return;
  if (model.labels.size() < 2) {
    refuse("a hierarchical softmax of one label", "train it again with -loss softmax");
  }
  // The tree follows from the counts.
  constexpr std::int64_t kMaxCount = 1'000'000'000'000;
  const auto& counts = model.label_counts;
  if (!std::ranges::is_sorted(counts, std::ranges::greater()) || counts.back() < 0 ||
      counts.front() > kMaxCount / std::ssize(counts)) {
    refuse("the counts of the labels do not fall, as fastText writes them, or are no counts",
           "have fastText write the model again");
  }
}

}  // namespace

bool is_fasttext_model(const std::string& path) {
  constexpr std::size_t kEnough = 44;
  const std::string head = first_bytes(path, kEnough);
  return is_fasttext(head) || is_old_fasttext(head);
}

Plan import_fasttext(const std::string& path, const CompileOptions& options) {
  Model model = fasttext::read_model(path);
  check_readable(model, path);
  std::vector<std::string> labels = label_names(model, path);
  const Description description = parse_description(describe(model), "the description of " + path);
  const bool sampled = model.arguments.loss == FastTextLoss::negative_sampling;
  Plan plan = build_imported(description, std::move(labels), hand_over(std::move(model)), options);
  set_trained_elsewhere(plan, std::filesystem::path(path).filename().string());
  if (sampled) {
    plan.notes.push_back({"",
                          "the model was trained by negative sampling; training goes on with "
                          "all labels in each step"});
  }
  return plan;
}

}  // namespace weft
