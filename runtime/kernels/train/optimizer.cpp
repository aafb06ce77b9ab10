// Shared by the kernels of optimizers; the count of steps and the record of learning rates.
#include "runtime/kernels/train/optimizer.h"

#include <algorithm>
#include <cstring>

#include <fmt/core.h>

#include "ir/ops/train/optimizer.h"

namespace weft {

Operand operand(const BindContext& bind, OperandRole role) {
  const std::size_t port = find_port(*bind.node.op, role);
  return port < bind.x.size() ? bind.x[port] : Operand();
}

namespace {

std::int64_t numbers_a_row(const TensorType& type) {
  std::int64_t count = 1;
  for (std::size_t axis = 1; axis < type.shape.size(); ++axis) count *= type.shape[axis].value;
  return count;
}

}  // namespace

RowTable::RowTable(const BindContext& bind)
    : op_(bind.node.op->name), rows_(bind.graph[bind.node.outputs[0]].type.shape[0].value) {
  for (std::size_t i = 0; i < bind.y.size(); ++i) {
    if (bind.node.op->outputs[i].role == OperandRole::last_step) continue;
    from_.push_back(bind.x[i].f32());
    to_.push_back(bind.y[i].f32());
    widths_.push_back(numbers_a_row(bind.graph[bind.node.outputs[i]].type));
  }
}

void RowTable::copy_to_outputs() const {
  for (std::size_t i = 0; i < to_.size(); ++i) {
    const auto bytes = static_cast<std::size_t>(rows_ * widths_[i]) * sizeof(float);
    if (to_[i] != from_[i]) std::memcpy(to_[i], from_[i], bytes);
  }
}

MissedRows::MissedRows(const BindContext& bind)
    : table_(bind),
      old_last_(operand(bind, OperandRole::last_step).i32()),
      last_(bind.y.back().i32()),
      ids_(operand(bind, OperandRole::ids)),
      step_(operand(bind, OperandRole::step)),
      rates_(operand(bind, OperandRole::past_rates)),
      kept_(rates_ ? rates_.columns() : 0),
      behind_(static_cast<std::size_t>(table_.rows())) {}

void MissedRows::find(const RunContext& run) {
  table_.copy_to_outputs();
  if (last_ != old_last_) {
    std::memcpy(last_, old_last_, static_cast<std::size_t>(table_.rows()) * sizeof(*last_));
  }
  count_ = 0;
  longest_ = 0;
  const bool all = !ids_ || (rates_ && step() % kept_ == 0);
  for (std::int32_t row = 0; all && row < table_.rows(); ++row) mark(row, step());
  if (!ids_) return;
  const std::span ids(ids_.i32(), static_cast<std::size_t>(ids_.size(run)));
  table_.check_ids(ids);
  for (const std::int32_t id : ids) mark(id, step() + 1);
}

void MissedRows::look_ahead() {
  WEFT_CHECK(last_ == old_last_);
  longest_ = 0;
  for (std::int32_t row = 0; row < table_.rows(); ++row) {
    longest_ = std::max(longest_, checked_gap(row));
  }
}

std::int64_t MissedRows::checked_gap(std::int32_t row) const {
  const std::int64_t gap = step() - last_[row];
  const std::int64_t max = rates_ ? std::min(step(), kept_) : step();
  if (gap < 0 || gap > max) {
    throw Error(fmt::format("{}: row {} is as of step {}, but this follows step {}", table_.op(),
                            row, last_[row], step()),
                "the plan's optimizer state is inconsistent: train it anew");
  }
  return gap;
}

void MissedRows::mark(std::int32_t row, std::int64_t as_of) {
  const std::int64_t gap = checked_gap(row);
  last_[row] = static_cast<std::int32_t>(as_of);
  if (gap == 0) return;
  behind_[count_++] = {row, static_cast<std::int32_t>(gap)};
  longest_ = std::max(longest_, gap);
}

KernelPtr make_increment(const BindContext& bind) {
  return make_kernel([x = bind.x[0], y = bind.y[0]](RunContext&) {
    if (*x.i32() == INT32_MAX) throw Error("increment: the step counter is full");
    *y.i32() = *x.i32() + 1;
  });
}

// rates[N]  rate  step  ->  rates[N] with that of `step` at step % N
KernelPtr make_record_rate(const BindContext& bind) {
  return make_kernel([x = bind.x, y = bind.y[0]](RunContext& run) {
    const std::int64_t kept = y.size(run);
    const std::int32_t step = *x[2].i32();
    if (step < 0) throw Error(fmt::format("record_rate: step is {}, below 0", step));
    if (y.bytes() != x[0].bytes()) {
      std::memcpy(y.f32(), x[0].f32(), static_cast<std::size_t>(kept) * sizeof(float));
    }
    y.f32()[step % kept] = *x[1].f32();
  });
}

}  // namespace weft
