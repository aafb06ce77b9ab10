// Operands, and the table from op names to kernels.
#include "runtime/kernels/kernels.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace weft {

Operand::Operand(const Graph& graph, ValueId id, std::byte* address, RowsOnDemand* on_demand)
    : address_(address), on_demand_(on_demand) {
  const Value& value = graph[id];
  dtype_ = value.type.dtype;
  persistent_ = value.role == Role::param || value.role == Role::state;
  if (value.is_in(Storage::Kind::columns))
    row_stride_ = graph[value.storage->base].type.shape.back().value;
  for (const Dim& dim : value.type.shape) {
    int symbol = -1;
    for (std::size_t s = 0; s < graph.symbols.size() && !dim.is_static(); ++s) {
      if (graph.symbols[s].name == dim.symbol) symbol = static_cast<int>(s);
    }
    WEFT_CHECK(dim.is_static() || symbol >= 0);
    dims_.emplace_back(symbol, dim.value);
  }
}

std::int64_t Operand::size(const RunContext& run) const {
  std::int64_t elements = 1;
  for (std::size_t axis = 0; axis < dims_.size(); ++axis) elements *= extent(axis, run);
  return elements;
}

std::int64_t Operand::rows(const RunContext& run) const {
  std::int64_t rows = 1;
  for (std::size_t axis = 0; axis + 1 < dims_.size(); ++axis) rows *= extent(axis, run);
  return rows;
}

std::int64_t Operand::columns() const {
  if (dims_.empty()) return 1;
  WEFT_CHECK(dims_.back().first < 0);
  return dims_.back().second;
}

bool BindContext::all_f32() const {
  const auto f32 = [](const Operand& o) { return !o || o.dtype() == DType::f32; };
  return std::ranges::all_of(x, f32) && std::ranges::all_of(y, f32);
}

std::size_t BindContext::row_symbol(std::size_t output) const {
  const TensorType& type = graph[node.outputs[output]].type;
  const std::string& name = type.ragged_dim.empty() ? type.shape.front().symbol : type.ragged_dim;
  for (std::size_t s = 0; s < graph.symbols.size(); ++s) {
    if (graph.symbols[s].name == name) return s;
  }
  WEFT_CHECK(!"the rows are counted by a symbol");
  return 0;
}

void check_ids(std::string_view op, std::span<const std::int32_t> ids, std::int64_t rows) {
  std::uint32_t max = 0;  // a negative id is a very large one
  for (const std::int32_t id : ids) max = std::max(max, static_cast<std::uint32_t>(id));
  if (ids.empty() || max < rows) return;
  throw Error(fmt::format("{}: an id is {}, but the table has {} rows", op,
                          static_cast<std::int32_t>(max), rows),
              "give ids made with the plan's own vocabulary");
}

