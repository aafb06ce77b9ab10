// The matrix of a model: its rows are the words' vectors and, behind them, those of hashed letter
// groups.
#include "frontend/vectors/fasttext_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "frontend/vectors/fasttext_reader.h"
#include "ir/diagnostic.h"
#include "runtime/text/subwords.h"

namespace weft {
namespace {

constexpr std::size_t kLongestComposed = 256;  // bytes of a word taken apart into letter groups

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
  Reader(ByteReader& in, WordVectors& into) : in_(in), into_(into), arguments_(in_.arguments()) {}

  void run();

 private:
  void dictionary();
  void matrix();
  std::vector<Need> needs();

  FastTextReader in_;
  WordVectors& into_;
  FastTextArguments arguments_;
  std::int32_t known_words_ = 0;
  std::vector<Source> sources_;        // by id
  std::vector<std::uint32_t> groups_;  // by id: how many vectors the mean is of
};

// The hash of each letter group of a word that fastText takes apart.
template <typename Use>
void each_group(std::string_view spelling, const FastTextArguments& model, Use&& use) {
  if (spelling == kEndOfText || spelling.size() > kLongestComposed) return;
  each_subword(fmt::format("<{}>", spelling), model.min_letters, model.max_letters,
               [&](const Subword& group) {
                 use(group.hash);
                 return true;
               });
}

void Reader::dictionary() {
  const FastTextDictionary sizes = in_.dictionary([&](const FastTextEntry& entry) {
    if (entry.label || !into_.wants(entry.word)) return;
    const Source source{true, static_cast<std::uint32_t>(entry.number), std::string(entry.word)};
    const auto ids = into_.take();
    if (sources_.size() < into_.size()) sources_.resize(into_.size());
    for (const std::uint32_t id : ids) sources_[id] = source;
  });
  known_words_ = sizes.words;
  if (sizes.kept_buckets < 0 && in_.take<std::uint8_t>("the dictionary") == 0) return;
  in_.fail("this is a quantised fastText model (.ftz), whose vectors are only approximate",
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
    if (arguments_.max_letters > 0 && arguments_.buckets > 0 && id != kUnknownWord) {
      each_group(source.spelling, arguments_, [&](std::uint32_t hash) {
        const auto bucket = hash % static_cast<std::uint32_t>(arguments_.buckets);
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
  const auto rows = in_.take<std::int64_t>("the matrix");
  const auto columns = in_.take<std::int64_t>("the matrix");
  if (columns != arguments_.width || rows != std::int64_t{known_words_} + arguments_.buckets) {
    in_.damaged(fmt::format("the matrix says {} rows of {}; {} of {} are expected", rows, columns,
                            std::int64_t{known_words_} + arguments_.buckets, arguments_.width));
  }
  const std::size_t size = into_.width() * sizeof(float);
  std::vector<float> row(into_.width());
  std::uint64_t next = 0;
  const std::vector<Need> wanted = needs();
  for (std::size_t i = 0; i < wanted.size();) {
    const std::uint64_t at = wanted[i].row;
    in_.bytes().skip((at - next) * size);
    const std::string_view bytes = in_.bytes().ahead(size);
    if (bytes.size() < size)
      in_.damaged(fmt::format("the file ends before row {} of {}", at, rows));
    std::memcpy(row.data(), bytes.data(), size);
    for (const float x : row) {
      if (!std::isfinite(x)) in_.damaged(fmt::format("row {} of {} holds {}", at, rows, x));
    }
    for (; i < wanted.size() && wanted[i].row == at; ++i) {
      const std::span<float> sum = into_.row(wanted[i].id);
      for (std::size_t k = 0; k < row.size(); ++k) sum[k] += row[k];
    }
    in_.bytes().skip(size);
    next = at + 1;
  }
  for (std::uint32_t id = 0; id < groups_.size(); ++id) {
    for (float& x : into_.row(id)) x /= static_cast<float>(std::max(groups_[id], 1U));
  }
}

void Reader::run() {
  dictionary();
  matrix();
}

}  // namespace

std::size_t fasttext_width(ByteReader& in) {
  return static_cast<std::size_t>(peek_arguments(in).width);
}

void read_fasttext(ByteReader& in, WordVectors& into) { Reader(in, into).run(); }

}  // namespace weft
