// The binary layout of fastText 0.9 (file version 12, and 11 before it), for those that read its
// vectors and those that read its classifiers: arguments, dictionary, then two matrices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "frontend/data/byte_reader.h"

namespace weft {

// Decides by the first bytes of a file.
bool is_fasttext(std::string_view head);

// The form before versions were written, of 2016; from at least 44 bytes.
bool is_old_fasttext(std::string_view head);

enum class FastTextLoss : std::int32_t { hierarchical = 1, negative_sampling, softmax, one_vs_all };
enum class FastTextModel : std::int32_t { cbow = 1, skipgram, supervised };

struct FastTextArguments {
  std::int32_t width = 0;
  std::int32_t word_ngrams = 0;
  FastTextLoss loss{};
  FastTextModel model{};
  std::int32_t buckets = 0;
  std::int32_t min_letters = 0, max_letters = 0;  // of hashed groups; none where max_letters is 0
};

// From a reader at the start of the file, where it stays. Error if the arguments make no sense.
FastTextArguments peek_arguments(ByteReader&);

struct FastTextEntry {
  std::string_view word;
  bool label = false;
  std::int32_t number = 0;  // among the words, or among the labels
  std::int64_t count = 0;   // in the data it was trained on
};

struct FastTextDictionary {
  std::int32_t words = 0, labels = 0;
  std::int64_t kept_buckets = -1;  // -1: all
};

// Reads a file from its start. Errors name the file and the byte.
class FastTextReader {
 public:
  explicit FastTextReader(ByteReader& in) : in_(in), arguments_(peek_arguments(in)) {}

  const FastTextArguments& arguments() const { return arguments_; }
  ByteReader& bytes() { return in_; }

  // The arguments are passed over, and the entries read; what was kept of the buckets is next.
  FastTextDictionary dictionary(const std::function<void(const FastTextEntry&)>& use);

  template <typename T>
  T take(std::string_view what) {
    const std::string_view bytes = in_.ahead(sizeof(T));
    if (bytes.size() < sizeof(T)) ends_in(what);
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    in_.skip(sizeof(T));
    return value;
  }

  [[noreturn]] void fail(const std::string& what, std::string remedy) const;
  [[noreturn]] void damaged(const std::string& what) const;
  [[noreturn]] void ends_in(std::string_view what) const;

 private:
  ByteReader& in_;
  FastTextArguments arguments_;
};

}  // namespace weft
