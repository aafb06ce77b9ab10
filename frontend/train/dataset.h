// A corpus as a model reads it: word ids end to end and label numbers; and its batches, shuffled.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/corpus.h"
#include "frontend/train/metrics.h"
#include "runtime/session.h"

namespace weft {

// Example i has the words ids[offsets[i] .. offsets[i + 1]) and likewise its labels, numbered as in
// `space`: those of a plan, then those it does not know. Of pairs of texts, also a type for each
// id.
struct Dataset {
  LabelSpace space;
  std::vector<std::int32_t> ids = {}, types = {}, labels = {};
  std::vector<std::int64_t> offsets{0}, label_offsets{0};

  std::size_t size() const { return offsets.size() - 1; }
  PackedIds texts() const { return {ids, offsets, types}; }
  // [first, last): offsets are relative to `ids`, which is whole.
  PackedIds texts(std::size_t first, std::size_t last) const {
    return {ids, std::span(offsets).subspan(first, last - first + 1), types};
  }
  std::int64_t length(std::size_t i) const { return offsets[i + 1] - offsets[i]; }
  std::span<const std::int32_t> labels_of(std::size_t i) const {
    const auto begin = static_cast<std::size_t>(label_offsets[i]);
    return std::span(labels).subspan(begin, static_cast<std::size_t>(label_offsets[i + 1]) - begin);
  }
  bool has_label(std::size_t i, std::size_t label) const {
    return std::ranges::find(labels_of(i), static_cast<std::int32_t>(label)) != labels_of(i).end();
  }
  // Appends the ids of example i and, of pairs, their types.
  void append_text(std::size_t i, std::vector<std::int32_t>& to_ids,
                   std::vector<std::int32_t>& to_types) const;
  // The most words that `examples` of them can have together.
  std::int64_t max_tokens(std::int64_t examples) const;
};

// Error if the examples are pairs of texts and the encoder reads one, or the other way round.
Dataset encode(const CorpusView& examples, const Encoder& encoder,
               const std::vector<std::string>& labels);

// Of texts encoded already: those of example i are ids[offsets[i] .. offsets[i + 1]).
Dataset label(const CorpusView& examples, const std::vector<std::string>& labels,
              std::vector<std::int32_t> ids, std::vector<std::int64_t> offsets);

// One epoch after another in batches. The order of an epoch depends on the seed and the epoch's
// number only, so that training goes on after an interruption as it would have.
class Batches {
 public:
  // At most `batch` examples, and no more words than the capacity, to a batch.
  Batches(const Dataset& data, std::int64_t batch, Session::Capacity capacity, std::uint64_t seed);

  void start(std::int64_t epoch, std::size_t done = 0);  // after so many examples of it
  bool next();                                           // false when the epoch has ended
  PackedIds texts() const { return {ids_, offsets_, types_}; }
  PackedLabels labels() const { return {labels_, label_offsets_}; }
  std::span<const std::uint32_t> examples() const {  // of this batch, by their place in the data
    return std::span(order_).subspan(begin_, at_ - begin_);
  }
  std::size_t done() const { return at_; }  // examples of this epoch, with this batch

 private:
  const Dataset& data_;
  std::size_t batch_;
  std::int64_t max_tokens_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> order_;
  std::size_t begin_ = 0, at_ = 0;  // of this batch, of the next
  std::vector<std::int32_t> ids_, types_, labels_;
  std::vector<std::int64_t> offsets_, label_offsets_;
};

}  // namespace weft