namespace {

struct Entry {
  std::string_view op;
  MakeKernel make;
};

constexpr auto kTable = std::to_array<Entry>({
    {"constant", make_constant},
    {"embedding", make_embedding},
    {"embedding_grad", make_embedding_grad},
    {"window_offsets", make_window_offsets},
    {"conv1d", make_conv1d},
    {"conv1d_input_grad", make_conv1d_input_grad},
    {"conv1d_weight_grad", make_conv1d_weight_grad},
    {"bias_add", make_bias_add},
    {"matmul", make_matmul},
    {"linear", make_linear},
    {"relu", make_relu},
    {"relu_grad", make_relu_grad},
    {"tanh", make_tanh},
    {"tanh_grad", make_tanh_grad},
    {"sigmoid", make_sigmoid},
    {"sigmoid_grad", make_sigmoid_grad},
    {"gelu", make_gelu},
    {"gelu_grad", make_gelu_grad},
    {"elu", make_elu},
    {"elu_grad", make_elu_grad},
    {"max_pool", make_max_pool},
    {"max_pool_grad", make_max_pool_grad},
    {"mask_empty_sequences", make_mask_empty_sequences},
    {"mean_pool", make_mean_pool},
    {"mean_pool_grad", make_mean_pool_grad},
    {"local_max_pool", make_local_max_pool},
    {"local_max_pool_grad", make_local_max_pool_grad},
    {"local_mean_pool", make_local_mean_pool},
    {"local_mean_pool_grad", make_local_mean_pool_grad},
    {"tap_table", make_tap_table},
    {"tap_table_input_grad", make_tap_table_input_grad},
    {"tap_table_weight_grad", make_tap_table_weight_grad},
    {"quantize_taps", make_quantize_taps},
    {"tap_max_pool", make_tap_max_pool},
    {"tap_max_pool_grad", make_tap_max_pool_grad},
    {"tap_mean_pool", make_tap_mean_pool},
    {"tap_sum", make_tap_sum},
    {"tap_sum_grad", make_tap_sum_grad},
    {"sparse_tap_input_grad", make_sparse_tap_input_grad},
    {"sparse_tap_weight_grad", make_sparse_tap_weight_grad},
    {"unique", make_unique},
    {"concat", make_concat},
    {"slice", make_slice},
    {"slice_grad", make_slice_grad},
    {"reshape", make_reshape},
    {"add", make_add},
    {"sub", make_sub},
    {"mul", make_mul},
    {"scale", make_scale},
    {"reduce_sum", make_reduce_sum},
    {"reduce_mean", make_reduce_mean},
    {"reduce_mean_grad", make_reduce_mean_grad},
    {"reduce_max", make_reduce_max},
    {"reduce_max_grad", make_reduce_max_grad},
    {"broadcast_like", make_broadcast_like},
    {"layer_norm", make_layer_norm},
    {"layer_norm_grad", make_layer_norm_grad},
    {"batch_norm", make_batch_norm},
    {"batch_norm_grad", make_batch_norm_grad},
    {"batch_norm_inference", make_batch_norm_inference},
    {"dropout", make_dropout},
    {"token_dropout", make_token_dropout},
    {"softmax", make_softmax},
    {"softmax_grad", make_softmax_grad},
    {"log_softmax", make_log_softmax},
    {"log_softmax_grad", make_log_softmax_grad},
    {"cross_entropy", make_cross_entropy},
    {"cross_entropy_grad", make_cross_entropy_grad},
    {"binary_cross_entropy", make_binary_cross_entropy},
    {"binary_cross_entropy_grad", make_binary_cross_entropy_grad},
    {"clip", make_clip},
    {"clip_factor", make_clip_factor},
    {"scale_by", make_scale_by},
    {"increment", make_increment},
    {"sgd", make_sgd},
    {"momentum_sgd", make_momentum_sgd},
    {"adam", make_adam},
    {"adamw", make_adamw},
    {"adadelta", make_adadelta},
    {"max_norm", make_max_norm},
    {"row_sgd", make_row_sgd},
    {"row_momentum_sgd", make_row_momentum_sgd},
    {"row_adam", make_row_adam},
    {"row_adamw", make_row_adamw},
    {"row_adadelta", make_row_adadelta},
    {"record_rate", make_record_rate},
    {"row_sgd_catch_up", make_row_sgd_catch_up},
    {"row_momentum_sgd_catch_up", make_row_momentum_sgd_catch_up},
    {"row_adam_catch_up", make_row_adam_catch_up},
    {"row_adamw_catch_up", make_row_adamw_catch_up},
    {"row_adadelta_catch_up", make_row_adadelta_catch_up},
});

}  // namespace

MakeKernel find_kernel(std::string_view op) {
  const auto* found = std::ranges::find(kTable, op, &Entry::op);
  return found == kTable.end() ? nullptr : found->make;
}

std::unique_ptr<Kernel> bind_kernel(const BindContext& bind) {
  std::unique_ptr<Kernel> kernel;
  if (const MakeKernel make = find_kernel(bind.node.op->name)) kernel = make(bind);
  return kernel ? std::move(kernel) : make_reference_kernel(bind);
}

}  // namespace weft
