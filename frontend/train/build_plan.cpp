// Builds plans. Everything in one is a function of the description, the overrides and the data.
#include "frontend/train/build_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "frontend/description/edit_description.h"
#include "frontend/description/label_tree.h"
#include "frontend/description/layers.h"
#include "frontend/description/outputs.h"
#include "frontend/description/pretrained_text.h"
#include "frontend/pretrained/pretrained_source.h"
#include "frontend/pretrained/tokenizer_files.h"
#include "frontend/train/count_examples.h"
#include "frontend/train/count_ids.h"
#include "frontend/train/dataset.h"
#include "frontend/train/initialize_weights.h"
#include "frontend/train/memory_limit.h"
#include "frontend/train/plan_forms.h"
#include "frontend/train/plan_settings.h"
#include "ir/op.h"
#include "ir/ops/train/optimizer.h"
#include "ir/plan/program_interface.h"
#include "passes/compile.h"
#include "runtime/resources/memory.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

constexpr std::int64_t kTokensPerText = 128;  // on average, of a full batch without data

// By label, from its count; the mean weight of an example is 1.
std::vector<double> balanced_weights(std::span<const std::int64_t> counts) {
  const auto all =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  std::vector<double> weights;
  for (const std::int64_t count : counts) {
    const double share = static_cast<double>(counts.size()) * static_cast<double>(count);
    weights.push_back(count == 0 ? 0.0 : all / share);
  }
  return weights;
}

void check_labels(const Description& description, const Corpus& corpus) {
  if (!corpus.multi_label() || description.output.name == "sigmoid") return;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    if (corpus.labels(i).size() == 1) continue;
    throw Error(description.output.location,
                fmt::format("{} gives each text one label, but {} has {}", description.output.name,
                            corpus.place(i), corpus.labels(i).size()),
                "write `output sigmoid(logits)`")
        .in(description.file, description.source);
  }
}

// A width that a file of word vectors decided joins the overrides: the plan may be compiled again
// where that file is missing.
Overrides lasting(Overrides overrides, const InitialVectors& initial_vectors) {
  for (const auto& [layer, width] : initial_vectors.widths()) {
    overrides.set(layer + ".width", width);
  }
  for (const auto& [named, name] : initial_vectors.names()) overrides.replace(named, name);
  return overrides;
}

// Only the rewrites make an optimizer lazy: without them it would silently be the plain one.
void check_lazy(const DescriptionSettings& settings, const CompileOptions& options) {
  const OptimizerChoice choice = find_optimizer(settings.optimizer);
  if (options.rewrites || !choice.lazy) return;
  throw Error(fmt::format("without rewrites there is no {}", settings.optimizer),
              fmt::format("write `{}` on the line `train`, or leave out --no-rewrites",
                          choice.op->optimizer));
}

// A plan in the making. Lowered first; then the vocabulary; then programs and tensors.
class Builder {
 public:
  Builder(const Description& description, const Overrides& overrides, const CompileOptions& options,
          const InitialSources& initial)
      : description_(description),
        overrides_(overrides),
        options_(options),
        settings_(settings_of(description, overrides)),
        vectors_(description.file, initial.vectors),
        pretrained_(description.file, initial.pretrained) {
    check_lazy(settings_, options);
  }

  // Embeddings claim their files, and an encoder its folder. `counts`: of the labels; none: they
  // are equally frequent.
  void lower(std::vector<std::string> labels, std::vector<std::int64_t> counts) {
    LoweringContext context;
    context.labels = static_cast<std::int64_t>(labels.size());
    if (settings_.balanced) context.class_weights = balanced_weights(counts);
    if (counts.empty()) counts.assign(labels.size(), 1);
    label_counts_ = counts;
    if (description_.output.name == kHierarchicalSoftmax && labels.size() > 1) {
      tree_ = huffman_tree(counts);
      context.tree_depth = tree_depth(tree_);
    }
    context.initial_vectors = &vectors_;
    context.pretrained = &pretrained_;
    lowered_ = weft::lower(description_, settings_, context, overrides_);
    pretrained_.check_claimed();
    if (pretrained_.config() != nullptr) check_pretrained_text(description_, overrides_);
    plan_.description = without_command(description_.source);
    plan_.settings = settings_json(lasting(overrides_, vectors_), pretrained_.config());
    plan_.task = lowered_.task;
    plan_.labels = std::move(labels);
  }

