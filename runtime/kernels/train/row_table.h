// A table and its optimizer's states, seen row by row.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "runtime/kernels/kernel.h"
#include "runtime/kernels/simd/simd.h"

namespace weft {

// The first `tensors` operands, f32[V, D] each and made anew by the outputs of the same index.
// Where an output has a place of its own, all of its operand is copied there first.
class RowTable {
 public:
  RowTable(const BindContext& bind, std::size_t tensors)
      : op_(bind.node.op->name),
        rows_(bind.graph[bind.node.outputs[0]].type.shape[0].value),
        width_(bind.y[0].columns()) {
    for (std::size_t i = 0; i < tensors; ++i) {
      from_.push_back(bind.x[i].f32());
      to_.push_back(bind.y[i].f32());
    }
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t width() const { return width_; }
  std::string_view op() const { return op_; }
  // Rows that are worth a thread of their own.
  std::int64_t grain() const { return 1 + (std::int64_t{1} << 14) / (1 + width_); }

  void check_ids(const std::int32_t* ids, std::int64_t count) const {
    weft::check_ids(op_, {ids, static_cast<std::size_t>(count)}, rows_);
  }

  void copy_to_outputs() const {
    const auto bytes = static_cast<std::size_t>(rows_ * width_) * sizeof(float);
    for (std::size_t i = 0; i < to_.size(); ++i) {
      if (to_[i] != from_[i]) std::memcpy(to_[i], from_[i], bytes);
    }
  }

  // A row of the outputs, to be changed in place; without a gradient.
  simd::Update row(std::int64_t id) const {
    const auto at = [&](std::size_t i) { return i < to_.size() ? to_[i] + id * width_ : nullptr; };
    return {at(0), nullptr, at(1), at(2), at(0), at(1), at(2), width_};
  }

  void prefetch(std::int64_t id) const {
    for (const float* tensor : to_) {
      for (std::int64_t d = 0; d < width_; d += 16) {
        __builtin_prefetch(tensor + id * width_ + d, 1);
      }
    }
  }

 private:
  std::string_view op_;
  std::int64_t rows_, width_;
  std::vector<const float*> from_;
  std::vector<float*> to_;
};

}  // namespace weft
