// Compiles programs anew, and leaves out what a form has no use for.
#include "frontend/train/plan_forms.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/train/plan_settings.h"
#include "ir/plan/program_interface.h"
#include "runtime/executor.h"
#include "runtime/resources/memory.h"
#include "runtime/resources/threads.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

// More texts and tokens at once would not be faster: activations should stay in the cache.
constexpr std::int64_t kPredictExamples = 256;
constexpr std::int64_t kPredictTokens = 4096;
constexpr std::int64_t kWidestBytes = 8 << 20;

// Of values with a row for each token, or for each text.
std::int64_t widest_row(const Graph& lowered, std::string_view rows_of) {
  std::int64_t widest = 1;
  for (const Value& value : lowered.values) {
    const Shape& shape = value.type.shape;
    const bool rows = shape.size() == 2 && shape[0].symbol == rows_of;
    if (rows && value.role == Role::computed) widest = std::max(widest, shape[1].value);
  }
  return widest;
}

// Of `most` rows so many that they take few bytes, but not fewer than `least`.
std::int64_t rows_that_fit(std::int64_t most, std::int64_t least, std::int64_t width) {
  while (most > least && most * width * 4 > kWidestBytes) most /= 2;
  return most;
}

bool any_program_reads(const Plan& plan, const std::string& tensor) {
  return std::ranges::any_of(
      plan.programs, [&](const Graph& program) { return program.find_value(tensor) != nullptr; });
}

void drop_unread_tensors(Plan& plan) {
  std::erase_if(plan.tensors,
                [&](const PlanTensor& tensor) { return !any_program_reads(plan, tensor.name); });
}

// Predicts by stored tables: it reads tensors that its description does not have.
bool is_folded(const Plan& plan, const Graph& lowered) {
  const Graph* const predict = plan.program(programs::kPredict);
  return predict != nullptr && std::ranges::any_of(predict->values, [&](const Value& value) {
           return value.persists() && !value.attrs.contains("computed") &&
                  lowered.find_value(value.name) == nullptr;
         });
}

}  // namespace

std::int64_t table_rows(std::int64_t ids, const PretrainedConfig* pretrained) {
  return pretrained != nullptr ? pretrained->vocabulary : ids;
}

std::int64_t table_rows(const Plan& plan) {
  const std::optional<PretrainedConfig> config = pretrained_of(plan);
  return table_rows(id_count(plan.text, plan.vocabulary), config ? &*config : nullptr);
}

Compiled compile_predicting(const Graph& lowered, std::int64_t ids, const TextSettings& text,
                            const CompileOptions& options) {
  // Fewer where rows are wide: of many channels, or of a number for each of many labels.
  const std::int64_t fitting =
      rows_that_fit(kPredictTokens, 256, widest_row(lowered, programs::kTokens));
  const std::int64_t tokens = std::max(fitting, max_ids(text));
  const std::int64_t examples =
      rows_that_fit(kPredictExamples, 16, widest_row(lowered, programs::kTexts));
  return compile_predict(sized(lowered, batch_sizes(ids, examples, tokens, text)), options);
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
  const Lowered lowered = lower_again(plan);
  Compiled predict = compile_predicting(lowered.graph, table_rows(plan), plan.text, options);

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
      if (!value.persists() || value.attrs.contains("computed")) continue;
      if (plan.tensor(value.name) != nullptr) continue;
      throw Error(
          fmt::format("the plan does not hold %{}, which @{} would read", value.name, program.name),
          is_folded(plan, lowered.graph)
              ? "it holds tables that --fold or --deploy made: use the plan that it was "
                "made from"
              : "compile the description anew");
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

}  // namespace weft