  // The words of the examples, or those of the pretrained model; then the examples by their ids.
  Dataset take_vocabulary(const CorpusView& examples) {
    if (pretrained_.config() != nullptr) {
      take_tokenizer();
      return encode(examples, *encoder_, plan_.labels);
    }
    CountedTexts counted = count_words(settings_, examples, vectors_);
    plan_.text = settings_.text;
    plan_.vocabulary = {counted.words->bytes, std::span(counted.words->offsets).subspan(1)};
    plan_.owners.push_back(counted.words);
    encoder_ = make_encoder(plan_.text, plan_.vocabulary);
    Dataset data = keeps_ids(plan_.text) ? label(examples, plan_.labels, std::move(counted.ids),
                                                 std::move(counted.offsets))
                                         : encode(examples, *encoder_, plan_.labels);
    if (weighs_all_rows(lowered_.graph) && id_count(plan_.text, 0) > 0) drop_unseen_buckets(data);
    texts_ = static_cast<std::int64_t>(data.size());
    const bool weighs_terms = std::ranges::any_of(lowered_.graph.values, [](const Value& value) {
      return init_of(value) == kDocumentFrequency;
    });
    if (weighs_terms) document_counts_ = document_counts(data, encoder_->id_count());
    return data;
  }

  // A bucket that no text of the data has weighs nothing, now and later: it needs no row.
  void drop_unseen_buckets(Dataset& data) {
    const auto kept = std::make_shared<const std::vector<std::int32_t>>(
        keep_seen_buckets(data, std::ssize(plan_.vocabulary.ends)));
    plan_.vocabulary.kept_buckets = *kept;
    plan_.owners.push_back(kept);
    encoder_ = make_encoder(plan_.text, plan_.vocabulary);
  }

  // The words of a model that was trained elsewhere, which outlives this.
  void take_model(const ImportedModel& model) {
    imported_ = &model;
    plan_.text = settings_.text;
    plan_.vocabulary = {
        model.words->bytes, std::span(model.words->offsets).subspan(1), {}, *model.kept_buckets};
    plan_.owners.insert(plan_.owners.end(), {model.words, model.kept_buckets});
    encoder_ = make_encoder(plan_.text, plan_.vocabulary);
  }

  // The plan reads texts as the pretrained model does, up to the positions it knows.
  void take_tokenizer() {
    const auto files = std::make_shared<const TokenizerFiles>(read_tokenizer(pretrained_.folder()));
    const PretrainedConfig& config = *pretrained_.config();
    plan_.text = files->text;
    plan_.text.max_tokens = std::min(settings_.text.max_tokens, config.longest_text());
    plan_.text.max_windows = settings_.text.max_windows;
    if (plan_.text.max_windows > 1) {
      plan_.text.overlap = overlap_of(settings_, plan_.text.max_tokens);
    }
    plan_.text.pair = settings_.text.pair;
    plan_.vocabulary = files->vocabulary();
    plan_.owners.push_back(files);
    encoder_ = make_encoder(plan_.text, plan_.vocabulary);
    add_tokenizer_notes();
    if (encoder_->id_count() <= config.vocabulary) return;
    throw Error(fmt::format("{}: the tokenizer has {} ids, but the model has vectors for {}",
                            pretrained_.folder(), encoder_->id_count(), config.vocabulary),
                "the folder mixes the files of two models: download it again");
  }

