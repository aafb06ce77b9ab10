// Builds plans. Everything in one is a function of the description, the overrides and the data.
#include "frontend/train/build_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "frontend/data/vocabulary_builder.h"
#include "frontend/train/dataset.h"
#include "frontend/train/initialize_weights.h"
#include "frontend/train/memory_limit.h"
#include "ir/op.h"
#include "ir/ops/train/optimizer.h"
#include "ir/plan/program_interface.h"
#include "passes/compile.h"
#include "runtime/executor.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

// The capacity of a predicting program. Larger requests are cut; more would not be faster, since
// activations should stay in the cache.
constexpr std::int64_t kPredictExamples = 256;
constexpr std::int64_t kPredictTokens = 4096;

// The vocabulary of the training texts, and the texts themselves where its words are all they
// become.
struct CountedTexts {
  std::shared_ptr<const WordList> words;
  std::vector<std::int32_t> ids = {};
  std::vector<std::int64_t> offsets{0};
};

// The words of the data and, where they fit in, more of the initial vectors.
CountedTexts count_words(const DescriptionSettings& settings, const CorpusView& examples,
                         InitialVectors& initial_vectors) {
  CountedTexts counted;
  VocabularyBuilder builder(settings.text);
  const bool keep = tokenizer_of(settings.text).looks_up_words;
  const auto longest = static_cast<std::size_t>(settings.text.max_tokens);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    builder.add(examples.text(i), longest, keep ? &counted.ids : nullptr);
    counted.offsets.push_back(static_cast<std::int64_t>(counted.ids.size()));
  }
  VocabularyOptions options;
  options.max_size = static_cast<std::size_t>(settings.vocabulary);
  options.min_count = static_cast<std::uint64_t>(settings.min_count);
  std::vector<std::uint64_t> counts;
  WordList words = builder.build(options, &counts);
  if (!initial_vectors.empty()) {
    const std::size_t room = options.max_size - std::min(options.max_size, words.size());
    words = initial_vectors.read(std::move(words), counts, settings.text,
                                 std::min(room, static_cast<std::size_t>(settings.added_words)));
  }
  counted.words = std::make_shared<const WordList>(std::move(words));
  if (!keep) return counted;
  const std::vector<std::int32_t> ids = builder.ids(Vocabulary(*counted.words));
  for (std::int32_t& id : counted.ids) id = ids[static_cast<std::size_t>(id)];  // was a number
  return counted;
}

Dataset training_data(const CorpusView& examples, CountedTexts& counted, const Encoder& encoder,
                      const Plan& plan) {
  if (!tokenizer_of(plan.text).looks_up_words) return encode(examples, encoder, plan.labels);
  return label(examples, plan.labels, std::move(counted.ids), std::move(counted.offsets));
}

// By label; the mean weight of an example is 1.
std::vector<double> balanced_weights(const CorpusView& examples) {
  std::vector<double> weights(examples.corpus().label_names().size(), 0.0);
  double all = 0;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    for (const std::uint32_t label : examples.labels(i)) {
      weights[label] += 1;
      all += 1;
    }
  }
  const auto present =
      static_cast<double>(std::ranges::count_if(weights, [](double n) { return n > 0; }));
  for (double& n : weights) n = n == 0 ? 1.0 : all / (present * n);
  return weights;
}

void check_labels(const Description& description, const Corpus& corpus) {
  if (corpus.label_names().empty()) {
    throw Error("no example has a label", "label some texts, or name another --label-column");
  }
  if (!corpus.multi_label() || description.output.name != "softmax") return;
  for (std::size_t i = 0; i < corpus.size(); ++i) {
    if (corpus.labels(i).size() == 1) continue;
    throw Error(description.output.location,
                fmt::format("softmax gives each text one label, but the example on line {} has {}",
                            corpus.line(i), corpus.labels(i).size()),
                "write `output sigmoid(logits)`")
        .in(description.file, description.source);
  }
}

// Declares each param and state of a program once among the plan's tensors, at its first value; not
// those that program @load computes.
void add_tensors(Plan& plan, const Graph& program, const DescriptionSettings& settings,
                 const InitialVectors& initial_vectors) {
  for (const Value& value : program.values) {
    if (value.role != Role::param && value.role != Role::state) continue;
    if (plan.tensor(value.name) != nullptr || value.attrs.contains("computed")) continue;
    const auto size = static_cast<std::size_t>(capacity_bytes(program, value.type));
    const auto bytes = std::make_shared<AlignedBytes>(size);
    const auto seed = static_cast<std::uint64_t>(settings.seed);
    initialize(value, seed, bytes->span());
    const std::string layer = value.name.substr(0, value.name.rfind('.'));
    if (value.role == Role::param && initial_vectors.fills(layer)) {
      initial_vectors.fill(layer, seed, value.name,
                           {reinterpret_cast<float*>(bytes->data()), size / sizeof(float)});
    }
    if (value.name == "seed") {
      const auto number = static_cast<std::int32_t>(settings.seed);
      std::memcpy(bytes->data(), &number, sizeof number);
    }
    plan.tensors.push_back({value.name, value.type, value.role, bytes->span()});
    plan.owners.push_back(bytes);
  }
}

