// Shared by the kernels of optimizers: the loops over whole tensors, over the rows of a batch, and
// over rows that have missed steps. Operands are found by their roles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/kernels/kernels.h"
#include "runtime/kernels/simd/simd.h"
#include "runtime/resources/threads.h"

namespace weft {

// The input of this role; empty if there is none.
Operand operand(const BindContext&, OperandRole);

// A step of whole tensors, cut among the threads: prepare(rate, step) gives a function of
// simd::Update, which is called for runs of weights.
template <class Prepare>
KernelPtr step_kernel(const BindContext& bind, Prepare prepare) {
  return make_kernel([x = bind.x, y = bind.y, rate = operand(bind, OperandRole::learning_rate),
                      counter = operand(bind, OperandRole::step), prepare](RunContext& run) {
    constexpr std::int64_t kGrain = 1 << 15;  // weights worth a thread of their own
    const auto step = prepare(static_cast<double>(*rate.f32()), counter ? *counter.i32() : 0);
    parallel_for(
        run.threads, x[0].size(run), kGrain, [&](std::int64_t begin, std::int64_t end, int) {
          const auto in = [&](std::size_t i) {  // w, g and the states
            return i <= y.size() ? x[i].f32() + begin : nullptr;
          };
          const auto out = [&](std::size_t i) {
            return i < y.size() ? y[i].f32() + begin : nullptr;
          };
          step(simd::Update{in(0), in(1), in(2), in(3), out(0), out(1), out(2), end - begin});
        });
  });
}

// A table and its optimizer's states, seen row by row: the operands that are made anew, f32[V, ..]
// each, the table first. Where an output has a place of its own, all of its operand is copied there
// first.
class RowTable {
 public:
  explicit RowTable(const BindContext&);

  std::int64_t rows() const { return rows_; }
  std::int64_t width() const { return widths_.front(); }
  std::string_view op() const { return op_; }
  // Rows that are worth a thread of their own.
  std::int64_t grain() const { return 1 + (std::int64_t{1} << 14) / (1 + width()); }

  void check_ids(std::span<const std::int32_t> ids) const { weft::check_ids(op_, ids, rows_); }
  void copy_to_outputs() const;

  // A row of the outputs, to be changed in place; without a gradient.
  simd::Update row(std::int64_t id) const {
    const auto at = [&](std::size_t i) {
      return i < to_.size() ? to_[i] + id * widths_[i] : nullptr;
    };
    return {at(0), nullptr, at(1), at(2), at(0), at(1), at(2), width()};
  }

  // For a row that comes soon.
  void prefetch(std::int64_t id) const {
    for (std::size_t i = 0; i < to_.size(); ++i) {
      for (std::int64_t d = 0; d < widths_[i]; d += 16) {
        __builtin_prefetch(to_[i] + id * widths_[i] + d, 1);
      }
    }
  }

 private:
  std::string_view op_;
  std::int64_t rows_;
  std::vector<const float*> from_;
  std::vector<float*> to_;
  std::vector<std::int64_t> widths_;  // numbers a row: of the table, and of each state
};

inline constexpr std::int64_t kRowsAhead = 2;  // fetched before they are needed

// The same step, of the rows `ids` of a table.
template <class Prepare>
KernelPtr row_step_kernel(const BindContext& bind, Prepare prepare) {
  return make_kernel([table = RowTable(bind), ids = operand(bind, OperandRole::ids),
                      g = operand(bind, OperandRole::gradient),
                      rate = operand(bind, OperandRole::learning_rate),
                      counter = operand(bind, OperandRole::step), prepare](RunContext& run) {
    const std::int64_t count = ids.size(run);
    const std::span rows(ids.i32(), static_cast<std::size_t>(count));
    table.check_ids(rows);
    table.copy_to_outputs();
    const auto step = prepare(static_cast<double>(*rate.f32()), counter ? *counter.i32() : 0);
    parallel_for(run.threads, count, table.grain(), [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) {
        if (i + kRowsAhead < end) table.prefetch(ids.i32()[i + kRowsAhead]);
        simd::Update update = table.row(ids.i32()[i]);
        update.g = g.f32() + i * table.width();
        step(update);
      }
    });
  });
}

