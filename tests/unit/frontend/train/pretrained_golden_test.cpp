// Published models against what PyTorch computes with them in double precision: hidden states,
// logits, gradients of every weight, twenty steps of AdamW. The numbers belong to the development
// data; ../shared/data/pretrained/README.md says how they were made.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "frontend/description/lower.h"
#include "frontend/pretrained/family.h"
#include "frontend/pretrained/safetensors.h"
#include "frontend/train/import_pretrained.h"
#include "frontend/train/plan_settings.h"
#include "ir/plan/program_interface.h"
#include "passes/compile.h"
#include "passes/passes.h"
#include "runtime/executor.h"
#include "runtime/session.h"
#include "tests/support/source_folder.h"
#include "tests/support/temporary_file.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

const fs::path kFolders = test::source_folder() / "../shared/data/pretrained";

bool skipped() {
  if (fs::exists(kFolders)) return false;
  MESSAGE("skipped: there are no pretrained models: they belong in ../shared/data/pretrained");
  return true;
}

std::vector<std::string> folders(bool classifiers_only) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolders)) {
    const std::string name = entry.path().filename().string();
    const bool classifier = name.ends_with("classifier");
    if (entry.is_directory() && (classifier || !classifiers_only)) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

class Golden {
 public:
  explicit Golden(const fs::path& path) : file_(path.string()) {}

  const StoredTensor* find(const std::string& name) const {
    return find_tensor(file_.tensors(), name);
  }
  std::vector<float> floats(const std::string& name) const {
    const StoredTensor* tensor = find(name);
    REQUIRE_MESSAGE(tensor != nullptr, name);
    std::vector<float> values(static_cast<std::size_t>(tensor->elements()));
    read_values(*tensor, values);
    return values;
  }
  std::vector<std::int32_t> integers(const std::string& name) const {
    const StoredTensor* tensor = find(name);
    REQUIRE_MESSAGE(tensor != nullptr, name);
    REQUIRE(tensor->type == "I32");
    std::vector<std::int32_t> values(static_cast<std::size_t>(tensor->elements()));
    std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    return values;
  }
  std::span<const StoredTensor> tensors() const { return file_.tensors(); }

 private:
  SafetensorsFile file_;
};

// The greatest difference, of numbers whose greatest is about 1 or more.
double distance(std::span<const float> a, std::span<const float> b) {
  REQUIRE(a.size() == b.size());
  double greatest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
    if (!(d <= greatest)) greatest = d;
  }
  return greatest;
}

// A model of a folder without dropout, its graph and its weights, and one batch.
class Model {
 public:
  Model(const std::string& folder, const Golden& golden)
      : plan(import_pretrained((kFolders / folder).string(), labels(folder))),
        ids_(golden.integers("ids")),
        offsets_(golden.integers("offsets")) {
    const Description description = parse_description(plan.description);
    std::vector<std::string> set{"pretrained.dropout=0", "pretrained.attention_dropout=0",
                                 "clip_norm=0"};
    if (plan.description.find("dropout(") != std::string::npos) set.emplace_back("dropout.rate=0");
    const Overrides overrides(set);
    PretrainedSource source(*pretrained_of(plan));
    const DescriptionSettings settings = settings_of(description, overrides);
    const LoweringContext context{
        static_cast<std::int64_t>(plan.labels.size()), {}, nullptr, &source};
    graph =
        sized(lower(description, settings, context, overrides).graph,
              {source.config()->vocabulary, examples(), static_cast<std::int64_t>(ids_.size())});
  }

  std::int64_t examples() const { return static_cast<std::int64_t>(offsets_.size()) - 1; }

  // Runs a program on the batch.
  void run(Executor& executor) const {
    std::ranges::copy(ids_, executor.input_i32(programs::kIds).begin());
    std::ranges::copy(offsets_, executor.input_i32(programs::kOffsets).begin());
    executor.run({{programs::kTexts, examples()},
                  {programs::kTokens, static_cast<std::int64_t>(ids_.size())}});
  }

  // The tensors of a program, its states zero where the plan has none.
  std::vector<PlanTensor> tensors(const Graph& program) {
    std::vector<PlanTensor> all;
    for (const Value& value : program.values) {
      if (value.role != Role::param && value.role != Role::state) continue;
      if (const PlanTensor* known = plan.tensor(value.name)) {
        all.push_back(*known);
        continue;
      }
      zeros_.emplace_back(static_cast<std::size_t>(capacity_bytes(program, value.type)));
      all.push_back({value.name, value.type, value.role, zeros_.back().span()});
    }
    return all;
  }

