// Checks what the beginning of a file says before anything is read by it.
#include "frontend/vectors/fasttext_reader.h"

#include <fmt/format.h>

#include "frontend/vectors/vectors_file.h"
#include "ir/diagnostic.h"
#include "runtime/text/subwords.h"

namespace weft {
namespace {

constexpr std::int32_t kMagic = 793712314;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kLongestWord = std::size_t{1} << 16;

}  // namespace

bool is_fasttext(std::string_view head) {
  return head.size() >= sizeof kMagic && std::memcmp(head.data(), &kMagic, sizeof kMagic) == 0;
}

// The form of 2016 begins with the arguments themselves: width, window, epochs, least count,
// negative samples, word n-grams, loss, model, buckets, letter groups. No text begins with such
// bytes.
bool is_old_fasttext(std::string_view head) {
  std::int32_t fields[11];
  if (head.size() < sizeof fields) return false;
  std::memcpy(fields, head.data(), sizeof fields);
  const auto within = [&](std::size_t i, std::int32_t low, std::int32_t high) {
    return fields[i] >= low && fields[i] <= high;
  };
  return within(0, 1, kWidestVectors) && within(1, 0, 1000) && within(2, 0, 100000) &&
         within(3, 0, 1000000) && within(4, 0, 1000) && within(5, 0, 100) && within(6, 1, 3) &&
         within(7, 1, 3) && fields[8] >= 0 && within(9, 0, kMostLetters) &&
         within(10, 0, kMostLetters);
}

FastTextArguments peek_arguments(ByteReader& in) {
  const std::string_view bytes = in.ahead(kHeaderBytes);
  const auto fail = [&](const std::string& what, std::string remedy) {
    throw Error(fmt::format("{}: {}", in.name(), what), std::move(remedy));
  };
  if (bytes.size() < kHeaderBytes) {
    fail("the file ends in its first 64 bytes", std::string(kDamagedRemedy));
  }
  if (!is_fasttext(bytes)) {
    fail("this is a fastText model in the form of 2016, which had no version",
         "load it with fastText of that time and write its vectors as text, or train it again");
  }
  std::int32_t fields[14];
  std::memcpy(fields, bytes.data(), sizeof fields);
  const std::int32_t version = fields[1];
  if (version != 11 && version != 12) {
    fail(fmt::format("the fastText model is of version {}; 11 and 12 can be read", version),
         "load it with fastText 0.9 and save it again");
  }
  FastTextArguments arguments{.width = fields[2],
                              .word_ngrams = fields[7],
                              .loss = static_cast<FastTextLoss>(fields[8]),
                              .model = static_cast<FastTextModel>(fields[9]),
                              .buckets = fields[10],
                              .min_letters = fields[11],
                              .max_letters = fields[12]};
  // Classifiers of this version had none, whatever they say.
  if (version == 11 && arguments.model == FastTextModel::supervised) arguments.max_letters = 0;
  const bool sane = arguments.width >= 1 &&
                    static_cast<std::size_t>(arguments.width) <= kWidestVectors &&
                    arguments.buckets >= 0 && arguments.min_letters >= 0 &&
                    arguments.max_letters >= 0 && arguments.max_letters <= kMostLetters &&
                    fields[8] >= 1 && fields[8] <= 4 && fields[9] >= 1 && fields[9] <= 3;
  if (!sane) {
    fail(fmt::format("the fastText model says width {}, {} buckets, letter groups of {} to {}, "
                     "loss {} and model {}",
                     arguments.width, arguments.buckets, arguments.min_letters,
                     arguments.max_letters, fields[8], fields[9]),
         std::string(kDamagedRemedy));
  }
  return arguments;
}

void FastTextReader::fail(const std::string& what, std::string remedy) const {
  throw Error(fmt::format("{}: {}", in_.name(), what), std::move(remedy));
}

void FastTextReader::damaged(const std::string& what) const {
  fail(fmt::format("at byte {} {}", in_.offset(), what), std::string(kDamagedRemedy));
}

void FastTextReader::ends_in(std::string_view what) const {
  damaged(fmt::format("the file ends in {}", what));
}

FastTextDictionary FastTextReader::dictionary(
    const std::function<void(const FastTextEntry&)>& use) {
  constexpr std::string_view kWhat = "the dictionary";
  in_.skip(kHeaderBytes);
  const auto entries = take<std::int32_t>(kWhat);
  const auto words = take<std::int32_t>(kWhat);
  const auto labels = take<std::int32_t>(kWhat);
  take<std::int64_t>(kWhat);  // tokens it was trained on
  const auto kept = take<std::int64_t>(kWhat);
  if (entries < 0 || words < 0 || labels < 0 || std::int64_t{words} + labels != entries) {
    damaged(fmt::format("the dictionary says {} entries, {} words and {} labels", entries, words,
                        labels));
  }
  if (kept < -1 || kept > arguments_.buckets) {
    damaged(fmt::format("the dictionary says that {} of {} buckets were kept", kept,
                        arguments_.buckets));
  }
  std::string word;
  for (std::int32_t i = 0; i < entries; ++i) {
    std::string_view found;
    if (!in_.take_until('\0', kLongestWord, found)) {
      damaged(fmt::format("entry {} of {} of the dictionary does not end", i + 1, entries));
    }
    word = found;
    const auto count = take<std::int64_t>(kWhat);
    const auto kind = take<std::int8_t>(kWhat);
    const bool label = i >= words;
    if (kind != (label ? 1 : 0)) {
      damaged(fmt::format("entry {} of the dictionary is of kind {}", i + 1, kind));
    }
    use({word, label, label ? i - words : i, count});
  }
  return {words, labels, kept};
}

}  // namespace weft
