// Texts of which a model reads only a part, or nothing, or otherwise than they are meant: they are
// answered all the same, so that a command that reads texts counts them and says so.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/data/sighting.h"
#include "frontend/train/data_warnings.h"
#include "frontend/train/dataset.h"
#include "frontend/train/plan_settings.h"
#include "ir/plan/plan.h"
#include "runtime/text/encoder.h"

namespace weft {

struct UnreadCount {
  std::size_t texts = 0;
  std::string array = {};  // as row_name() has it
  Sighting cut = {};       // longer than is read
  Sighting empty = {};     // without a word
  // By plans that were imported; see ImportedTexts.
  std::size_t with_ids = 0;  // texts in which a token is an id, where texts are ids
  Sighting no_id = {};       // in which a token is none
  Sighting shorter = {};     // than the length that is fixed
  Sighting padded = {};      // with the id that is left out as padding

  void add(const UnreadCount& next);  // of texts that follow
};

// Looks at one text after another. For another thread take another.
class UnreadText {
 public:
  // `encoder`: the plan's. Both must outlive this.
  UnreadText(const Plan& plan, const Encoder& encoder);

  // A text on `line`, of which the encoder made `ids`.
  void add(const TextInput& text, std::span<const std::int32_t> ids, std::size_t line);
  // Of the texts since the last call.
  UnreadCount take() { return std::exchange(count_, {}); }

 private:
  bool is_cut(const TextInput& text, std::size_t ids);
  // Whether all tokens are ids, counted; for a plan that reads ids.
  bool all_are_ids(const TextInput& text, std::span<const std::int32_t> ids, std::size_t line);
  // Of the tokens that were read as id 0, those that are not `0`, and those that are.
  struct Zeros {
    std::size_t unknown = 0, zero = 0;
  };
  Zeros zeros(const TextInput& text);

  const Plan& plan_;
  const Encoder& encoder_;
  ImportedTexts imported_;
  std::int64_t max_ids_;                   // a text with fewer is not cut
  std::size_t empty_ids_;                  // of a text without a word
  std::size_t empty_pair_ids_;             // of two
  std::unique_ptr<const Encoder> longer_;  // reads one token more; made when first needed
  TokenBuffer buffer_;
  std::vector<std::int32_t> ids_;
  std::vector<TextSpan> spans_;
  UnreadCount count_;
};

// Of examples that were encoded as `data`.
UnreadCount count_unread(const CorpusView& examples, const Dataset& data, const Plan& plan,
                         const Encoder& encoder);

// `noun`: what a text is called: `training text`, `line`. Error if the plan reads texts as ids, and
// no token of any is one.
Warnings unread_warnings(const UnreadCount& count, std::string_view noun, const Plan& plan);

}  // namespace weft
