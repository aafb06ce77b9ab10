// Rows of a table that are computed when they are first asked for, by whoever asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace weft {

class RowsOnDemand {
 public:
  // Computes some distinct rows; called by several threads at once, never twice for a row unless
  // forget() came between. Must not throw.
  using Make = std::function<void(std::span<const std::int32_t> rows)>;

  RowsOnDemand(std::int64_t rows, Make make);

  // Returns when these rows are there. From any thread; `rows` are in range and may repeat. Does
  // not allocate. Of the rows to be computed each of up to `threads` threads gets a share.
  void require(std::span<const std::int32_t> rows, int threads);
  void require_all(int threads);

  // The operands of the rows have changed. Nothing else may be called meanwhile. Takes no time per
  // row, so that a text is learnt and the next one answered at once, however large the table is.
  void forget();

 private:
  void make(std::span<const std::int32_t> rows, int threads);
  bool all_present(std::span<const std::int32_t> rows) const;

  std::int64_t rows_;
  Make make_;
  // By row: one of the two marks, or a mark of before the last forget(): the row is absent.
  std::unique_ptr<std::atomic<std::uint8_t>[]> states_;
  std::uint8_t claimed_ = 1, present_ = 2;
  std::atomic<std::uint32_t> made_{0};  // moves when claimed rows have become present
};

}  // namespace weft
