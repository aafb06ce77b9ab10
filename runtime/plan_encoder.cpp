// Follows the ids from the input to the tables. Ids that `unique` has renumbered are another
// matter: their rows are made for them, and counted by a symbol.
#include "runtime/plan_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "ir/diagnostic.h"
#include "ir/op.h"
#include "ir/ops/ops.h"
#include "ir/plan/program_interface.h"
#include "runtime/text/tokenizers.h"

namespace weft {
namespace {

// The rows that a node looks ids up in, where their number is fixed.
std::optional<std::int64_t> rows_of(const Graph& program, const Node& node) {
  if (node.op == &ops::unique) return int_attr(node.attrs, "size");
  const auto table = std::ranges::find(node.op->inputs, "table", &PortDef::name);
  if (table == node.op->inputs.end()) return std::nullopt;
  const ValueId value = node.inputs[static_cast<std::size_t>(table - node.op->inputs.begin())];
  const Dim& rows = program[value].type.shape.front();
  return rows.is_static() ? std::optional(rows.value) : std::nullopt;
}

// Error if a node looks the input up in fewer than `count` rows of `rows_name`.
void expect_rows(const Graph& program, std::string_view name, std::int64_t count,
                 std::string_view rows_name, std::string_view what) {
  const std::optional<ValueId> input = program.find(name);
  if (!input) return;
  std::set<ValueId> same{*input};  // numbered as the tokenizer does
  for (const Node& node : program.nodes) {
    const auto port = std::ranges::find(node.op->inputs, OperandRole::ids, &PortDef::role);
    if (port == node.op->inputs.end()) continue;
    const auto at = static_cast<std::size_t>(port - node.op->inputs.begin());
    if (at >= node.inputs.size() || !same.contains(node.inputs[at])) continue;
    const std::optional<std::int64_t> rows = rows_of(program, node);
    if (rows && *rows < count) {
      throw Error(fmt::format("program @{} has {} rows of {}, but the plan's {} are {}",
                              program.name, *rows, rows_name, what, count),
                  "compile or train the model again");
    }
    if (node.op == &ops::token_dropout || node.op == &ops::unique) same.insert(node.outputs[0]);
  }
}

}  // namespace

std::int64_t token_type_count(const TextSettings& text) {
  std::int64_t count = 1;
  const auto see = [&](const TemplatePart& part) {
    count = std::max<std::int64_t>(count, part.type + 1);
  };
  std::ranges::for_each(text.subwords.single, see);
  std::ranges::for_each(text.subwords.pair, see);
  return count;
}

std::unique_ptr<Encoder> plan_encoder(const Plan& plan) {
  std::unique_ptr<Encoder> encoder = make_encoder(plan.text, plan.vocabulary);
  const std::int64_t ids = encoder->id_count(), types = token_type_count(plan.text);
  for (const Graph& program : plan.programs) {
    expect_rows(program, programs::kIds, ids, "word vectors", "words and buckets");
    expect_rows(program, programs::kTypes, types, "token types", "types");
  }
  return encoder;
}

}  // namespace weft