// `ids`: how many there are, as rows of the tables of word vectors.
Compiled compile_predicting(const Graph& lowered, std::int64_t ids, const TextSettings& text,
                            const CompileOptions& options) {
  return compile_predict(sized(lowered, {.vocabulary = ids,
                                         .examples = kPredictExamples,
                                         .tokens = std::max(kPredictTokens, max_ids(text))}),
                         options);
}

Compiled compile_training(const Graph& lowered, const Encoder& encoder, const Dataset& data,
                          std::int64_t batch, const CompileOptions& options) {
  return compile_train(
      sized(lowered, {.vocabulary = encoder.id_count(),
                      .examples = batch,
                      .tokens = std::max(encoder.max_ids(), data.max_tokens(batch))}),
      options);
}

void add_programs(Plan& plan, Compiled predict, Compiled train) {
  plan.programs = {std::move(predict.program), std::move(train.program)};
  if (predict.load) plan.programs.push_back(std::move(*predict.load));
  if (train.flush) plan.programs.push_back(std::move(*train.flush));
  for (std::string& text : predict.notes) {
    plan.notes.push_back({std::string(programs::kPredict), std::move(text)});
  }
  for (std::string& text : train.notes) {
    plan.notes.push_back({std::string(programs::kTrain), std::move(text)});
  }
}

// A width that a file of word vectors decided joins the overrides: the plan may be compiled again
// where that file is missing.
std::string settings_json(Overrides overrides, const InitialVectors& initial_vectors) {
  for (const auto& [layer, width] : initial_vectors.widths()) {
    overrides.set(layer + ".width", width);
  }
  for (const auto& [named, name] : initial_vectors.names()) overrides.replace(named, name);
  nlohmann::json json;
  json["overrides"] = overrides.assignments();
  return json.dump();
}

// A table that training does not change needs vectors from elsewhere.
void note_random_tables(Plan& plan, const Graph& lowered, const InitialVectors& initial_vectors) {
  for (const Value& value : lowered.values) {
    const std::string layer = value.name.substr(0, value.name.rfind('.'));
    if (value.role != Role::param || !value.attrs.contains("frozen") ||
        initial_vectors.fills(layer) || layer.find("embedding") == std::string::npos) {
      continue;
    }
    plan.notes.push_back({"", layer + ": static, but without vectors: it stays random; give "
                                      "--vectors FILE, or vectors=\"FILE\" in the description"});
  }
}

bool any_program_reads(const Plan& plan, const std::string& tensor) {
  return std::ranges::any_of(
      plan.programs, [&](const Graph& program) { return program.find_value(tensor) != nullptr; });
}

void drop_unread_tensors(Plan& plan) {
  std::erase_if(plan.tensors,
                [&](const PlanTensor& tensor) { return !any_program_reads(plan, tensor.name); });
}

// Only the rewrites make an optimizer lazy: without them it would silently be the plain one.
void check_lazy(const DescriptionSettings& settings, const CompileOptions& options) {
  const OptimizerChoice choice = find_optimizer(settings.optimizer);
  if (options.rewrites || !choice.lazy) return;
  throw Error(fmt::format("without rewrites there is no {}", settings.optimizer),
              fmt::format("write `{}` on the line `train`, or leave out --no-rewrites",
                          choice.op->optimizer));
}

}  // namespace

