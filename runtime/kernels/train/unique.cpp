// The distinct ids of a batch, by a stamp per row of the table: no hashing, no sorting.
#include "runtime/kernels/taps/taps.h"

namespace weft {
namespace {

// ids[T]  ->  distinct[U]  inverse[T], and with them the extent of U
class Unique final : public Kernel {
 public:
  explicit Unique(const BindContext& bind)
      : ids_(bind.x[0]),
        distinct_(bind.y[0]),
        inverse_(bind.y[1]),
        symbol_(bind.row_symbol(0)),
        stamps_(static_cast<std::size_t>(bind.integer("size"))) {}

  void run(RunContext& run) override {
    check_tap_ids(ids_, static_cast<std::int64_t>(stamps_.size()), run);
    if (++now_ == 0) {  // the counter has come round: old stamps could be taken for new ones
      stamps_.assign(stamps_.size(), {});
      now_ = 1;
    }
    const std::int64_t tokens = ids_.size(run);
    std::int32_t count = 0;
    for (std::int64_t t = 0; t < tokens; ++t) {
      const std::int32_t id = ids_.i32()[t];
      Stamp& stamp = stamps_[static_cast<std::size_t>(id)];
      if (stamp.run != now_) {
        stamp = {now_, count};
        distinct_.i32()[count++] = id;
      }
      inverse_.i32()[t] = stamp.place;
    }
    run.extents[symbol_] = count;
  }

 private:
  struct Stamp {
    std::uint32_t run = 0;   // when this id was last seen
    std::int32_t place = 0;  // among the distinct ids of that run
  };

  Operand ids_, distinct_, inverse_;
  std::size_t symbol_;
  std::vector<Stamp> stamps_;  // by id
  std::uint32_t now_ = 0;
};

}  // namespace

KernelPtr make_unique(const BindContext& bind) { return std::make_unique<Unique>(bind); }

}  // namespace weft
