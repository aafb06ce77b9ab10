// Encoding and packing; shuffles are Fisher and Yates's over counter-based random numbers.
#include "frontend/train/dataset.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "ir/diagnostic.h"
#include "ir/random.h"

namespace weft {

void Dataset::append_text(std::size_t i, std::vector<std::int32_t>& to_ids,
                          std::vector<std::int32_t>& to_types) const {
  const auto append = [&](std::vector<std::int32_t>& to, const std::vector<std::int32_t>& from) {
    to.insert(to.end(), from.begin() + offsets[i], from.begin() + offsets[i + 1]);
  };
  append(to_ids, ids);
  if (!types.empty()) append(to_types, types);
}

std::int64_t Dataset::max_tokens(std::int64_t examples) const {
  std::vector<std::int64_t> lengths(size());
  for (std::size_t i = 0; i < size(); ++i) lengths[i] = length(i);
  const auto n = std::min(lengths.size(), static_cast<std::size_t>(examples));
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(n);
  std::partial_sort(lengths.begin(), middle, lengths.end(), std::greater<>());
  return std::accumulate(lengths.begin(), middle, std::int64_t{0});
}

namespace {

void expect_pairs(const Corpus& corpus, bool pairs) {
  if (!pairs || corpus.size() == 0 || corpus.pairs()) return;
  throw Error("the model reads pairs of texts, but the data has one text a row",
              "name both columns: --text-column premise,hypothesis");
}

}  // namespace

Dataset encode(const CorpusView& examples, const Encoder& encoder,
               const std::vector<std::string>& labels) {
  expect_pairs(examples.corpus(), encoder.reads_pairs());
  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> types;
  std::vector<std::int64_t> offsets{0};
  TokenBuffer buffer;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    const bool pairs = encoder.reads_pairs();
    encoder.encode(examples.input(i, pairs), buffer, {ids, nullptr, pairs ? &types : nullptr});
    offsets.push_back(static_cast<std::int64_t>(ids.size()));
  }
  Dataset data = label(examples, labels, std::move(ids), std::move(offsets));
  data.types = std::move(types);
  return data;
}

Dataset label(const CorpusView& examples, const std::vector<std::string>& labels,
              std::vector<std::int32_t> ids, std::vector<std::int64_t> offsets) {
  Dataset data{LabelSpace(labels)};
  const std::vector<std::uint32_t> number = data.space.align(examples);
  data.ids = std::move(ids);
  data.offsets = std::move(offsets);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    for (const std::uint32_t label : examples.labels(i)) {
      data.labels.push_back(static_cast<std::int32_t>(number[label]));
    }
    data.label_offsets.push_back(static_cast<std::int64_t>(data.labels.size()));
  }
  return data;
}

Batches::Batches(const Dataset& data, std::int64_t batch, Session::Capacity capacity,
                 std::uint64_t seed)
    : data_(data),
      batch_(static_cast<std::size_t>(std::min(batch, capacity.examples))),
      max_tokens_(capacity.tokens),
      seed_(seed),
      order_(data.size()) {}

void Batches::start(std::int64_t epoch, std::size_t done) {
  begin_ = at_ = done;
  std::iota(order_.begin(), order_.end(), 0U);
  const RandomKey key = random_key(static_cast<std::int64_t>(seed_), epoch,
                                   static_cast<std::int64_t>(hash_name("order")));
  for (std::size_t i = order_.size(); i > 1; --i) {
    const double u = random_uniform(key, static_cast<std::uint32_t>(i));
    std::swap(order_[i - 1], order_[static_cast<std::size_t>(u * static_cast<double>(i))]);
  }
}

bool Batches::next() {
  ids_.clear();
  types_.clear();
  labels_.clear();
  offsets_.assign(1, 0);
  label_offsets_.assign(1, 0);
  begin_ = at_;
  while (at_ < order_.size() && at_ - begin_ < batch_) {
    const std::size_t i = order_[at_];
    const auto tokens = static_cast<std::int64_t>(ids_.size()) + data_.length(i);
    if (at_ > begin_ && tokens > max_tokens_) break;
    data_.append_text(i, ids_, types_);
    const auto labels = data_.labels_of(i);
    labels_.insert(labels_.end(), labels.begin(), labels.end());
    offsets_.push_back(static_cast<std::int64_t>(ids_.size()));
    label_offsets_.push_back(static_cast<std::int64_t>(labels_.size()));
    ++at_;
  }
  return at_ > begin_;
}

}  // namespace weft