BuiltPlan build_with_data(const Description& description, const Overrides& overrides,
                          const CorpusView& examples, const CompileOptions& options,
                          VectorsOptions vectors) {
  const DescriptionSettings settings = settings_of(description, overrides);
  check_labels(description, examples.corpus());
  check_lazy(settings, options);
  InitialVectors initial_vectors(description.file, std::move(vectors));
  LoweringContext context;
  context.labels = static_cast<std::int64_t>(examples.corpus().label_names().size());
  if (settings.balanced) context.class_weights = balanced_weights(examples);
  context.initial_vectors = &initial_vectors;  // embeddings claim their files
  const Lowered lowered = lower(description, settings, context, overrides);
  CountedTexts counted = count_words(settings, examples, initial_vectors);

  Plan plan;
  plan.description = description.source;
  plan.settings = settings_json(overrides, initial_vectors);
  plan.text = settings.text;
  plan.task = lowered.task;
  plan.labels = examples.corpus().label_names();
  plan.vocabulary = {counted.words->bytes, std::span(counted.words->offsets).subspan(1)};
  plan.owners.push_back(counted.words);
  const auto encoder = make_encoder(plan.text, plan.vocabulary);
  Dataset data = training_data(examples, counted, *encoder, plan);
  add_programs(plan, compile_predicting(lowered.graph, encoder->id_count(), plan.text, options),
               compile_training(lowered.graph, *encoder, data, settings.batch, options));
  for (std::string& text : initial_vectors.report()) plan.notes.push_back({"", std::move(text)});
  note_random_tables(plan, lowered.graph, initial_vectors);
  expect_memory(plan.programs);
  for (const Graph& program : plan.programs) add_tensors(plan, program, settings, initial_vectors);
  return {std::move(plan), std::move(data)};
}

Plan build_plan(const Description& description, const Overrides& overrides,
                const CorpusView& examples, const CompileOptions& options, VectorsOptions vectors) {
  return build_with_data(description, overrides, examples, options, std::move(vectors)).plan;
}

Plan predict_only(const Plan& plan) {
  Plan small = plan;
  std::erase_if(small.programs, [](const Graph& program) {
    return program.name != programs::kPredict && program.name != programs::kLoad;
  });
  if (small.program(programs::kPredict) == nullptr) {
    throw Error("the plan holds no program that predicts", "compile it again");
  }
  drop_unread_tensors(small);
  std::erase_if(small.notes, [](const PlanNote& note) { return note.program == programs::kTrain; });
  return small;
}

Plan recompile_predict(const Plan& plan, const CompileOptions& options) {
  const Description description = parse_description(plan.description, "the plan's description");
  const Overrides overrides = overrides_of(plan);
  const DescriptionSettings settings = settings_of(description, overrides);
  const auto labels = static_cast<std::int64_t>(plan.labels.size());
  const Lowered lowered = lower(description, settings, {labels}, overrides);
  const auto words = static_cast<std::int64_t>(plan.vocabulary.ends.size());
  Compiled predict =
      compile_predicting(lowered.graph, id_count(plan.text, words), plan.text, options);

  Plan changed = plan;
  const auto replaced = [](std::string_view program) {
    return program == programs::kPredict || program == programs::kLoad;
  };
  std::erase_if(changed.programs, [&](const Graph& program) { return replaced(program.name); });
  std::erase_if(changed.notes, [&](const PlanNote& note) { return replaced(note.program); });
  changed.programs.insert(changed.programs.begin(), std::move(predict.program));
  if (predict.load) changed.programs.push_back(std::move(*predict.load));
  for (std::string& text : predict.notes)
    changed.notes.push_back({std::string(programs::kPredict), std::move(text)});
  for (const Graph& program : changed.programs) {
    for (const Value& value : program.values) {
      if (value.role != Role::param || plan.tensor(value.name) != nullptr) continue;
      throw Error(fmt::format("the plan does not hold the weights %{}", value.name),
                  "it was made with --fold: use the plan that it was made from");
    }
  }
  return changed;
}

Plan fold_tables(const Plan& plan) {
  Plan small = predict_only(plan);
  const Graph* load = small.program(programs::kLoad);
  if (load == nullptr) return small;
  std::vector<PlanTensor> computed;
  for (const Write& write : load->writes) {
    const Value& state = (*load)[write.target];
    computed.push_back({state.name, state.type, state.role, {}});
  }
  const auto memory = std::make_shared<Memory>(small.tensors, Access::shared, computed);
  Executor(*load, *memory, default_threads()).run({});
  for (PlanTensor& tensor : computed) tensor.bytes = memory->writable_tensor(tensor.name);
  small.owners.push_back(memory);
  small.tensors.insert(small.tensors.end(), computed.begin(), computed.end());
  std::erase_if(small.programs,
                [](const Graph& program) { return program.name == programs::kLoad; });
  for (Value& value : small.programs.front().values) value.attrs.erase("computed");
  drop_unread_tensors(small);
  return small;
}

Overrides overrides_of(const Plan& plan) {
  const auto json = nlohmann::json::parse(plan.settings, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> assignments;
  if (json.is_object() && json.contains("overrides") && json["overrides"].is_array()) {
    for (const auto& assignment : json["overrides"]) {
      if (assignment.is_string()) assignments.push_back(assignment.get<std::string>());
    }
  }
  return Overrides(assignments);
}

}  // namespace weft
