// Tables whose rows are kept as codes: product quantisation (Jegou et al. 2011), as fastText
// compresses its models (Joulin et al. 2016).
//
// A row of D numbers is cut into parts of `part` numbers, the last of what remains; each is one of
// 256 vectors of the code book: `part m of a row = codebook[table[row, m] + 128]` at the part's
// columns. Where there are norms, the row is that times `norm_codebook[norms[row] + 128]`.
#include <algorithm>

#include "ir/ops/common.h"
#include "ir/ops/ops.h"

namespace weft {
namespace {

constexpr std::int64_t kCodes = 256;

// The table and its code books at the ports from `table` on; returns the type of `rows` rows.
TensorType rows_type(const InferContext& v, std::size_t table, const Dim& rows) {
  const std::size_t codebook = table + 1, norms = table + 2, norm_codebook = table + 3;
  v.expect_dtype(table, DType::i8);
  v.expect_rank(table, 2);
  const TensorType& codes = expect_float(v, codebook, 2);
  const Dim& parts = v.type(table).shape[1];
  const Dim& width = codes.shape[1];
  const std::int64_t part = int_attr(v.attrs, "part");
  const bool fits = codes.shape[0] == Dim(kCodes) && width.is_static() && part >= 1 &&
                    part <= width.value && parts == Dim((width.value - 1) / part + 1);
  if (!fits) {
    v.fail(fmt::format("{} and part={}, but {}", describe(v, table), part, describe(v, codebook)),
           "the code book is f32[256, D], and D is made up of M parts of `part` numbers, of which "
           "the last may have fewer");
  }
  if (v.has(norms) != v.has(norm_codebook)) {
    v.fail("norms and their code book go together", "give both, or none");
  }
  if (v.has(norms)) {
    v.expect_same(norms, {DType::i8, {v.type(table).shape[0]}, {}});
    v.expect_same(norm_codebook, float_type({Dim(kCodes)}));
  }
  return float_type({rows, width});
}

std::size_t code_at(const EvalContext& v, const Tensor& codes, std::size_t i) {
  return static_cast<std::size_t>(
      checked_index(v, codes.data[i] + 128, 0, kCodes, fmt::format("code {}, plus 128,", i)));
}

// Writes row `row` of the table at the ports from `table` on to row `to` of the output.
void decode_row(const EvalContext& v, std::size_t table, std::int64_t row, std::int64_t to) {
  const Tensor& codes = *v.x[table];
  const Tensor& codebook = *v.x[table + 1];
  const std::int64_t width = codebook.columns();
  const std::int64_t part = int_attr(v.node.attrs, "part");
  double norm = 1;
  if (v.x[table + 2] != nullptr) {
    norm = v.x[table + 3]->data[code_at(v, *v.x[table + 2], static_cast<std::size_t>(row))];
  }
  for (std::int64_t d = 0; d < width; ++d) {
    const auto code = code_at(v, codes, static_cast<std::size_t>(row * codes.columns() + d / part));
    at(v.y[0], to, d) = norm * at(codebook, static_cast<std::int64_t>(code), d);
  }
}

std::vector<TensorType> infer_quantized_embedding(const InferContext& v) {
  v.expect_dtype(0, DType::i32);
  v.expect_rank(0, 1);
  return {rows_type(v, 1, v.type(0).shape[0])};
}

void eval_quantized_embedding(const EvalContext& v) {
  for (std::int64_t t = 0; t < v.x[0]->size(); ++t) {
    const std::int64_t rows = v.x[1]->rows();
    decode_row(v, 1, checked_index(v, at(*v.x[0], 0, t), 0, rows, fmt::format("ids[{}]", t)), t);
  }
}

std::vector<TensorType> infer_dequantize(const InferContext& v) {
  return {rows_type(v, 0, v.type(0).shape[0])};
}

void eval_dequantize(const EvalContext& v) {
  for (std::int64_t row = 0; row < v.x[0]->rows(); ++row) decode_row(v, 0, row, row);
}

std::vector<PortDef> table_ports(std::vector<PortDef> before) {
  before.insert(before.end(),
                {{"table", "i8[V, M], a code for each part of a row"},
                 {"codebook", "f32[256, D]"},
                 {"norms", "i8[V], a code for what each row is multiplied by", Arity::optional},
                 {"norm_codebook", "f32[256]", Arity::optional}});
  for (PortDef& port : before) {
    if (port.role == OperandRole::data) port.role = OperandRole::code;
  }
  return before;
}

AttrDef part_attr() {
  AttrDef part = required("part", "numbers of a row that one code stands for", std::int64_t{1});
  part.low = 1;
  return part;
}

}  // namespace

namespace ops {

const OpDef quantized_embedding{
    .name = "quantized_embedding",
    .doc = "the row for each id of a table that is kept as codes of parts of its rows",
    .inputs = table_ports({{"ids", "i32[T]", Arity::one, OperandRole::ids}}),
    .outputs = {{"y", "f32[T, D]"}},
    .attrs = {part_attr()},
    .infer = infer_quantized_embedding,
    .reference = eval_quantized_embedding,
};

const OpDef dequantize{
    .name = "dequantize",
    .doc = "all rows of a table that is kept as codes of parts of its rows",
    .inputs = table_ports({}),
    .outputs = {{"y", "f32[V, D]"}},
    .attrs = {part_attr()},
    .infer = infer_dequantize,
    .reference = eval_dequantize,
};

}  // namespace ops
}  // namespace weft
