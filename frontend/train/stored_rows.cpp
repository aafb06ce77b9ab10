// One place for each text, in the order of the data: the first ones in memory, the others in a
// file.
#include "frontend/train/stored_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "frontend/train/memory_limit.h"
#include "runtime/resources/threads.h"

namespace weft {

StoredRows::StoredRows(Session& session, const Dataset& data, Room room)
    : session_(session),
      data_(data),
      room_(std::move(room)),
      row_size_(session.row_size()),
      stored_(data.size(), false) {
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(room_.memory, 0));
  in_memory_ = std::min(place(data.size()), most / sizeof(float));
  memory_ = std::make_unique_for_overwrite<float[]>(in_memory_);  // NOLINT(*-avoid-c-arrays)
}

std::int64_t StoredRows::bytes() const {
  return static_cast<std::int64_t>(place(data_.size()) * sizeof(float));
}

std::size_t StoredRows::place(std::size_t example) const {
  return static_cast<std::size_t>(
      row_size_.of(static_cast<std::int64_t>(example), data_.offsets[example]));
}

bool StoredRows::read(std::size_t example, std::span<float> rows) const {
  if (!stored_[example]) return false;
  if (place(example + 1) <= in_memory_) {
    std::copy_n(memory_.get() + place(example), rows.size(), rows.begin());
    return true;
  }
  return file_->read(std::as_writable_bytes(rows), place(example) * sizeof(float));
}

bool StoredRows::write(std::size_t example, std::span<const float> rows) {
  if (place(example + 1) <= in_memory_) {
    std::ranges::copy(rows, memory_.get() + place(example));
    return true;
  }
  if (file_failed_) return false;
  if (file_ == nullptr) file_ = std::make_unique<NamelessFile>(room_.folder);
  if (file_->write(std::as_bytes(rows), place(example) * sizeof(float))) return true;
  file_failed_ = true;
  if (room_.warn) {
    room_.warn(
        fmt::format("the rows of the frozen encoder take {:.1f} GB, and {} has no room for "
                    "them: some texts are encoded again in each epoch",
                    static_cast<double>(bytes()) / 1e9, file_->folder()));
  }
  return false;
}

std::span<const float> StoredRows::of(std::size_t first, std::size_t count) {
  range_.resize(count);
  std::iota(range_.begin(), range_.end(), static_cast<std::uint32_t>(first));
  return of(range_);
}

std::span<const float> StoredRows::of(std::span<const std::uint32_t> examples) {
  missing_.clear();
  std::size_t numbers = 0;
  for (const std::uint32_t i : examples) numbers += size(i);
  batch_.resize(numbers);
  std::size_t at = 0;
  for (const std::uint32_t i : examples) {
    if (!read(i, std::span(batch_).subspan(at, size(i)))) missing_.push_back(i);
    at += size(i);
  }
  if (missing_.empty()) return batch_;

  encode_missing(missing_);
  at = 0;
  std::size_t from = 0;
  std::size_t k = 0;  // the next of those that are missing
  for (const std::uint32_t i : examples) {
    if (k < missing_.size() && missing_[k] == i) {
      const std::span<const float> made = std::span(made_).subspan(from, size(i));
      std::ranges::copy(made, batch_.begin() + static_cast<std::ptrdiff_t>(at));
      stored_[i] = write(i, made);
      from += size(i);
      ++k;
    }
    at += size(i);
  }
  return batch_;
}

// The rows of those examples, end to end.
void StoredRows::encode_missing(std::span<const std::uint32_t> examples) {
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> types;
  std::vector<std::int64_t> offsets{0};
  std::size_t numbers = 0;
  for (const std::uint32_t i : examples) {
    data_.append_text(i, ids, types);
    offsets.push_back(static_cast<std::int64_t>(ids.size()));
    numbers += size(i);
  }
  session_.encode({ids, offsets, types}, made_);
  WEFT_CHECK(made_.size() == numbers);  // the encoder of the plan made the ids, and cut them
}

std::int64_t memory_for_rows(int threads) {
  const double share = std::min(1.0, static_cast<double>(threads) / default_threads());
  return static_cast<std::int64_t>(static_cast<double>(available_memory()) / 4 * share);
}

}  // namespace weft
