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
#include "ir/plan/program_interface.h"
#include "passes/compile.h"
#include "runtime/executor.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

// What a predicting program takes at once. Larger requests are cut; more would not be faster, since
// activations should stay in the cache.
constexpr std::int64_t kPredictExamples = 256;
constexpr std::int64_t kPredictTokens = 4096;

// The words of the data and, where they fit in, more of the pretrained vectors.
std::shared_ptr<const WordList> choose_words(const DescriptionSettings& settings,
                                             const Corpus& corpus,
                                             std::span<const std::uint32_t> rows,
                                             InitialVectors& initial_vectors) {
  VocabularyBuilder builder(settings.text);
  const auto longest = static_cast<std::size_t>(settings.text.max_tokens);
  const std::size_t count = rows.empty() ? corpus.size() : rows.size();
  for (std::size_t i = 0; i < count; ++i) {
    builder.add(corpus.text(rows.empty() ? i : rows[i]), longest);
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
  return std::make_shared<const WordList>(std::move(words));
}

// Lowers the description once, with sizes of no account, so that its embeddings claim their files.
// What a file decided joins the overrides, for the plan is compiled again where there is no file.
void claim_vectors(const Description& description, const DescriptionSettings& settings,
                   const Corpus& corpus, Overrides& overrides, InitialVectors& initial_vectors) {
  LoweringSizes sizes;
  sizes.vocabulary = settings.vocabulary;
  sizes.labels = static_cast<std::int64_t>(corpus.label_names().size());
  sizes.examples = settings.batch;
  sizes.tokens = settings.text.max_tokens;
  sizes.initial_vectors = &initial_vectors;
  lower(description, settings, sizes, overrides);
  for (const auto& [layer, width] : initial_vectors.widths())
    overrides.set(layer + ".width", width);
  for (const auto& [named, name] : initial_vectors.names()) overrides.replace(named, name);
}

// The mean weight of an example is 1.
std::vector<double> balanced_weights(const Dataset& data, std::size_t labels) {
  std::vector<double> counts(labels, 0.0);
  for (const std::int32_t label : data.labels) counts[static_cast<std::size_t>(label)] += 1;
  const auto present =
      static_cast<double>(std::ranges::count_if(counts, [](double n) { return n > 0; }));
  for (double& n : counts) {
    n = n == 0 ? 1.0 : static_cast<double>(data.labels.size()) / (present * n);
  }
  return counts;
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

Compiled compile_predicting(const Description& description, const DescriptionSettings& settings,
                            LoweringSizes sizes, Overrides& overrides,
                            const CompileOptions& options) {
  sizes.examples = kPredictExamples;
  sizes.tokens = std::max(kPredictTokens, max_ids(settings.text));
  return compile_predict(lower(description, settings, sizes, overrides).graph, options);
}

bool any_program_reads(const Plan& plan, const std::string& tensor) {
  return std::ranges::any_of(
      plan.programs, [&](const Graph& program) { return program.find_value(tensor) != nullptr; });
}

void drop_unread_tensors(Plan& plan) {
  std::erase_if(plan.tensors,
                [&](const PlanTensor& tensor) { return !any_program_reads(plan, tensor.name); });
}

// A lazy optimizer is what the rewrites make of it: without them it would be its namesake, unsaid.
void check_lazy(const DescriptionSettings& settings, const CompileOptions& options) {
  if (options.rewrites || !settings.optimizer.starts_with(kLazyOptimizer)) return;
  throw Error(fmt::format("without rewrites there is no {}", settings.optimizer),
              fmt::format("write `{}` on the line `train`, or leave out --no-rewrites",
                          std::string_view(settings.optimizer).substr(kLazyOptimizer.size())));
}

}  // namespace

Plan build_plan(const Description& description, Overrides overrides, const Corpus& corpus,
                std::span<const std::uint32_t> rows, const CompileOptions& options,
                VectorsOptions vectors) {
  const DescriptionSettings settings = settings_of(description, overrides);
  check_labels(description, corpus);
  check_lazy(settings, options);
  InitialVectors initial_vectors(description.file, std::move(vectors));
  claim_vectors(description, settings, corpus, overrides, initial_vectors);
  const auto words = choose_words(settings, corpus, rows, initial_vectors);

  Plan plan;
  plan.description = description.source;
  plan.text = settings.text;
  plan.labels = corpus.label_names();
  plan.vocabulary = {words->bytes, std::span(words->offsets).subspan(1)};
  plan.owners.push_back(words);

  const auto encoder = make_encoder(plan.text, plan.vocabulary);
  const Dataset data = encode(corpus, rows, *encoder, plan.labels);
  LoweringSizes sizes;
  sizes.vocabulary = encoder->id_count();
  sizes.labels = static_cast<std::int64_t>(plan.labels.size());
  sizes.examples = settings.batch;
  sizes.tokens = std::max(encoder->max_ids(), data.max_tokens(settings.batch));
  if (settings.balanced) sizes.class_weights = balanced_weights(data, plan.labels.size());
  const Lowered forward = lower(description, settings, sizes, overrides);
  plan.task = forward.task;

  Compiled predict = compile_predicting(description, settings, sizes, overrides, options);
  Compiled train = compile_train(forward.graph, options);
  plan.programs = {std::move(predict.program), std::move(train.program)};
  if (predict.load) plan.programs.push_back(std::move(*predict.load));
  if (train.flush) plan.programs.push_back(std::move(*train.flush));
  for (std::string& text : predict.notes)
    plan.notes.push_back({std::string(programs::kPredict), std::move(text)});
  for (std::string& text : train.notes)
    plan.notes.push_back({std::string(programs::kTrain), std::move(text)});
  for (std::string& text : initial_vectors.report()) plan.notes.push_back({"", std::move(text)});
  expect_memory(plan.programs);
  for (const Graph& program : plan.programs) add_tensors(plan, program, settings, initial_vectors);

  nlohmann::json json;
  json["overrides"] = overrides.assignments();
  plan.settings = json.dump();
  return plan;
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
  Overrides overrides = overrides_of(plan);
  const DescriptionSettings settings = settings_of(description, overrides);
  LoweringSizes sizes;
  sizes.vocabulary = id_count(plan.text, static_cast<std::int64_t>(plan.vocabulary.ends.size()));
  sizes.labels = static_cast<std::int64_t>(plan.labels.size());
  Compiled predict = compile_predicting(description, settings, sizes, overrides, options);

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
