// Files of pretrained word vectors, recognised by content, plain or packed, read once front to
// back.
//
//   text         a word and its numbers on a line, with a first line `words width` (word2vec,
//                fastText's .vec) or without (GloVe); the last `width` fields are the numbers, for
//                a word may hold spaces
//   binary       a line `words width`; then each word, a space and its numbers, 32 bits each
//                (word2vec)
//   fastText     a model (.bin): the mean of the vectors of the word and its letter groups, of
//                which words are composed that the model does not know
//
// Nothing in a file is trusted: Error, with the line or byte and the remedy, where it is damaged.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "frontend/data/byte_reader.h"
#include "frontend/vectors/word_vectors.h"

namespace weft {

class VectorsFile {
 public:
  // Reads as much as tells the format and the width.
  explicit VectorsFile(const std::string& path);

  std::string short_name() const;  // without its folder
  std::string_view format() const;
  std::size_t width() const { return width_; }

  // Once. Keeps the rows that are wanted only.
  void read(WordVectors& into, const ReadWatch& watch = {});
  // What is odd about the file that was read, though no word is lost by it; empty: nothing.
  const std::string& remark() const { return remark_; }

 private:
  enum class Format : std::uint8_t { headed_text, text, binary, fasttext };

  void recognise();
  void recognise_text(std::string_view first_line);
  bool begins_with_vectors_of_one(std::uint64_t width);
  bool second_line_is_text();
  void read_text(WordVectors& into);
  void read_binary(WordVectors& into);
  bool next_line(std::string_view& line);
  bool parse_row(std::string_view line, std::size_t word_size, std::span<float> row) const;
  [[noreturn]] void fail(const std::string& what, std::string remedy = {}) const;
  [[noreturn]] void fail_on_line(const std::string& what, std::string remedy = {}) const;

  ByteReader in_;
  Format format_ = Format::text;
  std::size_t width_ = 0;
  std::uint64_t announced_ = 0;  // words, on the first line of some formats
  std::uint64_t line_ = 0;       // the last one read, from 1
  bool complete_line_ = true;    // it had an end
  std::string remark_;
};

// ---- What the readers of the formats share.

inline constexpr std::size_t kWidestVectors = std::size_t{1} << 16;
inline constexpr std::string_view kDamagedRemedy =
    "the file is damaged or cut short: copy or download it again";

// At most 40 bytes of a word, for a message.
std::string shown_word(std::string_view word);

}  // namespace weft
