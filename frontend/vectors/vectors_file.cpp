// Recognising files of word vectors, and the formats of word2vec and GloVe.
#include "frontend/vectors/vectors_file.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>

#include "frontend/data/text_decoder.h"
#include "frontend/vectors/fasttext_file.h"
#include "frontend/vectors/fasttext_reader.h"
#include "ir/diagnostic.h"
#include "runtime/text/utf8.h"

namespace weft {
namespace {

constexpr std::size_t kLongestLine = std::size_t{1} << 21;
constexpr std::size_t kLongestWord = std::size_t{1} << 16;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kFormats =
    "word vectors are read as text (GloVe, word2vec, fastText's .vec: a word and its numbers on a "
    "line), as word2vec's binary form or as a fastText model, plain or packed by gzip, bzip2 or "
    "zstd";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The next field of `rest`, which moves behind it; empty at the end.
std::string_view next_field(std::string_view& rest) {
  const char* at = rest.data();
  const char* const end = at + rest.size();
  while (at != end && is_blank(*at)) ++at;
  const char* const begin = at;
  while (at != end && !is_blank(*at)) ++at;
  rest = {at, static_cast<std::size_t>(end - at)};
  return {begin, static_cast<std::size_t>(at - begin)};
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::string_view f = next_field(line); !f.empty(); f = next_field(line)) fields.push_back(f);
  return fields;
}

// The number that the whole field is; infinite if it is too large, 0 if it is too small.
std::optional<float> number_of(std::string_view field) {
  if (field.starts_with('+')) field.remove_prefix(1);
  const char* const end = field.data() + field.size();
  float number = 0;
  const auto [at, error] = std::from_chars(field.data(), end, number);
  if (at != end || error == std::errc::invalid_argument || field.empty()) return std::nullopt;
  if (error == std::errc{}) return number;
  double wide = 0;
  const bool beyond = std::from_chars(field.data(), end, wide).ec != std::errc{};
  return beyond && field.find("e-") == std::string_view::npos ? INFINITY : static_cast<float>(wide);
}

std::optional<std::uint64_t> count_of(std::string_view field) {
  std::uint64_t count = 0;
  const char* const end = field.data() + field.size();
  const auto [at, error] = std::from_chars(field.data(), end, count);
  if (at != end || error != std::errc{}) return std::nullopt;
  return count;
}

std::size_t trailing_numbers(std::span<const std::string_view> fields) {
  std::size_t count = 0;
  while (count < fields.size() && number_of(fields[fields.size() - 1 - count])) ++count;
  return count;
}

std::string_view without_end(std::string_view line) {
  while (!line.empty() && (is_blank(line.back()) || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::string shown_word(std::string_view word) {
  std::string shown;
  utf8::append_valid(word.substr(0, 40), shown);
  return shown;
}

VectorsFile::VectorsFile(const std::string& path) : in_(path) { recognise(); }

std::string VectorsFile::short_name() const {
  return std::filesystem::path(in_.name()).filename().string();
}

std::string_view VectorsFile::format() const {
  switch (format_) {
    case Format::headed_text:
      return "text";
    case Format::text:
      return "GloVe text";
    case Format::binary:
      return "word2vec binary";
    case Format::fasttext:
      return "fastText model";
  }
  return {};
}

void VectorsFile::fail(const std::string& what, std::string remedy) const {
  throw Error(fmt::format("{}: {}", in_.name(), what), std::move(remedy));
}

void VectorsFile::fail_on_line(const std::string& what, std::string remedy) const {
  throw Error(fmt::format("{}:{}: {}", in_.name(), line_, what), std::move(remedy));
}

// ---- Which format

void VectorsFile::recognise() {
  const std::string_view head = in_.ahead(64);
  if (head.empty()) fail("the file is empty", std::string(kDamagedRemedy));
  if (const auto encoding = encoding_by_mark(head); !encoding.empty() && encoding != "UTF-8") {
    fail(fmt::format("this is {} text", encoding),
         fmt::format("convert it: iconv -f {} -t UTF-8", encoding));
  }
  if (is_fasttext(head)) {
    format_ = Format::fasttext;
    width_ = fasttext_width(in_);
    return;
  }
  if (is_old_fasttext(head)) {
    fail("this is a fastText model of the form of 2016, which is not read",
         "write its vectors as text with the fastText it was made with: `fasttext "
         "print-word-vectors`; or use its .vec file");
  }
  if (head.starts_with(kByteOrderMark)) in_.skip(kByteOrderMark.size());
  std::string_view line = in_.ahead(kLongestLine).substr(0, kLongestLine);
  if (line.find('\n') == line.npos && line.find('\r') != line.npos) {
    in_.read_returns_as_newlines();
    line = in_.ahead(kLongestLine).substr(0, kLongestLine);
  }
  const std::size_t end = line.find('\n');
  if (end == std::string_view::npos && line.size() == kLongestLine) {
    fail("this is not a file of word vectors: its first line does not end", std::string(kFormats));
  }
  recognise_text(without_end(line.substr(0, end)));
}

void VectorsFile::recognise_text(std::string_view first_line) {
  const std::vector<std::string_view> fields = fields_of(first_line);
  if (fields.size() == 2) {
    const auto words = count_of(fields[0]);
    const auto width = count_of(fields[1]);
    if (words && width && !begins_with_vectors_of_one(*width)) {
      if (*width == 0 || *width > kWidestVectors) {
        fail(fmt::format("line 1 announces vectors of {} numbers; from 1 to {} can be read", *width,
                         kWidestVectors),
             std::string(kDamagedRemedy));
      }
      announced_ = *words;
      width_ = *width;
      std::string_view header;
      next_line(header);
      format_ = second_line_is_text() ? Format::headed_text : Format::binary;
      return;
    }
  }
  width_ = fields.empty() ? 0 : trailing_numbers(std::span(fields).subspan(1));
  if (width_ == 0 || width_ > kWidestVectors) {
    fail("this is not a file of word vectors: line 1 is not a word with its numbers",
         std::string(kFormats));
  }
}

// `1999 7` above `the 5`: a word that is a number and its vector of one number, not a header.
bool VectorsFile::begins_with_vectors_of_one(std::uint64_t width) {
  constexpr int kLooked = 8;  // lines
  if (width == 1) return false;
  std::string_view rest = in_.ahead(kLongestLine).substr(0, kLongestLine);
  int looked = 0;
  for (; looked < kLooked; ++looked) {
    rest.remove_prefix(std::min(rest.find('\n'), rest.size()));
    if (rest.size() < 2) break;
    rest.remove_prefix(1);
    const auto fields = fields_of(without_end(rest.substr(0, rest.find('\n'))));
    if (fields.size() != 2 || !number_of(fields[1])) return false;
  }
  return looked > 0;
}

// Behind the first line, where a binary file begins with a word, a space and 4 width bytes.
bool VectorsFile::second_line_is_text() {
  const std::string_view rest = in_.ahead(kLongestLine).substr(0, kLongestLine);
  const auto fields = fields_of(without_end(rest.substr(0, rest.find('\n'))));
  if (fields.size() > width_ && trailing_numbers(fields) >= width_) return true;
  const std::size_t space = std::min(rest.find(' '), rest.size());
  for (const char c : rest.substr(space, 1 + 4 * width_)) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x80 || (code < 0x20 && c != '\n' && c != '\r' && c != '\t')) return false;
  }
  return true;
}

void VectorsFile::read(WordVectors& into, const ReadWatch& watch) {
  in_.watch(watch);
  switch (format_) {
    case Format::headed_text:
    case Format::text:
      return read_text(into);
    case Format::binary:
      return read_binary(into);
    case Format::fasttext:
      return read_fasttext(in_, into);
  }
}

// ---- Text

bool VectorsFile::next_line(std::string_view& line) {
  complete_line_ = in_.take_until('\n', kLongestLine, line);
  if (!complete_line_) {
    if (line.empty()) return false;
    if (line.size() == kLongestLine) {
      ++line_;
      fail_on_line(fmt::format("the line is longer than {} bytes", kLongestLine),
                   std::string(kFormats));
    }
    in_.skip(line.size());
  }
  ++line_;
  return true;
}

// False where the word goes on behind `word_size`: it has spaces in it.
bool VectorsFile::parse_row(std::string_view line, std::size_t word_size,
                            std::span<float> row) const {
  std::string_view rest = line.substr(word_size);
  std::size_t count = 0;
  for (; count < row.size(); ++count) {
    const std::string_view field = next_field(rest);
    if (field.empty()) break;
    const auto number = number_of(field);
    if (!number || !std::isfinite(*number)) break;
    row[count] = *number;
  }
  if (count == row.size() && next_field(rest).empty()) return true;

  // Something is wrong with it, or with the word: look again, field by field.
  const std::vector<std::string_view> fields = fields_of(line.substr(word_size));
  const std::string word = shown_word(line.substr(0, word_size));
  const std::size_t numbers = trailing_numbers(fields);
  if (fields.size() > width_ && numbers >= width_ && numbers < fields.size()) return false;
  if (numbers == fields.size() && numbers != width_) {
    fail_on_line(fmt::format("`{}` has {} numbers, but the vectors of this file have {}", word,
                             numbers, width_),
                 std::string(kDamagedRemedy));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto number = number_of(fields[i]);
    if (number && std::isfinite(*number)) continue;
    fail_on_line(fmt::format("number {} of `{}` is `{}`", i + 1, word, shown_word(fields[i])),
                 number ? "vectors must be finite: remove the line, or make the file again"
                        : std::string(kDamagedRemedy));
  }
  return false;
}

void VectorsFile::read_text(WordVectors& into) {
  const bool headed = format_ == Format::headed_text;
  std::vector<float> row(width_);
  std::string_view line;
  std::uint64_t rows = 0;
  bool ended_with_line = true;
  while (next_line(line)) {
    line = without_end(line);
    if (line.empty()) continue;
    ended_with_line = complete_line_;
    ++rows;
    const std::size_t word_size = std::min(line.find_first_of(" \t"), line.size());
    const bool wanted = into.wants(line.substr(0, word_size));
    // The numbers of an unwanted line are not read, unless the file may have been cut off in it.
    if (!wanted && complete_line_) continue;
    if (!parse_row(line, word_size, row) || !wanted) continue;
    for (const std::uint32_t id : into.take()) std::ranges::copy(row, into.row(id).begin());
  }
  if (!headed || rows == announced_) return;
  // Published files announce wrong numbers, and `head -n` makes such files. One that is cut short
  // ends within a line.
  if (rows < announced_ && (rows == 0 || !ended_with_line)) {
    fail_on_line(
        fmt::format("the file ends after {} words, but line 1 announces {}", rows, announced_),
        std::string(kDamagedRemedy));
  }
  remark_ = fmt::format("line 1 announces {} words, but the file has {}", announced_, rows);
}

// ---- word2vec's binary form

void VectorsFile::read_binary(WordVectors& into) {
  const std::size_t size = width_ * sizeof(float);
  std::vector<float> row(width_);
  const auto cut = [&](std::uint64_t rows) {
    fail(fmt::format("at byte {} the file ends in word {} of {}", in_.offset(), rows + 1,
                     announced_),
         std::string(kDamagedRemedy));
  };
  for (std::uint64_t rows = 0; rows < announced_; ++rows) {
    // Some writers end each row as a line.
    while (in_.ahead(1).starts_with('\n')) in_.skip(1);
    std::string_view word;
    if (!in_.take_until(' ', kLongestWord, word)) {
      if (word.size() < kLongestWord) cut(rows);
      fail(fmt::format("word {} of {}, at byte {}, does not end", rows + 1, announced_,
                       in_.offset()),
           std::string(kDamagedRemedy));
    }
    const bool wanted = into.wants(word);
    if (!wanted) {
      if (!in_.skip(size)) cut(rows);
      continue;
    }
    const std::string name = shown_word(word);
    const std::string_view bytes = in_.ahead(size);
    if (bytes.size() < size) cut(rows);
    std::memcpy(row.data(), bytes.data(), size);
    for (std::size_t i = 0; i < width_; ++i) {
      if (std::isfinite(row[i])) continue;
      fail(fmt::format("at byte {} number {} of `{}` is {}", in_.offset() + i * sizeof(float),
                       i + 1, name, row[i]),
           std::string(kDamagedRemedy));
    }
    for (const std::uint32_t id : into.take()) std::ranges::copy(row, into.row(id).begin());
    in_.skip(size);
  }
  while (in_.ahead(1).starts_with('\n')) in_.skip(1);
  if (in_.ahead(1).empty()) return;
  fail(fmt::format("line 1 announces {} words, but at byte {} more follow", announced_,
                   in_.offset()),
       std::string(kDamagedRemedy));
}

}  // namespace weft