  // `tokens`: of a training batch. With windows, long texts do not make it larger than a batch of
  // texts that are one window each: a batch of many long texts has fewer texts.
  Plan finish(std::int64_t tokens) && {
    const std::int64_t ids = table_rows(encoder_->id_count(), pretrained_.config());
    if (plan_.text.max_windows > 1) {
      tokens = std::min(tokens, settings_.batch * plan_.text.max_tokens);
    }
    const GraphSizes training =
        batch_sizes(ids, settings_.batch, std::max(encoder_->max_ids(), tokens), plan_.text);
    std::vector<std::pair<std::string_view, Compiled>> made;
    made.emplace_back(programs::kPredict,
                      compile_predicting(lowered_.graph, ids, plan_.text, options_));
    if (can_train()) {
      made.emplace_back(programs::kTrain, compile_train(sized(lowered_.graph, training), options_));
    }
    add_programs(std::move(made));
    for (std::string& text : vectors_.report()) plan_.notes.push_back({"", std::move(text)});
    expect_memory(plan_.programs, {.average = settings_.average > 0, .table_rows = 0});
    for (const Graph& program : plan_.programs) add_tensors(program);
    if (const std::string unused = pretrained_.unused(); !unused.empty()) {
      plan_.notes.push_back(
          {"", fmt::format("no layer uses these tensors of {}: {}", pretrained_.folder(), unused)});
    }
    return std::move(plan_);
  }

  const DescriptionSettings& settings() const { return settings_; }
  const PretrainedSource& pretrained() const { return pretrained_; }

 private:
  // Notes on settings that are probably mistakes, but may be meant. Tables often have some more
  // rows, to a round number.
  void add_tokenizer_notes() {
    constexpr std::int64_t kMostSpareRows = 128;
    const PretrainedConfig& config = *pretrained_.config();
    if (config.vocabulary - encoder_->id_count() >= kMostSpareRows) {
      plan_.notes.push_back(
          {"", fmt::format("the tokenizer of {} has {} ids, but vocab_size is {}: "
                           "was a file of the vocabulary cut short?",
                           pretrained_.folder(), encoder_->id_count(), config.vocabulary)});
    }
    if (settings_.text.max_tokens > config.longest_text() && sets_max_tokens()) {
      plan_.notes.push_back(
          {"", fmt::format("max_tokens={}: the model's limit is {}, and texts are "
                           "cut there",
                           settings_.text.max_tokens, config.longest_text())});
    }
  }

  bool sets_max_tokens() const {
    const auto given = overrides_.values();
    return std::ranges::find(description_.text.settings, "max_tokens", &Argument::name) !=
               description_.text.settings.end() ||
           std::ranges::any_of(given, [&](const auto& set) {
             const auto targets = targets_of(description_, set.first);
             return std::ranges::find(targets, "text.max_tokens") != targets.end();
           });
  }

  // All but models of which nothing but codes was imported.
  bool can_train() const {
    return std::ranges::any_of(lowered_.graph.values, [](const Value& value) {
      return value.role == Role::param && value.type.dtype == DType::f32 &&
             !value.attrs.contains("frozen");
    });
  }

  // Both programs first, then those that were made with them.
  void add_programs(std::vector<std::pair<std::string_view, Compiled>> made) {
    for (auto& [name, compiled] : made) {
      plan_.programs.push_back(std::move(compiled.program));
      for (std::string& text : compiled.notes) {
        plan_.notes.push_back({std::string(name), std::move(text)});
      }
    }
    for (auto& [name, compiled] : made) {
      for (auto* const more : {&compiled.load, &compiled.flush, &compiled.encode, &compiled.head}) {
        if (*more) plan_.programs.push_back(std::move(**more));
      }
    }
  }

  // Declares each param and state of a program once among the plan's tensors, at its first value;
  // not those that program @load computes.
  void add_tensors(const Graph& program) {
    for (const Value& value : program.values) {
      if (value.role != Role::param && value.role != Role::state) continue;
      if (plan_.tensor(value.name) != nullptr || value.attrs.contains("computed")) continue;
      const auto size = static_cast<std::size_t>(capacity_bytes(program, value.type));
      if (const auto weight = imported(value.name)) {
        WEFT_CHECK(weight->size() == size);
        plan_.tensors.push_back({value.name, value.type, value.role, weight->span(), weight});
        continue;
      }
      const auto bytes = std::make_shared<AlignedBytes>(size);
      fill(value, bytes->span());
      plan_.tensors.push_back({value.name, value.type, value.role, bytes->span(), bytes});
    }
  }

  // Null: it was not.
  std::shared_ptr<const AlignedBytes> imported(const std::string& name) const {
    if (imported_ == nullptr) return nullptr;
    const auto found = imported_->weights.find(name);
    return found == imported_->weights.end() ? nullptr : found->second;
  }

