// Cuts a file into lines, after a look at its first bytes.
#include "frontend/data/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ir/diagnostic.h"
#include "runtime/text/encoder.h"

namespace weft {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr std::size_t kNone = std::string_view::npos;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::size_t kFewReturns = 8;  // so many may be in the first line of a file with `\n`

// `UTF-16LE` and `utf_16le` to `utf16le`.
std::string plain_name(std::string_view encoding) {
  std::string name;
  for (const char c : encoding) {
    if (c != '-' && c != '_') name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

[[noreturn]] void refuse_unmarked(const std::string& name, std::string_view encoding) {
  throw Error(fmt::format("{} is {} without a byte order mark", name, encoding),
              fmt::format("Convert it: iconv -f {0} -t UTF-8 FILE > NEW_FILE; commands that read "
                          "data take --encoding {0}, too.",
                          encoding));
}

// The returns that end no line, where `line` ends before a `\n`.
std::size_t lone_returns(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  return static_cast<std::size_t>(std::ranges::count(line, '\r'));
}

}  // namespace

void LineReader::begin() {
  begun_ = true;
  // The longest mark has four bytes; a file that is shorter, or a line typed, is not waited for.
  buffer_.resize(kBlock);
  do {
    const std::size_t count = source_.read(buffer_.data() + end_, buffer_.size() - end_);
    end_ += count;
    ended_ = count == 0;
  } while (!ended_ && end_ < 4 && buffer_.find('\n') >= end_);
  const std::string_view first = std::string_view(buffer_).substr(0, end_);
  const std::string_view marked = encoding_by_mark(first);
  if (encoding_.empty() && marked.empty()) {
    const std::string_view guessed = encoding_by_zeros(first);
    if (!guessed.empty()) refuse_unmarked(name(), guessed);
  }
  if (!marked.empty() && !plain_name(marked).starts_with(plain_name(encoding_))) {
    throw Error(fmt::format("{} begins with the byte order mark of {}", name(), marked),
                fmt::format("Leave out --encoding {}.", encoding_));
  }
  decoded_ = marked.empty() ? std::string_view(encoding_) : marked;
  if (plain_name(decoded_) == "utf8") decoded_.clear();
  if (decoded_.empty()) return;
  decoder_ = std::make_unique<TextDecoder>(decoded_);
  raw_.assign(first);
  end_ = 0;
  decoder_->decode(raw_, ended_, text_);
}

// Gives text that the decoder has made, and has it make more.
std::size_t LineReader::read_decoded() {
  while (text_.empty() && !ended_) {
    raw_.resize(kBlock);
    const std::size_t count = source_.read(raw_.data(), raw_.size());
    ended_ = count == 0;
    decoder_->decode(std::string_view(raw_).substr(0, count), ended_, text_);
  }
  const std::size_t count = text_.copy(buffer_.data() + end_, buffer_.size() - end_);
  text_.erase(0, count);
  return count;
}

void LineReader::refuse_long_line() const {
  const SourceLocation line{static_cast<std::uint32_t>(number_ + 1), 1};
  throw Error(line, fmt::format("this line is longer than {} MiB", kLongestText >> 20U),
              "No text is read further, and each stands on lines of its own; data that is not text "
              "may have no lines.")
      .in(name(), "");
}

// False at the end of the file.
bool LineReader::fill() {
  if (!begun_) {
    begin();
    if (end_ > 0) return true;
  }
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    if (seam_ != kNone) seam_ = seam_ < begin_ ? kNone : seam_ - begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ > kLongestText) refuse_long_line();
  if (end_ + kBlock > buffer_.size()) buffer_.resize(2 * buffer_.size() + kBlock);
  if (decoder_) {
    const std::size_t count = read_decoded();
    end_ += count;
    return count > 0;
  }
  if (ended_) return false;
  const std::size_t count = source_.read(buffer_.data() + end_, buffer_.size() - end_);
  if (count > 0 && source_.member() != member_) {
    member_ = source_.member();
    const bool ended = end_ == 0 || buffer_[end_ - 1] == '\n' || buffer_[end_ - 1] == '\r';
    if (!ended && seam_ == kNone) seam_ = end_;
  }
  end_ += count;
  ended_ = count == 0;
  return count > 0;
}

std::string_view LineReader::ahead(std::size_t size) {
  while (end_ - begin_ < size && fill()) continue;
  return std::string_view(buffer_).substr(begin_, end_ - begin_);
}

void LineReader::decide_line_ends() {
  decided_ = true;
  std::size_t searched = 0, lone = 0;
  for (;;) {
    const std::string_view text = std::string_view(buffer_).substr(begin_, end_ - begin_);
    const std::size_t newline = text.find('\n', searched);
    if (newline != kNone) {
      returns_end_ = lone + lone_returns(text.substr(searched, newline - searched)) > kFewReturns;
      return;
    }
    lone += lone_returns(text.substr(searched));
    // Returns at the end are counted when it is known what follows.
    searched = text.size();
    while (searched > 0 && text[searched - 1] == '\r') --searched;
    const std::size_t read = text.size();
    if ((lone > 0 && read >= kBlock) || !fill()) {
      returns_end_ = lone > 0 || searched < read;
      return;
    }
  }
}

// Where in buffer_ the end of a line begins, at or after `from`.
std::size_t LineReader::find_end(std::size_t from) const {
  const char* const begin = buffer_.data() + from;
  const char* const end = buffer_.data() + end_;
  const char* found = nullptr;
  if (returns_end_) {
    found = std::find_if(begin, end, [](char c) { return c == '\n' || c == '\r'; });
  } else if (begin != end) {
    found =
        static_cast<const char*>(std::memchr(begin, '\n', static_cast<std::size_t>(end - begin)));
  }
  return found == nullptr || found == end ? kNone
                                          : static_cast<std::size_t>(found - buffer_.data());
}

bool LineReader::next(std::string_view& line) {
  if (!decided_) decide_line_ends();
  if (after_return_) {
    after_return_ = false;
    if (begin_ == end_) fill();
    if (begin_ < end_ && buffer_[begin_] == '\n') ++begin_;
  }
  std::size_t end = find_end(begin_);
  while (end == kNone) {
    const std::size_t searched = end_ - begin_;
    if (fill()) {
      end = find_end(begin_ + searched);
      continue;
    }
    if (searched == 0) return false;
    break;
  }
  const std::size_t stop = end == kNone ? end_ : end;
  line = std::string_view(buffer_).substr(begin_, stop - begin_);
  ++number_;
  if (seam_ != kNone) {
    if (seam_ > begin_ && seam_ < stop) seams_.at(number_);
    if (seam_ <= stop) seam_ = kNone;
  }
  begin_ = end == kNone ? stop : end + 1;
  after_return_ = returns_end_ && end != kNone && buffer_[end] == '\r';
  while (line.ends_with('\r')) line.remove_suffix(1);
  while (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (!line.empty() && std::memchr(line.data(), '\r', line.size()) != nullptr) {
    returns_.at(number_);
  }
  return true;
}

}  // namespace weft
