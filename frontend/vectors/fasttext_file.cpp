// The binary layout of fastText 0.9 (file version 12, and 11 before it): arguments, dictionary,
// then the matrix whose rows are the words' vectors and, behind them, those of hashed letter
// groups.
#include "frontend/vectors/fasttext_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "frontend/vectors/vectors_file.h"
#include "ir/diagnostic.h"
#include "runtime/text/subwords.h"

namespace weft {
namespace {

constexpr std::int32_t kMagic = 793712314;
constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kLongestWord = std::size_t{1} << 16;
constexpr std::size_t kLongestComposed = 256;  // bytes of a word taken apart into letter groups
constexpr std::int32_t kLongestGroup = 64;
constexpr std::int32_t kSupervised = 3;
constexpr std::string_view kEndOfSentence = "</s>";  // which fastText does not take apart

struct Header {
  std::int32_t width = 0, buckets = 0, shortest = 0, longest = 0;  // of letter groups
};

// The rows whose mean is a word's vector.
struct Source {
  bool known = false;  // its own row is one of them
  std::uint32_t row = 0;
  std::string spelling;
};

// A row of the matrix that a word's vector needs.
struct Need {
  std::uint64_t row = 0;
  std::uint32_t id = 0;
};

class Reader {
 public:
  Reader(ByteReader& in, WordVectors& into) : in_(in), into_(into) {}

  void run();

 private:
  [[noreturn]] void fail(const std::string& what, std::string remedy) const {
    throw Error(fmt::format("{}: {}", in_.name(), what), std::move(remedy));
  }
  [[noreturn]] void damaged(const std::string& what) const {
    fail(fmt::format("at byte {} {}", in_.offset(), what), std::string(kDamagedRemedy));
  }
  template <typename T>
  T take(const char* what) {
    const std::string_view bytes = in_.ahead(sizeof(T));
    if (bytes.size() < sizeof(T)) damaged(fmt::format("the file ends in {}", what));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    in_.skip(sizeof(T));
    return value;
  }
  void dictionary();
  void matrix();
  std::vector<Need> needs();

