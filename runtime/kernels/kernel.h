// A node bound to memory: what a kernel is made from, what it sees when it runs, and where it is
// found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/ops/nn/activation.h"
#include "runtime/resources/packed_copies.h"
#include "runtime/resources/rows_on_demand.h"

namespace weft {

// Facts that are known only at run time.
struct RunContext {
  std::span<std::int64_t> extents;  // by index into Graph::symbols; a kernel may set derived ones
  int threads = 1;
  std::uint64_t weights_version = 0;  // moves when a param or state has changed since the last run
};

// One operand of a bound node: where it lies, and its shape with symbols as indices.
class Operand {
 public:
  Operand() = default;  // an optional input left out
  // `address` is null for an optional output left out.
  // `on_demand`: of a table whose rows are made when they are asked for; else null.
  Operand(const Graph&, ValueId, std::byte* address, RowsOnDemand* on_demand = nullptr);

  explicit operator bool() const { return address_ != nullptr; }
  DType dtype() const { return dtype_; }
  bool persistent() const { return persistent_; }  // a param or state: changes between runs only
  // For PackedCopy::refresh().
  std::uint64_t version(const RunContext& run) const {
    return persistent_ ? run.weights_version : 0;
  }
  RowsOnDemand* on_demand() const { return on_demand_; }
  std::size_t rank() const { return dims_.size(); }
  std::byte* bytes() const { return address_; }
  float* f32() const { return reinterpret_cast<float*>(address_); }
  std::int32_t* i32() const { return reinterpret_cast<std::int32_t*>(address_); }
  std::int16_t* i16() const { return reinterpret_cast<std::int16_t*>(address_); }
  std::int8_t* i8() const { return reinterpret_cast<std::int8_t*>(address_); }

  std::int64_t extent(std::size_t axis, const RunContext& run) const {
    const auto& [symbol, plus] = dims_[axis];
    return symbol < 0 ? plus : run.extents[static_cast<std::size_t>(symbol)] + plus;
  }
  std::int64_t size(const RunContext& run) const;  // elements
  std::int64_t rows(const RunContext& run) const;  // all axes but the last; 1 for a scalar
  std::int64_t columns() const;                    // the last axis where static; 1 for a scalar
  // Elements from one row to the next: more than columns() for a part of a wider matrix, which only
  // an op that is `strided` writes and one that is `concatenates` reads.
  std::int64_t row_stride() const { return is_part() ? row_stride_ : columns(); }
  bool is_part() const { return row_stride_ > 0; }

 private:
  std::byte* address_ = nullptr;
  RowsOnDemand* on_demand_ = nullptr;
  DType dtype_ = DType::f32;
  bool persistent_ = false;
  std::int64_t row_stride_ = 0;                     // 0: the columns
  std::vector<std::pair<int, std::int64_t>> dims_;  // {symbol or -1, what is added}
};

struct BindContext {
  const Graph& graph;
  const Node& node;
  std::vector<Operand> x;  // the node's inputs
  std::vector<Operand> y;  // and outputs
  int threads = 1;
  // Where packed copies of persistent operands are shared with other programs. Null for a program
  // that trains: each step changes the operands, so that no copy could be used twice.
  PackedCopies* packed = nullptr;
  std::shared_ptr<PackedScratch> scratch = nullptr;  // where kernels pack operands in their turns

  // Where a copy of an operand's bytes in another order is shared; null: it changes in each run.
  PackedCopies* packed_of(const Operand& o) const { return o.persistent() ? packed : nullptr; }
  bool all_f32() const;  // every operand present is f32
  std::int64_t integer(std::string_view attr) const { return int_attr(node.attrs, attr); }
  float number(std::string_view attr) const {
    return static_cast<float>(float_attr(node.attrs, attr));
  }
  const std::string& string(std::string_view attr) const { return string_attr(node.attrs, attr); }
  Activation activation() const { return act_attr(node.attrs); }
  // The index of the symbol that counts rows of the operand `y[output]`.
  std::size_t row_symbol(std::size_t output) const;
};

// Ids come from outside, and one beyond a table must not become an address: Error, naming the op,
// if one of them is no row of a table of so many.
void check_ids(std::string_view op, std::span<const std::int32_t> ids, std::int64_t rows);

// Where an operand's rows are made on demand: sees to it that these rows, in range, or all of them
// are there.
void require_rows(const Operand& table, std::span<const std::int32_t> rows, int threads);
void require_all_rows(const Operand& table, int threads);

// Tells when something made from an operand (packed weights) must be made again.
class Freshness {
 public:
  bool stale(const Operand& operand, const RunContext& run) {
    const bool fresh = operand.persistent() && seen_ == run.weights_version;
    seen_ = run.weights_version;
    return !fresh;
  }

 private:
  std::uint64_t seen_ = 0;
};

class Kernel {
 public:
  Kernel() = default;
  virtual ~Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  virtual void run(RunContext&) = 0;
  // True if it asks for the rows that it reads, if an operand's rows are made on demand. For other
  // kernels all rows have been made.
  virtual bool asks_for_rows() const { return false; }
};

// A kernel that can also make the rows of its outputs by themselves, with the same bits.
class RowKernel : public Kernel {
 public:
  virtual void prepare(const RunContext&) = 0;  // before the rows, when operands have changed
  // Distinct rows, by many threads at once; must not throw.
  virtual void make_rows(std::span<const std::int32_t> rows) = 0;
};

// A kernel that is a function of its bound operands: `make_kernel([x, y](RunContext& run) { … })`.
template <typename F>
std::unique_ptr<Kernel> make_kernel(F f) {
  class FunctionKernel final : public Kernel {
   public:
    explicit FunctionKernel(F function) : f_(std::move(function)) {}
    void run(RunContext& run) override { f_(run); }

   private:
    F f_;
  };
  return std::make_unique<FunctionKernel>(std::move(f));
}

// Makes a kernel for a node, or null where this node's types are not for it.
using MakeKernel = std::unique_ptr<Kernel> (*)(const BindContext&);

// Null if the op has none: its reference runs instead.
MakeKernel find_kernel(const OpDef&);

// OpDef::reference on converted copies: slow, always there.
std::unique_ptr<Kernel> make_reference_kernel(const BindContext&);

// The op's kernel, or its reference.
std::unique_ptr<Kernel> bind_kernel(const BindContext&);

}  // namespace weft