  Plan plan;
  Graph graph;

 private:
  static std::vector<std::string> labels(const std::string& folder) {
    if (folder.ends_with("classifier")) return {};
    return {"one", "two"};
  }

  std::vector<std::int32_t> ids_, offsets_;
  std::deque<AlignedBytes> zeros_;
};

// The value that holds the rows after so many layers.
std::string hidden(const PretrainedConfig& config, std::int64_t layers) {
  const bool decoder = find_family(config.family)->decoder;
  if (decoder && layers == config.layers) return "x.pretrained.final_norm";
  if (layers == 0) return decoder ? "x.pretrained.sum" : "x.pretrained.embedding_norm";
  return fmt::format("x.pretrained.layer{}.{}", layers - 1, decoder ? "feed_sum" : "feed_norm");
}

TEST_CASE("hidden states are those of PyTorch") {
  if (skipped()) return;
  for (const std::string& folder : folders(false)) {
    CAPTURE(folder);
    const Golden golden(kFolders / folder / "golden/states.safetensors");
    Model model(folder, golden);
    const PretrainedConfig config = *pretrained_of(model.plan);
    model.graph.results.clear();
    for (std::int64_t layer = 0; layer <= config.layers; ++layer) {
      const auto value = model.graph.find(hidden(config, layer));
      REQUIRE_MESSAGE(value.has_value(), hidden(config, layer));
      model.graph.results.push_back(*value);
    }
    const auto pooled = model.graph.find("logits.pooler");
    if (golden.find("pooled") != nullptr && pooled) model.graph.results.push_back(*pooled);
    PassContext context;
    const Graph program = run_passes(model.graph, parse_passes("predict"), context);
    Memory memory(model.tensors(program), Access::shared);
    Executor executor(program, memory, 1);
    model.run(executor);
    for (std::int64_t layer = 0; layer <= config.layers; ++layer) {
      CAPTURE(layer);
      const auto found = executor.result(hidden(config, layer)).f32();
      CHECK(distance(found, golden.floats(fmt::format("hidden.{}", layer))) < 1e-4);
    }
    CHECK(distance(executor.result(hidden(config, config.layers)).f32(), golden.floats("last")) <
          1e-4);
  }
}

TEST_CASE("an imported classifier predicts the published logits at once") {
  if (skipped()) return;
  for (const std::string& folder : folders(true)) {
    CAPTURE(folder);
    const Golden golden(kFolders / folder / "golden/training.safetensors");
    Session session(import_pretrained((kFolders / folder).string(), {}), {.threads = 1});
    CHECK(session.labels() == std::vector<std::string>{"calm", "glad", "sad"});
    const auto ids = golden.integers("ids"), offsets = golden.integers("offsets");
    const std::vector<std::int64_t> wide(offsets.begin(), offsets.end());
    Predictions out;
    session.predict_ids({ids, wide}, out);
    const std::vector<float> logits = golden.floats("logits");
    for (std::size_t i = 0; i < out.size(); ++i) {
      CHECK(distance(out.logits(i), std::span(logits).subspan(i * 3, 3)) < 1e-4);
    }
  }
}

// Writes a stored tensor's gradient to its place in the gradient of a whole weight.
void put(const FamilyTensor& tensor, std::span<const float> stored, std::int64_t columns,
         std::span<float> whole) {
  const bool vector = tensor.shape.size() == 1;
  const std::int64_t first = vector ? 1 : tensor.shape[0], second = tensor.shape.back();
  for (std::int64_t i = 0; i < first; ++i) {
    for (std::int64_t j = 0; j < second; ++j) {
      const bool turned = tensor.layout == Layout::transposed;
      const std::int64_t row = turned ? j : i, column = turned ? i : j;
      whole[static_cast<std::size_t>(row * columns + tensor.first_column() + column)] =
          stored[static_cast<std::size_t>(i * second + j)];
    }
  }
}

