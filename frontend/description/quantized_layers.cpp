// Codes and code books as weights that are made elsewhere, and the ops that read them.
#include "frontend/description/quantized_layers.h"

#include <fmt/format.h>

#include "ir/ops/ops.h"

namespace weft {
namespace {

// A table of `rows` rows of so many numbers: codes, their code book, and norms where there are any.
std::vector<ValueId> coded_table(LayerBuilder& b, const Dim& rows, std::int64_t width) {
  constexpr std::int64_t kCodes = 256;
  const std::int64_t part = b.integer("part");
  if (part > width) {
    b.fail(fmt::format("a part of {} numbers of {}", part, width), "a part is at most a row");
  }
  const Dim parts((width - 1) / part + 1);
  std::vector<ValueId> table = {
      b.imported("table", {DType::i8, {rows, parts}, {}}),
      b.imported("codebook", {DType::f32, {Dim(kCodes), Dim(width)}, {}})};
  if (b.integer("norms") == 0) {
    table.insert(table.end(), {kNoValue, kNoValue});
  } else {
    table.push_back(b.imported("norms", {DType::i8, {rows}, {}}));
    table.push_back(b.imported("norm_codebook", {DType::f32, {Dim(kCodes)}, {}}));
  }
  return table;
}

}  // namespace

LayerValue build_quantized_embedding(LayerBuilder& b) {
  std::vector<ValueId> operands = {b.text()};
  const auto table = coded_table(b, Dim(kVocabularyRows), b.integer("width"));
  operands.insert(operands.end(), table.begin(), table.end());
  return b.result_like(b.add(ops::quantized_embedding, operands, {{"part", b.integer("part")}}));
}

LayerValue build_quantized_linear(LayerBuilder& b) {
  const LayerValue& x = b.rows(0);
  const auto table = coded_table(b, Dim(b.integer("units")), b.channels(x));
  const ValueId weight = b.add(ops::dequantize, table, {{"part", b.integer("part")}}, "weight");
  return b.result_like(b.add(ops::matmul, {x.id, weight}, {{"transpose_b", std::int64_t{1}}}));
}

}  // namespace weft
