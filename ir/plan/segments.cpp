// Checks places before bytes: nothing is read that lies outside of the file.
#include "ir/plan/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>

#include "ir/file.h"
#include "ir/plan/format.h"
#include "ir/plan/header.h"

namespace weft::plan_format {

void Segments::Check::expect() const {
  read_ahead(bytes);
  const TensorSummary found = summarize(bytes, type);
  if (found.checksum != checksum) damaged(fmt::format("the checksum of {} does not match", what));
  if (!found.finite) damaged(fmt::format("{} holds a value that is not finite", what));
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
  check.expect();
  return check.bytes;
}

std::span<const std::byte> Segments::next_unseen(const SegmentEntry& segment, DType type,
                                                 std::string_view what) {
  Check& check = unseen_.emplace_back(place(segment, what));
  check.type = type;
  return check.bytes;
}

void Segments::check_unseen() const {
  constexpr std::uint64_t kPerThread = std::uint64_t{16} << 20U;  // bytes
  std::vector<std::exception_ptr> faults(unseen_.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < faults.size(); i = next++) {
      try {
        unseen_[i].expect();
      } catch (...) {
        faults[i] = std::current_exception();
      }
    }
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
  for (const std::exception_ptr& fault : faults) {
    if (fault != nullptr) std::rethrow_exception(fault);
  }
}

}  // namespace weft::plan_format
