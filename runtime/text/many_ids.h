// What tokenizers have in common whose words are of several ids each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/text/encoder.h"
#include "runtime/text/word_splitter.h"

namespace weft {

// Error unless there are groups of min_letters to max_letters letters.
void check_letters(const TextSettings&);

// How many ids buckets have behind the words. Error if they are none, or more than ids can count.
std::int64_t checked_bucket_rows(const TextSettings&, const VocabularyView& words);

class ManyIdsEncoder : public Encoder {
 public:
  std::size_t encode(const TextInput& input, TokenBuffer& buffer,
                     const EncodedText& out) const final;

 protected:
  // Error if the settings ask for windows.
  ManyIdsEncoder(const TextSettings&, std::int64_t id_count);

  const WordSplitter& splitter() const { return splitter_; }

 private:
  // Appends the ids of the first `max_words` words, until `out` has `max_size` ids; returns how
  // many words there are.
  virtual std::size_t add_text(std::string_view text, std::size_t max_words, std::size_t max_size,
                               TokenBuffer& buffer, const EncodedText& out) const = 0;

  WordSplitter splitter_;
  std::size_t max_words_;
};

}  // namespace weft
