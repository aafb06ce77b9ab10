// Reads files in blocks, uncompresses them, and cuts them into lines.
#include "frontend/data/line_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "ir/diagnostic.h"

namespace weft {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 16;
constexpr std::string_view kGzipMagic = "\x1F\x8B";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

int open_file(const std::string& path) {
  if (path == "-") return STDIN_FILENO;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw Error(fmt::format("cannot open {}: {}", path, std::strerror(errno)));
  struct stat status {};
  if (::fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(file);
    throw Error(fmt::format("cannot read {}: it is a directory", path),
                "Give the name of a file in it; `cat` joins several files.");
  }
  return file;
}

}  // namespace

struct ByteSource::Impl {
  explicit Impl(const std::string& path)
      : name(path == "-" ? "standard input" : path), file(open_file(path)) {}
  ~Impl() {
    if (file != STDIN_FILENO) ::close(file);
    if (gzip) inflateEnd(&stream);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::size_t read_raw(char* out, std::size_t size) {
    for (;;) {
      const ssize_t count = ::read(file, out, size);
      if (count >= 0) {
        taken += static_cast<std::uint64_t>(count);
        return static_cast<std::size_t>(count);
      }
      if (errno != EINTR) {
        throw Error(fmt::format("cannot read {}: {}", name, std::strerror(errno)));
      }
    }
  }

  // The next block of the file itself; false at its end. Bytes not yet used are kept.
  bool fill() {
    if (used > 0) std::memmove(block.data(), block.data() + used, filled - used);
    filled -= used;
    used = 0;
    const std::size_t count = read_raw(block.data() + filled, block.size() - filled);
    filled += count;
    return count > 0;
  }

  std::string_view rest() const { return {block.data() + used, filled - used}; }

  void begin() {
    begun = true;
    fill();
    while (rest() == kGzipMagic.substr(0, 1) && fill()) continue;
    if (!rest().starts_with(kGzipMagic)) return;
    gzip = inflateInit2(&stream, MAX_WBITS + 16) == Z_OK;
    WEFT_CHECK(gzip);
  }

  std::size_t read_plain(char* out, std::size_t size) {
    if (rest().empty()) return read_raw(out, size);
    const std::size_t count = rest().copy(out, size);
    used += count;
    return count;
  }

  std::size_t inflate_some(char* out, std::size_t size) {
    while (!ended) {
      if (rest().empty() && !fill()) {
        throw Error(fmt::format("{} is cut short: its gzip data does not end", name),
                    "Copy or download the file again.");
      }
      stream.next_in = reinterpret_cast<Bytef*>(block.data() + used);
      stream.avail_in = static_cast<uInt>(filled - used);
      stream.next_out = reinterpret_cast<Bytef*>(out);
      stream.avail_out = static_cast<uInt>(size);
      const int result = inflate(&stream, Z_NO_FLUSH);
      used = filled - stream.avail_in;
      if (result == Z_STREAM_END) {
        end_member();
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        throw Error(fmt::format("{} is damaged: its gzip data is not valid ({})", name,
                                stream.msg == nullptr ? "unknown reason" : stream.msg),
                    "Copy or download the file again; `gzip -t` tests it.");
      }
      if (const std::size_t count = size - stream.avail_out; count > 0) return count;
    }
    return 0;
  }

  // A gzip file is one or more members end to end; zeros may pad the last.
  void end_member() {
    while (!rest().empty() || fill()) {
      if (rest().front() == kGzipMagic.front()) {
        inflateReset(&stream);
        return;
      }
      if (rest().front() != '\0') {
        throw Error(fmt::format("{} is damaged: other bytes follow its gzip data", name),
                    "Copy or download the file again.");
      }
      ++used;
    }
    ended = true;
  }

  std::string name;
  int file;
  bool begun = false;
  bool gzip = false;
  bool ended = false;
  z_stream stream{};
  std::array<char, kBlock> block{};
  std::size_t used = 0;
  std::size_t filled = 0;
  std::uint64_t taken = 0;  // bytes of the file itself
};

ByteSource::ByteSource(const std::string& path) : impl_(std::make_unique<Impl>(path)) {}
ByteSource::~ByteSource() = default;

const std::string& ByteSource::name() const { return impl_->name; }

double ByteSource::share_read() const {
  struct stat status {};
  if (::fstat(impl_->file, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0) {
    return 0;
  }
  return static_cast<double>(impl_->taken) / static_cast<double>(status.st_size);
}

std::size_t ByteSource::read(char* out, std::size_t size) {
  if (!impl_->begun) impl_->begin();
  return impl_->gzip ? impl_->inflate_some(out, size) : impl_->read_plain(out, size);
}

bool LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ + kBlock > buffer_.size()) buffer_.resize(2 * buffer_.size() + kBlock);
  const std::size_t count = source_.read(buffer_.data() + end_, buffer_.size() - end_);
  end_ += count;
  return count > 0;
}

bool LineReader::next(std::string_view& line) {
  if (repeat_) {
    repeat_ = false;
    line = last_;
    return true;
  }
  std::size_t searched = 0;
  std::size_t newline = std::string_view::npos;
  std::string_view rest;
  for (;;) {
    rest = std::string_view(buffer_).substr(begin_, end_ - begin_);
    newline = rest.find('\n', searched);
    if (newline != std::string_view::npos) break;
    searched = rest.size();
    if (fill()) continue;
    if (searched == 0) return false;
    rest = std::string_view(buffer_).substr(begin_, end_ - begin_);
    break;
  }
  last_ = rest.substr(0, newline);
  begin_ += newline == std::string_view::npos ? rest.size() : newline + 1;
  if (last_.ends_with('\r')) last_.remove_suffix(1);
  if (++number_ == 1 && last_.starts_with(kByteOrderMark)) {
    last_.remove_prefix(kByteOrderMark.size());
  }
  if (number_ == 1 && (last_.starts_with("\xFF\xFE") || last_.starts_with("\xFE\xFF"))) {
    throw Error(fmt::format("{} is UTF-16 text; weft reads UTF-8", name()),
                "Convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW_FILE");
  }
  line = last_;
  return true;
}

}  // namespace weft