  ByteReader& in_;
  WordVectors& into_;
  Header header_;
  std::int32_t known_words_ = 0;
  std::vector<Source> sources_;        // by id
  std::vector<std::uint32_t> groups_;  // by id: how many vectors the mean is of
};

Header parse_header(const ByteReader& in, std::string_view bytes) {
  const auto fail = [&](const std::string& what, std::string remedy) {
    throw Error(fmt::format("{}: {}", in.name(), what), std::move(remedy));
  };
  if (bytes.size() < kHeaderBytes) {
    fail("the file ends in its first 64 bytes", std::string(kDamagedRemedy));
  }
  std::int32_t fields[14];
  std::memcpy(fields, bytes.data(), sizeof fields);
  const std::int32_t version = fields[1];
  if (version != 11 && version != 12) {
    fail(fmt::format("the fastText model is of version {}; 11 and 12 can be read", version),
         "write its vectors as text: `fasttext print-word-vectors`, or its .vec file");
  }
  Header header{fields[2], fields[10], fields[11], fields[12]};
  if (version == 11 && fields[9] == kSupervised) header.longest = 0;
  const bool sane = header.width >= 1 && static_cast<std::size_t>(header.width) <= kWidestVectors &&
                    header.buckets >= 0 && header.shortest >= 0 && header.longest >= 0 &&
                    header.longest <= kLongestGroup;
  if (!sane) {
    fail(fmt::format("the fastText model says width {}, {} buckets and letter groups of {} to {}",
                     header.width, header.buckets, header.shortest, header.longest),
         std::string(kDamagedRemedy));
  }
  return header;
}

// The hash of each letter group of a word that fastText takes apart.
template <typename Use>
void each_group(std::string_view spelling, const Header& header, Use&& use) {
  if (spelling == kEndOfSentence || spelling.size() > kLongestComposed) return;
  each_subword(fmt::format("<{}>", spelling), header.shortest, header.longest,
               [&](const Subword& group) {
                 use(group.hash);
                 return true;
               });
}

void Reader::dictionary() {
  const auto entries = take<std::int32_t>("the dictionary");
  known_words_ = take<std::int32_t>("the dictionary");
  const auto labels = take<std::int32_t>("the dictionary");
  take<std::int64_t>("the dictionary");  // tokens it was trained on
  const auto pruned = take<std::int64_t>("the dictionary");
  if (entries < 0 || known_words_ < 0 || labels < 0 ||
      std::int64_t{known_words_} + labels != entries) {
    damaged(fmt::format("the dictionary says {} entries, {} words and {} labels", entries,
                        known_words_, labels));
  }
  for (std::int32_t i = 0; i < entries; ++i) {
    std::string_view word;
    if (!in_.take_until('\0', kLongestWord, word)) {
      damaged(fmt::format("entry {} of {} of the dictionary does not end", i + 1, entries));
    }
    if (i < known_words_ && into_.wants(word)) {
      const Source source{true, static_cast<std::uint32_t>(i), std::string(word)};
      const auto ids = into_.take();
      if (sources_.size() < into_.size()) sources_.resize(into_.size());
      for (const std::uint32_t id : ids) sources_[id] = source;
    }
    take<std::int64_t>("the dictionary");  // how often it occurred
    take<std::int8_t>("the dictionary");   // a word or a label
  }
  const auto quantised = pruned < 0 ? take<std::uint8_t>("the dictionary") : std::uint8_t{1};
  if (quantised == 0) return;
  fail("this is a quantised fastText model (.ftz), whose vectors are only approximate",
       "use the .bin it was made from, or its .vec file");
}

// In the order of the rows.
std::vector<Need> Reader::needs() {
  sources_.resize(into_.size());
  groups_.assign(into_.size(), 0);
  std::vector<Need> needs;
  for (std::uint32_t id = 0; id < into_.size(); ++id) {
    Source& source = sources_[id];
    if (source.known) needs.push_back({source.row, id});
    if (!source.known) source.spelling = into_.words()[id];
    const std::size_t before = needs.size() - (source.known ? 1 : 0);
    if (header_.longest > 0 && header_.buckets > 0 && id != kUnknownWord) {
      each_group(source.spelling, header_, [&](std::uint32_t hash) {
        const auto bucket = hash % static_cast<std::uint32_t>(header_.buckets);
        needs.push_back({static_cast<std::uint64_t>(known_words_) + bucket, id});
      });
    }
    groups_[id] = static_cast<std::uint32_t>(needs.size() - before);
    if (!source.known && groups_[id] > 0) into_.compose(id);
  }
  std::ranges::sort(needs, {}, [](const Need& need) { return std::pair(need.row, need.id); });
  return needs;
}

void Reader::matrix() {
  const auto rows = take<std::int64_t>("the matrix");
  const auto columns = take<std::int64_t>("the matrix");
  if (columns != header_.width || rows != std::int64_t{known_words_} + header_.buckets) {
    damaged(fmt::format("the matrix says {} rows of {}; {} of {} are expected", rows, columns,
                        std::int64_t{known_words_} + header_.buckets, header_.width));
  }
  const std::size_t size = into_.width() * sizeof(float);
  std::vector<float> row(into_.width());
  std::uint64_t next = 0;
  const std::vector<Need> wanted = needs();
  for (std::size_t i = 0; i < wanted.size();) {
    const std::uint64_t at = wanted[i].row;
    in_.skip((at - next) * size);
    const std::string_view bytes = in_.ahead(size);
    if (bytes.size() < size) damaged(fmt::format("the file ends before row {} of {}", at, rows));
    std::memcpy(row.data(), bytes.data(), size);
    for (const float x : row) {
      if (!std::isfinite(x)) damaged(fmt::format("row {} of {} holds {}", at, rows, x));
    }
    for (; i < wanted.size() && wanted[i].row == at; ++i) {
      const std::span<float> sum = into_.row(wanted[i].id);
      for (std::size_t k = 0; k < row.size(); ++k) sum[k] += row[k];
    }
    in_.skip(size);
    next = at + 1;
  }
  for (std::uint32_t id = 0; id < groups_.size(); ++id) {
    for (float& x : into_.row(id)) x /= static_cast<float>(std::max(groups_[id], 1U));
  }
}

void Reader::run() {
  header_ = parse_header(in_, in_.ahead(kHeaderBytes));
  in_.skip(kHeaderBytes);
  dictionary();
  matrix();
}

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
         within(7, 1, 3) && fields[8] >= 0 && within(9, 0, kLongestGroup) &&
         within(10, 0, kLongestGroup);
}

std::size_t fasttext_width(ByteReader& in) {
  return static_cast<std::size_t>(parse_header(in, in.ahead(kHeaderBytes)).width);
}

void read_fasttext(ByteReader& in, WordVectors& into) { Reader(in, into).run(); }

}  // namespace weft
