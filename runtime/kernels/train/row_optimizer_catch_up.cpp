// The steps that rows have missed, made up for in one pass over those rows that are now read.
#include <algorithm>
#include <cstring>

#include <fmt/core.h>

#include "ir/missed_steps.h"
#include "runtime/kernels/kernels.h"
#include "runtime/kernels/train/row_table.h"
#include "runtime/resources/threads.h"

namespace weft {
namespace {

// w, `states` more, last, the ids unless left out, the step, perhaps the rates.
class Missed {
 public:
  Missed(const BindContext& bind, std::size_t states)
      : table(bind, 1 + states),
        old_last_(bind.x[1 + states].i32()),
        last_(bind.y[1 + states].i32()),
        ids_(bind.x[2 + states]),
        step_(bind.x[3 + states]),
        rates_(bind.x.size() > 4 + states ? bind.x[4 + states] : Operand()),
        kept_(rates_ ? rates_.columns() : 0),
        behind_(static_cast<std::size_t>(table.rows())) {}

  RowTable table;

  std::int64_t step() const { return *step_.i32(); }
  double rate_of(std::int64_t t) const { return static_cast<double>(rates_.f32()[t % kept_]); }
  // As many as any gap may need, and the identity.
  std::size_t max_gaps() const { return static_cast<std::size_t>(kept_) + 1; }
  std::size_t longest() const { return static_cast<std::size_t>(longest_); }

  // Marks the rows that are to be brought up to date, and finds those that are behind.
  void find(const RunContext& run) {
    table.copy_to_outputs();
    if (last_ != old_last_) {
      std::memcpy(last_, old_last_, static_cast<std::size_t>(table.rows()) * sizeof(*last_));
    }
    count_ = 0;
    longest_ = 0;
    const bool all = !ids_ || (rates_ && step() % kept_ == 0);
    for (std::int32_t row = 0; all && row < table.rows(); ++row) mark(row, step());
    if (!ids_) return;
    const std::int64_t count = ids_.size(run);
    table.check_ids(ids_.i32(), count);
    for (std::int64_t i = 0; i < count; ++i) mark(ids_.i32()[i], step() + 1);
  }

  // apply(row, gap) for those.
  template <class Apply>
  void each(const RunContext& run, Apply apply) const {
    constexpr std::int64_t kAhead = 2;  // rows fetched before they are needed
    parallel_for(run.threads, static_cast<std::int64_t>(count_), table.grain(),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   const Row* rows = behind_.data();
                   for (std::int64_t i = begin; i < end; ++i) {
                     if (i + kAhead < end) table.prefetch(rows[i + kAhead].id);
                     apply(table.row(rows[i].id), static_cast<std::size_t>(rows[i].gap));
                   }
                 });
  }

 private:
  struct Row {
    std::int32_t id, gap;
  };

  void mark(std::int32_t row, std::int64_t as_of) {
    const std::int64_t gap = step() - last_[row];
    const std::int64_t max = rates_ ? std::min(step(), kept_) : step();
    if (gap < 0 || gap > max) {
      throw Error(fmt::format("{}: row {} is as of step {}, but this follows step {}", table.op(),
                              row, last_[row], step()),
                  "the plan's optimizer state is inconsistent: train it anew");
    }
    last_[row] = static_cast<std::int32_t>(as_of);
    if (gap == 0) return;
    behind_[count_++] = {row, static_cast<std::int32_t>(gap)};
    longest_ = std::max(longest_, gap);
  }

  const std::int32_t* old_last_;
  std::int32_t* last_;
  Operand ids_, step_, rates_;
  std::int64_t kept_;
  std::int64_t longest_ = 0;  // gap among those behind
  std::vector<Row> behind_;   // the first `count_`: each row at most once
  std::size_t count_ = 0;
};

// What a gap comes to is worked out once per run, up to the longest one.
template <class Gap>
struct Gaps {
  std::vector<Gap> by_length;
  explicit Gaps(const Missed& missed) : by_length(missed.max_gaps()) {}
  std::span<Gap> upto(std::size_t longest) { return std::span(by_length).first(longest + 1); }
};

KernelPtr adam_catch_up(const BindContext& bind, double weight_decay) {
  const AdamRule rule{float_attr(bind.node.attrs, "beta1"), float_attr(bind.node.attrs, "beta2"),
                      float_attr(bind.node.attrs, "epsilon"), weight_decay};
  Missed missed(bind, 2);
  return make_kernel([missed, rule, gaps = Gaps<AdamGap>(missed)](RunContext& run) mutable {
    missed.find(run);
    const std::span<AdamGap> by_length = gaps.upto(missed.longest());
    adam_gaps(
        rule, missed.step(), [&](std::int64_t t) { return missed.rate_of(t); }, by_length);
    missed.each(run, [&](const simd::Update& row, std::size_t gap) {
      simd::adam_gap(by_length[gap], row);
    });
  });
}

KernelPtr sgd_catch_up(const BindContext& bind, std::size_t states, const SgdRule& rule) {
  Missed missed(bind, states);
  return make_kernel([missed, rule, gaps = Gaps<SgdGap>(missed)](RunContext& run) mutable {
    missed.find(run);
    const std::span<SgdGap> by_length = gaps.upto(missed.longest());
    sgd_gaps(
        rule, missed.step(), [&](std::int64_t t) { return missed.rate_of(t); }, by_length);
    missed.each(
        run, [&](const simd::Update& row, std::size_t gap) { simd::sgd_gap(by_length[gap], row); });
  });
}

}  // namespace

KernelPtr make_row_adam_catch_up(const BindContext& bind) { return adam_catch_up(bind, 0.0); }

KernelPtr make_row_adamw_catch_up(const BindContext& bind) {
  return adam_catch_up(bind, float_attr(bind.node.attrs, "weight_decay"));
}

KernelPtr make_row_sgd_catch_up(const BindContext& bind) {
  return sgd_catch_up(bind, 0, {float_attr(bind.node.attrs, "weight_decay")});
}

KernelPtr make_row_momentum_sgd_catch_up(const BindContext& bind) {
  return sgd_catch_up(bind, 1,
                      {float_attr(bind.node.attrs, "weight_decay"),
                       float_attr(bind.node.attrs, "momentum"), bind.integer("nesterov") != 0});
}

KernelPtr make_row_adadelta_catch_up(const BindContext& bind) {
  return make_kernel([missed = Missed(bind, 2),
                      rho = float_attr(bind.node.attrs, "rho")](RunContext& run) mutable {
    missed.find(run);
    missed.each(run, [&](const simd::Update& row, std::size_t gap) {
      const auto factor = static_cast<float>(adadelta_gap(rho, static_cast<std::int64_t>(gap)));
      simd::map(simd::Unary::scale, row.first, row.to_first, row.n, factor);
      simd::map(simd::Unary::scale, row.second, row.to_second, row.n, factor);
    });
  });
}

}  // namespace weft