// The rows that have missed steps, among those that are now read; all rows when no ids are given.
class MissedRows {
 public:
  explicit MissedRows(const BindContext&);

  std::int64_t step() const { return *step_.i32(); }
  double rate_of(std::int64_t t) const { return static_cast<double>(rates_.f32()[t % kept_]); }
  // Numbers of missed steps: the most that a row can have, and the most that one of these rows has.
  std::size_t max_gap() const { return static_cast<std::size_t>(kept_); }
  std::size_t longest_gap() const { return static_cast<std::size_t>(longest_); }

  // Marks the rows that are to be brought up to date, and finds those that are behind.
  void find(const RunContext&);

  // The same for all rows but without marks: these follow row by row, by bring_up(), before the
  // next step. In place only.
  void look_ahead();
  // apply(row, gap) if this row is behind.
  template <class Apply>
  void bring_up(std::int32_t row, Apply apply) {
    const auto gap = static_cast<std::size_t>(step() - last_[row]);
    last_[row] = static_cast<std::int32_t>(step());
    if (gap > 0) apply(table_.row(row), gap);
  }

  // apply(row, gap) for those.
  template <class Apply>
  void each(const RunContext& run, Apply apply) const {
    parallel_for(run.threads, static_cast<std::int64_t>(count_), table_.grain(),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   const Row* rows = behind_.data();
                   for (std::int64_t i = begin; i < end; ++i) {
                     if (i + kRowsAhead < end) table_.prefetch(rows[i + kRowsAhead].id);
                     apply(table_.row(rows[i].id), static_cast<std::size_t>(rows[i].gap));
                   }
                 });
  }

 private:
  struct Row {
    std::int32_t id, gap;
  };

  std::int64_t checked_gap(std::int32_t row) const;
  void mark(std::int32_t row, std::int64_t as_of);

  RowTable table_;
  const std::int32_t* old_last_;
  std::int32_t* last_;
  Operand ids_, step_, rates_;
  std::int64_t kept_;         // past rates
  std::int64_t longest_ = 0;  // gap among those behind
  std::vector<Row> behind_;   // the first `count_`: each row at most once
  std::size_t count_ = 0;
};

// Catches rows up by what a gap of so many steps comes to, which is the same for all rows:
// find(step, rate_of, gaps) works it out once per run, up to the longest gap; apply(gap, row).
template <class Gap, class Find, class Apply>
class CatchUpKernel final : public RowKernel {
 public:
  CatchUpKernel(const BindContext& bind, Find find, Apply apply)
      : missed_(bind), gaps_(missed_.max_gap() + 1), find_(find), apply_(apply) {}

  void run(RunContext& run) override {
    missed_.find(run);
    find_gaps();
    missed_.each(run, [&](const simd::Update& row, std::size_t gap) { apply_(gaps_[gap], row); });
  }

  void prepare(const RunContext&) override {
    missed_.look_ahead();
    find_gaps();
  }

  void make_rows(std::span<const std::int32_t> rows) override {
    for (const std::int32_t id : rows) {
      missed_.bring_up(id,
                       [&](const simd::Update& row, std::size_t gap) { apply_(gaps_[gap], row); });
    }
  }

 private:
  void find_gaps() {
    find_(
        missed_.step(), [&](std::int64_t t) { return missed_.rate_of(t); },
        std::span<Gap>(gaps_).first(missed_.longest_gap() + 1));
  }

  MissedRows missed_;
  std::vector<Gap> gaps_;  // by the number of missed steps
  Find find_;
  Apply apply_;
};

template <class Gap, class Find, class Apply>
KernelPtr catch_up_kernel(const BindContext& bind, Find find, Apply apply) {
  return std::make_unique<CatchUpKernel<Gap, Find, Apply>>(bind, find, apply);
}

}  // namespace weft
