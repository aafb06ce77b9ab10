// Labels, texts and weights around the graph that the importer made.
#include "frontend/onnx/import_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "frontend/onnx/importer.h"
#include "frontend/pretrained/tokenizer_files.h"
#include "frontend/train/plan_forms.h"
#include "frontend/train/plan_settings.h"
#include "ir/aligned_bytes.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

constexpr std::int64_t kMaxTokens = 512;

// Words that are the decimal numbers of their ids. Word 0, which stands for what is not known, is
// the id 0 as well.
std::shared_ptr<const WordList> decimal_words(std::int64_t count) {
  auto words = std::make_shared<WordList>();
  for (std::int64_t id = 0; id < count; ++id) words->add(id == 0 ? "<unk>" : std::to_string(id));
  return words;
}

class PlanBuilder {
 public:
  PlanBuilder(const std::string& path, const OnnxOptions& options, onnx::Imported imported)
      : path_(path), options_(options), imported_(std::move(imported)) {
    if (imported_.table_rows == 0) {
      throw Error(fmt::format("{} looks up no token ids in a table", path),
                  "weft reads classifiers of texts, which begin with an embedding");
    }
  }

  Plan build(const CompileOptions& compile) && {
    add_labels();
    read_text();
    plan_.settings =
        imported_settings(std::filesystem::path(path_).filename().string(), special_texts());
    for (std::string& note : imported_.notes) plan_.notes.push_back({"", std::move(note)});
    add_results();
    Compiled predict =
        compile_predicting(imported_.graph, imported_.table_rows, plan_.text, compile);
    for (std::string& note : predict.notes) {
      plan_.notes.push_back({std::string(programs::kPredict), std::move(note)});
    }
    plan_.programs.push_back(std::move(predict.program));
    if (predict.load) plan_.programs.push_back(std::move(*predict.load));
    for (const Graph& program : plan_.programs) add_tensors(program);
    return std::move(plan_);
  }

 private:
  void add_labels() {
    width_ = imported_.graph[imported_.output].type.shape.back().value;
    const std::int64_t count = std::max<std::int64_t>(width_, 2);  // one number tells two apart
    plan_.labels = options_.labels;
    if (plan_.labels.empty() && std::ssize(imported_.labels) == count) {
      plan_.labels = imported_.labels;
    }
    const bool named = !plan_.labels.empty();
    for (std::int64_t i = 0; !named && i < count; ++i) {
      plan_.labels.push_back(fmt::format("label{}", i));
    }
    if (std::ssize(plan_.labels) != count) {
      throw Error(
          fmt::format("{} has {} labels, but --labels names {}", path_, count, plan_.labels.size()),
          "name as many, in the order of the model's outputs");
    }
    const bool sigmoid = imported_.activation == "sigmoid" || options_.multi_label;
    if (sigmoid && width_ > 1) plan_.task = Task::multi_label;
  }

  // Without a mask, a text of another length gets other logits than it would get with padding.
  bool needs_length() const { return imported_.length && !imported_.masked; }

  ImportedTexts special_texts() const {
    return {.ids = options_.tokenizer.empty(),
            .length = needs_length() ? *imported_.length : 0,
            .padding = imported_.padding};
  }

  // Texts as the tokenizer reads them, or as ids; up to the length that the model takes.
  void read_text() {
    std::int64_t longest = kMaxTokens;
    for (const std::int64_t limit : {imported_.longest, imported_.length.value_or(0)}) {
      if (limit > 0) longest = std::min(longest, limit);
    }
    if (options_.tokenizer.empty()) {
      const auto words = decimal_words(imported_.table_rows);
      plan_.text.tokenizer = "whitespace";
      plan_.text.lowercase = plan_.text.nfkc = false;
      plan_.vocabulary = {words->bytes, std::span(words->offsets).subspan(1)};
      plan_.owners.push_back(words);
    } else {
      const auto files = std::make_shared<const TokenizerFiles>(read_tokenizer(options_.tokenizer));
      plan_.text = files->text;
      plan_.vocabulary = files->vocabulary();
      plan_.owners.push_back(files);
      if (files->model_max_length > 0) longest = std::min(longest, files->model_max_length);
    }
    plan_.text.max_tokens = longest;
    plan_.text.pair = options_.pair;
    const std::int64_t ids = make_encoder(plan_.text, plan_.vocabulary)->id_count();
    if (ids > imported_.table_rows) {
      throw Error(fmt::format("the tokenizer of {} has {} ids, but {} has vectors for {}",
                              options_.tokenizer, ids, path_, imported_.table_rows),
                  "give the folder of the model's own tokenizer");
    }
    if (needs_length()) {
      imported_.notes.push_back(fmt::format(
          "{} was exported for texts of {} tokens. weft does not pad: a shorter text gets other "
          "logits than it would get with padding; export with dynamic axes to be sure",
          path_, *imported_.length));
    }
  }

  void add_results() {
    Graph& graph = imported_.graph;
    ValueId logits = imported_.output;
    const OpDef& op = plan_.task == Task::multi_label || width_ == 1 ? ops::sigmoid : ops::softmax;
    graph.rename(logits, std::string(programs::kLogits));
    const ValueId probabilities = graph.add(op, {logits}, {}, {}, programs::kProbabilities);
    graph.results = {logits, probabilities};
  }

  void add_tensors(const Graph& program) {
    for (const Value& value : program.values) {
      if (value.role != Role::param || plan_.tensor(value.name) != nullptr) continue;
      const auto found = std::ranges::find(imported_.weights, value.name, &onnx::Weight::name);
      WEFT_CHECK(found != imported_.weights.end());
      const auto bytes = std::make_shared<AlignedBytes>(found->values.size() * sizeof(float));
      std::memcpy(bytes->data(), found->values.data(), bytes->size());
      plan_.tensors.push_back({value.name, value.type, value.role, bytes->span(), bytes});
    }
  }

  const std::string& path_;
  const OnnxOptions& options_;
  onnx::Imported imported_;
  std::int64_t width_ = 0;
  Plan plan_;
};

}  // namespace

bool is_onnx_file(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return false;
  std::string extension = std::filesystem::path(path).extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  if (extension == ".onnx") return true;
  // The format has no magic number. Field 1, the version of the format, is written first; then
  // field 2, who wrote it, or field 7, the graph.
  const std::string begin = first_bytes(path, 3);
  return begin.size() == 3 && begin[0] == 0x08 && begin[1] > 0 &&
         (begin[2] == 0x12 || begin[2] == 0x3A);
}

Plan import_onnx(const std::string& path, const OnnxOptions& options,
                 const CompileOptions& compile) {
  const onnx::Model model = onnx::read_model(path);
  return PlanBuilder(path, options, onnx::import_graph(model, options.output, options.pair))
      .build(compile);
}

}  // namespace weft
