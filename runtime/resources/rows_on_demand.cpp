// A row is claimed, computed, and then marked present, so that no two threads compute it. Rows that
// another thread has claimed are waited for last, when one's own are done: nobody waits in a
// circle.
#include "runtime/resources/rows_on_demand.h"

#include <array>
#include <numeric>
#include <utility>

#include "runtime/resources/threads.h"

namespace weft {
namespace {

constexpr std::size_t kMax = 512;  // rows computed at a time
constexpr std::int64_t kGrain = 48;
constexpr std::uint8_t kLastMark = 254;

}  // namespace

RowsOnDemand::RowsOnDemand(std::int64_t rows, Make make)
    : rows_(rows),
      make_(std::move(make)),
      states_(std::make_unique<std::atomic<std::uint8_t>[]>(static_cast<std::size_t>(rows))) {}

void RowsOnDemand::forget() {
  if (present_ == kLastMark) {
    for (std::int64_t i = 0; i < rows_; ++i) {
      states_[static_cast<std::size_t>(i)].store(0, std::memory_order_relaxed);
    }
    present_ = 0;
  }
  claimed_ = static_cast<std::uint8_t>(present_ + 1);
  present_ = static_cast<std::uint8_t>(present_ + 2);
}

void RowsOnDemand::make(std::span<const std::int32_t> rows, int threads) {
  if (rows.empty()) return;
  parallel_for(
      threads, static_cast<std::int64_t>(rows.size()), kGrain,
      [&](std::int64_t begin, std::int64_t end, int) {
        make_(rows.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
      });
  for (const std::int32_t row : rows) {
    states_[static_cast<std::size_t>(row)].store(present_, std::memory_order_release);
  }
  made_.fetch_add(1, std::memory_order_release);
  made_.notify_all();
}

bool RowsOnDemand::all_present(std::span<const std::int32_t> rows) const {
  for (const std::int32_t row : rows) {
    const auto state = states_[static_cast<std::size_t>(row)].load(std::memory_order_acquire);
    if (state != present_) return false;
  }
  return true;
}

void RowsOnDemand::require(std::span<const std::int32_t> rows, int threads) {
  if (all_present(rows)) return;
  std::array<std::int32_t, kMax> own;
  std::size_t count = 0;
  for (const std::int32_t row : rows) {
    std::atomic<std::uint8_t>& state = states_[static_cast<std::size_t>(row)];
    std::uint8_t before = state.load();
    if (before == claimed_ || before == present_) continue;
    if (!state.compare_exchange_strong(before, claimed_)) continue;
    own[count++] = row;
    if (count < kMax) continue;
    make(own, threads);
    count = 0;
  }
  make(std::span(own).first(count), threads);
  for (std::uint32_t seen = made_.load(); !all_present(rows); seen = made_.load()) {
    made_.wait(seen);
  }
}

void RowsOnDemand::require_all(int threads) {
  std::array<std::int32_t, kMax> some;
  for (std::int64_t first = 0; first < rows_; first += static_cast<std::int64_t>(kMax)) {
    const auto count = static_cast<std::size_t>(
        std::min<std::int64_t>(rows_ - first, static_cast<std::int64_t>(kMax)));
    std::iota(some.begin(), some.begin() + count, static_cast<std::int32_t>(first));
    require(std::span(some).first(count), threads);
  }
}

}  // namespace weft
