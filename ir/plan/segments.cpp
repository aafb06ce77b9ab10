// Checks places before bytes: nothing is read that lies outside of the file.
#include "ir/plan/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

#include "ir/plan/format.h"
#include "ir/plan/header.h"

namespace weft::plan_format {

bool Segments::Check::holds() const { return plan_format::checksum(bytes) == checksum; }

void Segments::Check::fail() const {
  damaged(fmt::format("the checksum of {} does not match", what));
}

Segments::Check Segments::place(const SegmentEntry& segment, std::string_view what) {
  const std::uint64_t begin = aligned(end_);
  require(
      segment.offset == begin && begin <= bytes_.size() && segment.size <= bytes_.size() - begin,
      "a segment does not lie where it must");
  require_zeros(bytes_.subspan(end_, begin - end_));
  end_ = begin + segment.size;
  return {bytes_.subspan(begin, segment.size), segment.checksum, std::string(what)};
}

std::span<const std::byte> Segments::next(const SegmentEntry& segment, std::string_view what) {
  const Check check = place(segment, what);
  if (!check.holds()) check.fail();
  return check.bytes;
}

std::span<const std::byte> Segments::next_unseen(const SegmentEntry& segment,
                                                 std::string_view what) {
  return unseen_.emplace_back(place(segment, what)).bytes;
}

void Segments::check_unseen() const {
  constexpr std::uint64_t kPerThread = std::uint64_t{16} << 20U;  // bytes
  std::vector<std::uint8_t> good(unseen_.size(), 0);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < good.size(); i = next++) good[i] = unseen_[i].holds() ? 1 : 0;
  };
  {
    std::vector<std::jthread> helpers;
    const std::uint64_t threads =
        std::min<std::uint64_t>(end_ / kPerThread, std::thread::hardware_concurrency());
    try {
      for (std::uint64_t i = 1; i < threads; ++i) helpers.emplace_back(work);
    } catch (const std::system_error&) {  // no more threads: those that there are do it all
    }
    work();
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (good[i] == 0) unseen_[i].fail();
  }
}

}  // namespace weft::plan_format