TEST_CASE("gradients of every weight are those of PyTorch") {
  if (skipped()) return;
  for (const std::string& folder : folders(true)) {
    CAPTURE(folder);
    const Golden golden(kFolders / folder / "golden/training.safetensors");
    Model model(folder, golden);
    PassContext context;
    const Graph trained = run_passes(
        model.graph, parse_passes("sink-pick,autodiff,fuse-conv1d-bias-relu,dce,plan-memory"),
        context);
    Memory memory(model.tensors(trained), Access::shared);
    Executor executor(trained, memory, 1);
    std::ranges::copy(golden.integers("labels"), executor.input_i32(programs::kLabels).begin());
    model.run(executor);
    CHECK(distance(executor.result(programs::kLoss).f32(), golden.floats("loss")) < 1e-5);

    const PretrainedConfig config = *pretrained_of(model.plan);
    const Family& family = *find_family(config.family);
    std::map<std::string, std::vector<float>> expected;  // by weft's name
    std::map<std::string, std::int64_t> columns;
    for (const PretrainedWeight& weight : pretrained_weights(config, true)) {
      std::int64_t size = 1;
      for (const std::int64_t extent : weight.shape) size *= extent;
      expected[weight.name].resize(static_cast<std::size_t>(size));
      columns[weight.name] = weight.shape.back();
    }
    std::size_t found = 0;
    for (const FamilyTensor& tensor : tensors_of(family, config, family.prefix, true)) {
      const std::string name = "grad." + tensor.name;
      if (golden.find(name) == nullptr) continue;
      put(tensor, golden.floats(name), columns.at(tensor.weight), expected.at(tensor.weight));
      ++found;
    }
    const auto is_gradient = [](const StoredTensor& t) { return t.name.starts_with("grad."); };
    CHECK(found == static_cast<std::size_t>(std::ranges::count_if(golden.tensors(), is_gradient)));
    std::size_t checked = 0;
    for (const Value& value : model.graph.values) {
      const auto weight = value.attrs.find("pretrained");
      if (weight == value.attrs.end()) continue;
      CAPTURE(value.name);
      const auto gradient = executor.result(value.name + ".grad").f32();
      CHECK(distance(gradient, expected.at(std::get<std::string>(weight->second))) < 1e-4);
      ++checked;
    }
    CHECK(checked ==
          expected.size() -
              (expected.contains("pooler.weight") && !family.classifier_takes_pooler ? 2U : 0U));
  }
}

TEST_CASE("twenty steps of AdamW lose what PyTorch's lose") {
  if (skipped()) return;
  for (const std::string& folder : folders(true)) {
    CAPTURE(folder);
    const Golden golden(kFolders / folder / "golden/training.safetensors");
    Model model(folder, golden);
    for (Value& value : model.graph.values) value.attrs.erase("decay");  // PyTorch's decays all
    const Compiled compiled = compile_train(model.graph);
    Memory memory(model.tensors(compiled.program), Access::owned);
    Executor executor(compiled.program, memory, 2);
    const auto step = [&](float rate) {  // inputs give their place to other values
      std::ranges::copy(golden.integers("labels"), executor.input_i32(programs::kLabels).begin());
      executor.input_f32(programs::kRate)[0] = rate;
      model.run(executor);
      memory.changed();
    };
    std::vector<float> losses;
    for (int i = 0; i < 20; ++i) {
      step(0.001F);
      losses.push_back(executor.result(programs::kLoss).f32()[0]);
    }
    CHECK(distance(losses, golden.floats("adamw.losses")) < 1e-4);
    step(0);
    CHECK(distance(executor.result(programs::kLogits).f32(), golden.floats("adamw.logits")) < 1e-3);
  }
}

TEST_CASE("an exported plan is imported again to the same bits") {
  if (skipped()) return;
  for (const std::string& folder : folders(true)) {
    CAPTURE(folder);
    const Plan plan = import_pretrained((kFolders / folder).string(), {});
    const TemporaryFile place("exported", "");
    const fs::path exported = place.path() + ".folder";
    CHECK(export_pretrained(plan, exported.string()));
    const Plan again = import_pretrained(exported.string(), {});
    fs::remove_all(exported);
    CHECK(again.labels == plan.labels);
    CHECK(again.text == plan.text);
    CHECK(again.vocabulary.words == plan.vocabulary.words);
    CHECK(again.description == plan.description);
    REQUIRE(again.tensors.size() == plan.tensors.size());
    for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
      CHECK(again.tensors[i].name == plan.tensors[i].name);
      CHECK(std::ranges::equal(again.tensors[i].bytes, plan.tensors[i].bytes));
    }
  }
}

}  // namespace
}  // namespace weft