  // Zeros with a tensor's first value.
  void fill(const Value& value, std::span<std::byte> bytes) {
    const auto numbers = [&] {
      return std::span(reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float));
    };
    if (const auto name = value.attrs.find("pretrained"); name != value.attrs.end()) {
      const std::string& weight = std::get<std::string>(name->second);
      if (pretrained_.read(weight, value.type, numbers())) return;
      plan_.notes.push_back({"", fmt::format("%{} begins at random: {} has no `{}` of its size",
                                             value.name, pretrained_.folder(), weight)});
    }
    if (value.name == kLabelTree) {
      std::memcpy(bytes.data(), tree_.data(), bytes.size());
      return;
    }
    const auto seed = static_cast<std::uint64_t>(settings_.seed);
    const std::string_view init = init_of(value);
    if (init == kDocumentFrequency) {
      term_importance(document_counts_, texts_, std::ssize(plan_.vocabulary.ends), numbers());
      return;
    }
    if (init == kLabelFrequency) {
      if (settings_.balanced) return;  // rare labels count as much as frequent ones
      label_logits(label_counts_, texts_, plan_.task, numbers());
      return;
    }
    initialize(value, seed, bytes);
    const std::string layer = value.name.substr(0, value.name.rfind('.'));
    if (value.role == Role::param && vectors_.fills(layer)) {
      vectors_.fill(layer, seed, value.name, numbers());
    } else if (value.attrs.contains("frozen") && init == "uniform") {
      plan_.notes.push_back({"", layer + ": static, but without vectors: it stays random; give "
                                         "--vectors FILE, or vectors=\"FILE\" in the description"});
    }
    if (value.name == "seed") {
      const auto number = static_cast<std::int32_t>(settings_.seed);
      std::memcpy(bytes.data(), &number, sizeof number);
    }
  }

  const Description& description_;
  const Overrides& overrides_;
  const CompileOptions& options_;
  DescriptionSettings settings_;
  InitialVectors vectors_;
  PretrainedSource pretrained_;
  std::vector<std::int32_t> tree_;  // of labels, where the output is decided by one
  std::vector<std::int64_t> label_counts_;
  std::vector<std::int64_t> document_counts_;  // by id: texts that have it
  std::int64_t texts_ = 0;
  Lowered lowered_;
  Plan plan_;
  std::unique_ptr<const Encoder> encoder_;
  const ImportedModel* imported_ = nullptr;
};

}  // namespace

BuiltPlan build_with_data(const Description& description, const Overrides& overrides,
                          const CorpusView& examples, const CompileOptions& options,
                          const InitialSources& initial) {
  Builder builder(description, overrides, options, initial);
  std::vector<std::string> labels = labels_of(examples);
  check_labels(description, examples.corpus());
  std::vector<std::int64_t> counts = counts_of(examples, labels);
  builder.lower(std::move(labels), std::move(counts));
  Dataset data = builder.take_vocabulary(examples);
  const std::int64_t tokens = data.max_tokens(builder.settings().batch);
  return {std::move(builder).finish(tokens), std::move(data)};
}

Plan build_plan(const Description& description, const Overrides& overrides,
                const CorpusView& examples, const CompileOptions& options,
                const InitialSources& initial) {
  return build_with_data(description, overrides, examples, options, initial).plan;
}

Plan build_without_data(const Description& description, const Overrides& overrides,
                        std::vector<std::string> labels, const CompileOptions& options,
                        const InitialSources& initial) {
  Builder builder(description, overrides, options, initial);
  builder.lower(std::move(labels), {});
  if (builder.pretrained().config() == nullptr) {
    throw Error("the vocabulary and the labels come from data", "give the data: --data FILE");
  }
  builder.take_tokenizer();
  const std::int64_t tokens = builder.settings().batch * kTokensPerText;
  return std::move(builder).finish(tokens);
}

Plan build_imported(const Description& description, std::vector<std::string> labels,
                    const ImportedModel& model, const CompileOptions& options) {
  const Overrides none;
  Builder builder(description, none, options, {});
  builder.lower(std::move(labels), model.label_counts);
  builder.take_model(model);
  const std::int64_t tokens = builder.settings().batch * kTokensPerText;
  return std::move(builder).finish(tokens);
}

}  // namespace weft
