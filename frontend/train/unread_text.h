// Texts of which a model reads only a part, or nothing: they are answered all the same, so that a
// command that reads texts counts them and says so.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/train/data_warnings.h"
#include "frontend/train/dataset.h"
#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"

namespace weft {

struct UnreadCount {
  std::size_t texts = 0;
  std::size_t cut = 0, first_cut = 0;      // longer than is read; the line of the first
  std::size_t empty = 0, first_empty = 0;  // without a word; the line of the first

  void add(const UnreadCount& next);  // of texts that follow
};

// Looks at one text after another. For another thread take another.
class UnreadText {
 public:
  // `encoder`: the plan's. The plan must outlive this.
  UnreadText(const Plan& plan, const Encoder& encoder);

  // A text that the encoder made `ids` ids of, on `line`.
  void add(const TextInput& text, std::size_t ids, std::size_t line);
  // Of the texts since the last call.
  UnreadCount take() { return std::exchange(count_, {}); }

 private:
  bool is_cut(const TextInput& text, std::size_t ids);

  const Plan& plan_;
  std::int64_t max_ids_;                   // a text with fewer is not cut
  std::size_t empty_ids_;                  // of a text without a word
  std::size_t empty_pair_ids_;             // of two
  std::unique_ptr<const Encoder> longer_;  // reads one token more; made when first needed
  TokenBuffer buffer_;
  std::vector<std::int32_t> ids_;
  UnreadCount count_;
};

// Of examples that were encoded as `data`.
UnreadCount count_unread(const CorpusView& examples, const Dataset& data, const Plan& plan,
                         const Encoder& encoder);

// `noun`: what a text is called: `training text`, `line`.
Warnings unread_warnings(const UnreadCount& count, std::string_view noun, const TextSettings& text);

}  // namespace weft
